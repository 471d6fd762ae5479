//! Who may speak of a target, and in which order they are asked.

use countersign_core::Digest;
use countersign_core::quoted::Quoted;
use countersign_core::tuf::Refusal;
use serde_json::{Value, json};

use super::simulator::{Client, Repository};
use super::{member, threshold, told, version};

fn paths(pattern: &str) -> Value {
    json!({"paths": [pattern]})
}

/// A repository with these delegations: from, to, pattern, and whether whoever asks asks nobody after it.
fn delegating(delegations: &[(&str, &str, &str, bool)]) -> Repository {
    let mut repository = Repository::new();
    for (from, to, pattern, is_terminating) in delegations {
        repository.delegate(from, to, paths(pattern), *is_terminating);
    }
    repository
}

/// Publishes all of it.
fn publish(repository: &mut Repository) {
    let roles: Vec<String> = repository.said.keys().cloned().collect();
    let is_delegated = |role: &&String| !["root", "targets", "snapshot", "timestamp"].contains(&role.as_str());
    for role in roles.iter().filter(is_delegated) {
        repository.publish(&[role]);
    }
    repository.publish(&["targets", "snapshot", "timestamp"]);
}

/// The roles that are asked for a target that nobody lists.
fn asked(delegations: &[(&str, &str, &str, bool)]) -> String {
    let mut repository = delegating(delegations);
    publish(&mut repository);
    let mut client = Client::new(&repository);
    let missing = client.find("a.txt", &repository).unwrap_err();
    assert_eq!(told(missing), ("a.txt".to_owned(), Refusal::NoSuchTarget));
    let roles = client.asked.iter().map(|path| &path[2..path.len() - 5]);
    roles.collect::<Vec<_>>().join(" ")
}

#[test]
fn roles_are_asked_depth_first_in_the_order_of_appearance() {
    assert_eq!(
        asked(&[("targets", "A", "*", false), ("targets", "B", "*", false)]),
        "A B"
    );
    let deep = [
        ("targets", "A", "*", false),
        ("targets", "B", "*", false),
        ("A", "C", "*", false),
        ("C", "D", "*", false),
    ];
    assert_eq!(asked(&deep), "A C D B");
    let shared = [
        ("targets", "A", "*", false),
        ("targets", "B", "*", false),
        ("B", "C", "*", false),
        ("A", "C", "*", false),
    ];
    assert_eq!(asked(&shared), "A C B");
    let round = [
        ("targets", "A", "*", false),
        ("A", "B", "*", false),
        ("B", "A", "*", false),
    ];
    assert_eq!(asked(&round), "A B");
}

#[test]
fn nobody_is_asked_after_a_terminating_role() {
    let graph = [
        ("targets", "A", "*", false),
        ("targets", "B", "*", false),
        ("A", "C", "*", true),
        ("A", "D", "*", false),
        ("C", "E", "*", false),
    ];
    assert_eq!(asked(&graph), "A C E");
    // One that may not speak of the target ends nothing.
    assert_eq!(
        asked(&[("targets", "A", "*.py", true), ("targets", "B", "*", false)]),
        "B"
    );
}

#[test]
fn nobody_is_asked_who_may_not_speak_of_the_target() {
    let graph = [
        ("targets", "A", "*.py", false),
        ("targets", "B", "*.txt", false),
        ("A", "C", "*", false),
    ];
    assert_eq!(asked(&graph), "B");
}

#[test]
fn so_many_roles_are_asked_and_no_more() {
    let names: Vec<String> = (0..40).map(|number| format!("role-{number:02}")).collect();
    let mut graph = Vec::new();
    let mut from = "targets";
    for name in &names {
        graph.push((from, name.as_str(), "*", false));
        from = name;
    }
    assert_eq!(asked(&graph).split(' ').count(), 32);
}

#[test]
fn the_first_who_lists_a_target_is_believed() {
    let mut repository = delegating(&[("targets", "A", "*", false), ("targets", "B", "*", false)]);
    repository.add_target("A", "a.txt", b"by A");
    repository.add_target("B", "a.txt", b"by B");
    repository.add_target("B", "b.txt", b"by B");
    publish(&mut repository);
    let mut client = Client::new(&repository);
    assert_eq!(client.find("a.txt", &repository).unwrap(), b"by A");
    assert_eq!(client.asked, ["1.A.json"]);
    assert_eq!(client.find("b.txt", &repository).unwrap(), b"by B");
    assert_eq!(client.asked, ["1.B.json"], "A is kept");
    assert_eq!(client.version("A"), Some(1));
}

