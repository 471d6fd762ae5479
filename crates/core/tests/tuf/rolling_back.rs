//! Repositories that go back, lose what they had, or do not go on.

use countersign_core::quoted::Quoted;
use countersign_core::tuf::Refusal;
use serde_json::json;

use super::simulator::{Client, Repository};
use super::{refused, version};

fn rolled_back(of: &str, known: u64, found: u64) -> Refusal {
    Refusal::RolledBack {
        of: Quoted::new(of),
        known,
        found,
    }
}

/// A client that has seen the second version of everything but the root.
fn second() -> (Repository, Client) {
    let mut repository = Repository::new();
    repository.publish(&["targets", "snapshot", "timestamp"]);
    let mut client = Client::new(&repository);
    client.refresh(&repository).unwrap();
    (repository, client)
}

#[test]
fn an_older_timestamp_is_refused() {
    let (mut repository, mut client) = second();
    repository.said("timestamp")["version"] = json!(1);
    repository.write("timestamp");
    let refusal = rolled_back("timestamp.json", 2, 1);
    assert_eq!(
        refused(&mut client, &repository),
        ("timestamp.json".to_owned(), refusal)
    );
    assert_eq!(client.version("timestamp"), Some(2));
}

#[test]
fn a_timestamp_that_names_an_older_snapshot_is_refused() {
    let (mut repository, mut client) = second();
    repository.bump("timestamp");
    repository.said("timestamp")["meta"]["snapshot.json"]["version"] = json!(1);
    repository.write("timestamp");
    let refusal = rolled_back("snapshot.json", 2, 1);
    assert_eq!(
        refused(&mut client, &repository),
        ("timestamp.json".to_owned(), refusal)
    );
    assert_eq!(client.version("timestamp"), Some(2));
}

#[test]
fn a_snapshot_that_names_older_targets_is_refused() {
    let (mut repository, mut client) = second();
    repository.bump("snapshot");
    repository.said("snapshot")["meta"]["targets.json"]["version"] = json!(1);
    repository.write("snapshot");
    repository.publish(&["timestamp"]);
    let refusal = rolled_back("targets.json", 2, 1);
    assert_eq!(
        refused(&mut client, &repository),
        ("3.snapshot.json".to_owned(), refusal)
    );
    assert_eq!(client.version("snapshot"), Some(2));
}

#[test]
fn a_snapshot_that_no_longer_lists_a_role_is_refused() {
    let (mut repository, mut client) = second();
    repository.delegate("targets", "delegated", json!({"paths": ["*"]}), false);
    repository.publish(&["delegated", "targets", "snapshot", "timestamp"]);
    client.refresh(&repository).unwrap();
    repository.said.remove("delegated");
    repository.publish(&["snapshot", "timestamp"]);
    let role = Quoted::new("delegated.json");
    let refusal = Refusal::RoleVanished { role };
    assert_eq!(
        refused(&mut client, &repository),
        ("4.snapshot.json".to_owned(), refusal)
    );
}

#[test]
fn versions_may_go_back_where_the_keys_of_who_tells_them_are_others() {
    for rotated in [&["timestamp"][..], &["snapshot", "timestamp"], &["snapshot"]] {
        let mut repository = Repository::new();
        for _ in 0..9 {
            repository.publish(&["targets", "snapshot", "timestamp"]);
        }
        let mut client = Client::new(&repository);
        client.refresh(&repository).unwrap();
        for role in rotated {
            repository.rotate(role);
            let before = match *role {
                "snapshot" => "targets",
                role => role,
            };
            repository.said(before)["version"] = json!(0);
            repository.bump(before);
            repository.write(before);
        }
        if rotated == ["snapshot", "timestamp"] {
            repository.said("snapshot")["version"] = json!(0);
        }
        repository.publish(&["root", "snapshot", "timestamp"]);
        client.refresh(&repository).unwrap();
    }
}

#[test]
fn another_version_than_the_one_that_is_named_is_refused() {
    for role in ["root", "snapshot", "targets"] {
        let mut repository = Repository::new();
        let mut client = Client::new(&repository);
        for role in ["root", "targets", "snapshot", "timestamp"] {
            repository.publish(&[role]);
        }
        repository.said(role)["version"] = json!(3);
        let bytes = repository.signed(role);
        let path = format!("2.{role}.json");
        repository.published.insert(path.clone(), bytes);
        assert_eq!(refused(&mut client, &repository), (path, version(2, 3)));
        assert_eq!(client.version(role), None);
    }
}

#[test]
fn what_has_expired_is_refused_and_what_expires_a_second_later_is_not() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let mut repository = Repository::new();
        let mut client = Client::new(&repository);
        repository.said(role)["expires"] = json!("2029-01-01T00:00:00Z");
        repository.publish(&["root", "targets", "snapshot", "timestamp"]);
        let path = match role {
            "timestamp" => "timestamp.json".to_owned(),
            role => format!("2.{role}.json"),
        };
        let now = client.now;
        let refusal = Refusal::Expired { expired: now, now };
        assert_eq!(refused(&mut client, &repository), (path, refusal), "{role}");
        if role != "root" {
            assert_eq!(client.version(role), None);
        }

        repository.said(role)["expires"] = json!("2029-01-01T00:00:01Z");
        repository.publish(&["root", "targets", "snapshot", "timestamp"]);
        client.refresh(&repository).unwrap();
    }
}

#[test]
fn roots_on_the_way_may_have_expired() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    repository.said("root")["expires"] = json!("2001-01-01T00:00:00Z");
    repository.publish(&["root"]);
    repository.said("root")["expires"] = json!("2030-01-01T00:00:00Z");
    repository.publish(&["root"]);
    client.refresh(&repository).unwrap();
}

#[test]
fn a_known_timestamp_that_expires_is_refused_though_its_version_is_published() {
    let mut repository = Repository::new();
    repository.said("timestamp")["expires"] = json!("2029-01-02T00:00:00Z");
    repository.publish(&["timestamp"]);
    let mut client = Client::new(&repository);
    client.refresh(&repository).unwrap();
    client.now = "2029-01-02T00:00:00Z".parse().unwrap();
    // The same version, which claims to last longer: what is known counts.
    repository.said("timestamp")["expires"] = json!("2030-01-01T00:00:00Z");
    repository.write("timestamp");
    let now = client.now;
    let refusal = Refusal::Expired { expired: now, now };
    assert_eq!(
        refused(&mut client, &repository),
        ("timestamp.json".to_owned(), refusal)
    );
}
