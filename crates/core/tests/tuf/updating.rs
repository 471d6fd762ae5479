//! What is asked for, in which order, and what is kept.

use countersign_core::tuf::{Reach, Refusal};
use serde_json::json;

use super::simulator::{Client, Repository};
use super::{refused, told};

#[test]
fn files_are_asked_for_in_the_order_of_the_workflow_and_kept_as_they_came() {
    let repository = Repository::new();
    let mut client = Client::new(&repository);
    client.refresh(&repository).unwrap();
    assert_eq!(
        client.asked,
        ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    );
    assert_eq!(client.kept["timestamp.json"], repository.published["timestamp.json"]);
    assert_eq!(client.kept["snapshot.json"], repository.published["1.snapshot.json"]);
    assert_eq!(client.kept["targets.json"], repository.published["1.targets.json"]);
}

#[test]
fn what_is_kept_and_current_is_not_asked_for() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    client.refresh(&repository).unwrap();
    client.asked.clear();
    client.refresh(&repository).unwrap();
    assert_eq!(client.asked, ["2.root.json", "timestamp.json"]);

    repository.publish(&["targets", "snapshot", "timestamp"]);
    client.asked.clear();
    client.refresh(&repository).unwrap();
    assert_eq!(
        client.asked,
        ["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"]
    );
    assert_eq!(client.version("targets"), Some(2));
}

#[test]
fn what_is_kept_and_broken_is_fetched_anew() {
    let repository = Repository::new();
    let mut client = Client::new(&repository);
    client.refresh(&repository).unwrap();
    for file in [
        "timestamp.json",
        "snapshot.json",
        "targets.json",
        "root_history/2.root.json",
    ] {
        client.kept.insert(file.to_owned(), b"{".to_vec());
    }
    client.refresh(&repository).unwrap();
    assert_eq!(client.version("targets"), Some(1));
}

#[test]
fn every_root_on_the_way_is_kept_so_that_it_is_fetched_once() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    repository.publish(&["root", "root"]);
    assert_eq!(client.refresh(&repository).unwrap().root_version(), 3);
    assert_eq!(client.kept["root.json"], repository.published["3.root.json"]);
    assert_eq!(
        client.kept["root_history/2.root.json"],
        repository.published["2.root.json"]
    );
    client.asked.clear();
    assert_eq!(client.refresh(&repository).unwrap().root_version(), 3);
    assert_eq!(client.asked, ["4.root.json", "timestamp.json"]);
}

#[test]
fn so_many_roots_are_followed_in_one_update() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    for _ in 0..258 {
        repository.publish(&["root"]);
    }
    assert_eq!(client.refresh(&repository).unwrap().root_version(), 257);
    assert_eq!(client.refresh(&repository).unwrap().root_version(), 259);
}

#[test]
fn without_consistent_snapshots_files_have_no_versions_in_their_names() {
    let mut repository = Repository::new();
    repository.said("root")["consistent_snapshot"] = json!(false);
    repository.write("root");
    for role in ["snapshot", "targets"] {
        let file = repository.published.remove(&format!("1.{role}.json")).unwrap();
        repository.published.insert(format!("{role}.json"), file);
    }
    let mut client = Client::new(&repository);
    assert!(!client.refresh(&repository).unwrap().has_consistent_snapshots());
    assert_eq!(
        client.asked,
        ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"]
    );
}

#[test]
fn a_timestamp_of_the_version_that_is_known_changes_nothing() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    client.refresh(&repository).unwrap();
    repository.said("timestamp")["meta"]["snapshot.json"]["version"] = json!(100);
    repository.write("timestamp");
    let kept = client.kept.clone();
    client.refresh(&repository).unwrap();
    assert_eq!(client.kept, kept);
}

#[test]
fn with_what_is_kept_alone_nothing_is_asked_for_until_it_expires() {
    let mut repository = Repository::new();
    repository.add_target("targets", "file", b"content");
    repository.said("timestamp")["expires"] = json!("2029-02-01T00:00:00Z");
    repository.publish(&["root", "targets", "snapshot", "timestamp"]);
    let mut client = Client::new(&repository);
    client.reach = Reach::Kept;
    assert_eq!(
        refused(&mut client, &repository),
        ("timestamp.json".to_owned(), Refusal::Absent)
    );

    client.reach = Reach::Published;
    client.refresh(&repository).unwrap();
    client.asked.clear();
    client.reach = Reach::Kept;
    assert_eq!(client.find("file", &repository).unwrap(), b"content");
    assert!(client.asked.is_empty());

    client.now = "2029-02-01T00:00:00Z".parse().unwrap();
    let expired = Refusal::Expired {
        expired: client.now,
        now: client.now,
    };
    assert_eq!(
        refused(&mut client, &repository),
        ("timestamp.json".to_owned(), expired)
    );
}

#[test]
fn with_what_is_kept_alone_nothing_broken_is_passed_over() {
    let repository = Repository::new();
    let mut whole = Client::new(&repository);
    whole.refresh(&repository).unwrap();
    whole.reach = Reach::Kept;
    for file in ["timestamp.json", "snapshot.json", "targets.json"] {
        let mut client = whole.clone();
        client.kept.remove(file);
        assert_eq!(refused(&mut client, &repository), (file.to_owned(), Refusal::Absent));
        client.kept.insert(file.to_owned(), b"[".to_vec());
        let (found, refusal) = refused(&mut client, &repository);
        assert_eq!(found, file);
        assert!(matches!(refusal, Refusal::Json { .. }), "{refusal}");
    }
}

#[test]
fn an_update_that_was_refused_can_be_made_again() {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    let good = repository.published.clone();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let path = match role {
            "root" => "2.root.json".to_owned(),
            "timestamp" => "timestamp.json".to_owned(),
            role => format!("1.{role}.json"),
        };
        repository.published.insert(path.clone(), b"{".to_vec());
        let (file, refusal) = told(client.refresh(&repository).unwrap_err());
        assert_eq!(file, path);
        assert!(matches!(refusal, Refusal::Json { .. }), "{refusal}");
        repository.published = good.clone();
    }
    client.refresh(&repository).unwrap();
}