#[test]
fn a_role_speaks_only_of_what_everybody_on_the_way_may() {
    let mut repository = delegating(&[("targets", "A", "x/*", false), ("A", "B", "*/a.txt", false)]);
    for path in ["x/a.txt", "y/a.txt", "x/b.txt"] {
        repository.add_target("B", path, b"by B");
    }
    publish(&mut repository);
    let mut client = Client::new(&repository);
    assert_eq!(client.find("x/a.txt", &repository).unwrap(), b"by B");
    for path in ["y/a.txt", "x/b.txt"] {
        let missing = client.find(path, &repository).unwrap_err();
        assert_eq!(told(missing), (path.to_owned(), Refusal::NoSuchTarget));
    }
}

#[test]
fn hashes_of_paths_say_who_may_speak_of_a_target() {
    let hex = Digest::sha256(b"a.txt").hex().to_owned();
    for (prefixes, expected) in [
        (json!([&hex[..2]]), Ok(b"by A".to_vec())),
        (json!(["zz", hex]), Ok(b"by A".to_vec())),
        (json!([]), Err(("a.txt".to_owned(), Refusal::NoSuchTarget))),
        (
            json!([format!("{hex}0")]),
            Err(("a.txt".to_owned(), Refusal::NoSuchTarget)),
        ),
    ] {
        let mut repository = Repository::new();
        repository.delegate("targets", "A", json!({"path_hash_prefixes": prefixes}), false);
        repository.add_target("A", "a.txt", b"by A");
        publish(&mut repository);
        assert_eq!(
            Client::new(&repository).find("a.txt", &repository).map_err(told),
            expected
        );
    }
}

#[test]
fn delegated_metadata_is_judged_as_all_metadata_is() {
    let published = || {
        let mut repository = delegating(&[("targets", "A", "*", false)]);
        repository.add_target("A", "a.txt", b"by A");
        publish(&mut repository);
        repository
    };
    let refused = |repository: &Repository| told(Client::new(repository).find("a.txt", repository).unwrap_err());
    let file = "1.A.json".to_owned();

    let mut repository = published();
    repository.signers.get_mut("A").unwrap().clear();
    repository.write("A");
    assert_eq!(
        refused(&repository),
        (file.clone(), threshold("the delegated role", 1, 0))
    );

    let mut repository = published();
    repository.said("A")["version"] = json!(2);
    repository.published.insert(file.clone(), repository.signed("A"));
    assert_eq!(refused(&repository), (file.clone(), version(1, 2)));

    let mut repository = published();
    repository.said("A")["expires"] = json!("2029-01-01T00:00:00Z");
    repository.write("A");
    let expired = "2029-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        refused(&repository),
        (file.clone(), Refusal::Expired { expired, now: expired })
    );

    let mut repository = published();
    repository.published.remove(&file);
    assert_eq!(refused(&repository), (file.clone(), Refusal::Absent));

    let mut repository = published();
    repository.bump("snapshot");
    repository.said("snapshot")["meta"]["A.json"]["length"] = json!(1);
    repository.write("snapshot");
    repository.publish(&["timestamp"]);
    let found = repository.published[&file].len() as u64;
    assert_eq!(refused(&repository), (file, Refusal::Length { expected: 1, found }));
}

#[test]
fn a_role_that_the_snapshot_does_not_list_is_not_asked() {
    let mut repository = delegating(&[("targets", "A", "*", false)]);
    repository.publish(&["A", "targets"]);
    repository.bump("snapshot");
    repository.said("snapshot")["meta"]
        .as_object_mut()
        .unwrap()
        .remove("A.json");
    repository.write("snapshot");
    repository.publish(&["timestamp"]);
    let mut client = Client::new(&repository);
    let error = client.find("a.txt", &repository).unwrap_err();
    assert_eq!(told(error), ("A".to_owned(), Refusal::NotInSnapshot));
    assert!(client.asked.is_empty());
}

#[test]
fn a_role_that_was_believed_for_one_delegator_is_judged_again_for_another() {
    let mut repository = delegating(&[("targets", "A", "a/*", false), ("targets", "B", "b/*", false)]);
    repository.delegate("A", "release", paths("a/*"), false);
    repository.delegate("B", "release", paths("b/*"), false);
    // Each delegator knows a key of its own; only A's signs.
    repository.signers.get_mut("release").unwrap().truncate(1);
    repository.add_target("release", "a/file", b"by A's key");
    repository.add_target("release", "b/file", b"by A's key");
    publish(&mut repository);
    let mut client = Client::new(&repository);
    let mut update = client.refresh(&repository).unwrap();
    assert_eq!(client.seek(&mut update, "a/file", &repository).unwrap(), b"by A's key");
    let error = client.seek(&mut update, "b/file", &repository).unwrap_err();
    assert_eq!(
        told(error),
        ("1.release.json".to_owned(), threshold("the delegated role", 1, 0))
    );
}

#[test]
fn odd_names_of_roles_lead_nowhere_else() {
    for (name, file) in [
        ("?", "%3F"),
        ("../x", "..%2Fx"),
        ("/x", "%2Fx"),
        ("é #", "%C3%A9%20%23"),
        ("..", ".."),
    ] {
        let mut repository = delegating(&[("targets", name, "*", false)]);
        repository.add_target(name, "a.txt", b"content");
        publish(&mut repository);
        let mut client = Client::new(&repository);
        assert_eq!(client.find("a.txt", &repository).unwrap(), b"content");
        assert_eq!(client.asked, [format!("1.{file}.json")]);
        assert!(client.kept.contains_key(&format!("{file}.json")));
    }
}

#[test]
fn a_delegated_role_has_no_name_of_a_top_level_one() {
    for name in ["root", "timestamp", "snapshot", "targets", "Root", ""] {
        let mut repository = Repository::new();
        repository.said("targets")["delegations"] = json!({"keys": {}, "roles": [
            {"name": name, "keyids": [], "threshold": 1, "terminating": false, "paths": ["*"]},
        ]});
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let name = Quoted::new(name);
        let error = Client::new(&repository).refresh(&repository).map(drop).unwrap_err();
        assert_eq!(
            told(error),
            ("2.targets.json".to_owned(), Refusal::ReservedRole { name })
        );
    }
}

#[test]
fn a_delegation_says_of_what_it_is() {
    let judged = |role: Value| {
        let mut repository = Repository::new();
        repository.said("targets")["delegations"] = json!({"keys": {}, "roles": [role]});
        repository.publish(&["targets", "snapshot", "timestamp"]);
        told(Client::new(&repository).refresh(&repository).map(drop).unwrap_err()).1
    };
    let expected = "to be there where path_hash_prefixes is not";
    let neither = json!({"name": "A", "keyids": [], "threshold": 1, "terminating": false});
    assert_eq!(judged(neither.clone()), member("paths", expected, &neither.to_string()));
    let mut both = neither.clone();
    both["paths"] = json!([]);
    both["path_hash_prefixes"] = json!([]);
    assert_eq!(judged(both.clone()), member("paths", expected, &both.to_string()));
    let mut open = neither;
    open["paths"] = json!([]);
    open.as_object_mut().unwrap().remove("terminating");
    assert_eq!(judged(open), member("terminating", "true or false", "missing"));
}

#[test]
fn a_search_that_did_not_end_finds_nothing() {
    let mut repository = Repository::new();
    repository.add_target("targets", "file", b"content");
    repository.publish(&["targets", "snapshot", "timestamp"]);
    let mut client = Client::new(&repository);
    let mut update = countersign_core::tuf::Update::begin(&client.anchor, client.reach, client.now).unwrap();
    update.seek("file").unwrap();
    let missing = |error| (told(error).1, ());
    assert_eq!(missing(update.found("file").unwrap_err()).0, Refusal::NoSuchTarget);
    let mut update = client.refresh(&repository).unwrap();
    update.seek("file").unwrap();
    assert_eq!(missing(update.found("other").unwrap_err()).0, Refusal::NoSuchTarget);
    assert_eq!(update.found("file").unwrap().path(), "file");
}
