//! Files that are not what they must be, or not what was signed.

use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use countersign_core::quoted::Quoted;
use countersign_core::tuf::{METADATA_LIMIT, ROOT_LIMIT, Refusal, TARGET_LIMIT, TIMESTAMP_LIMIT};
use serde_json::{Value, json};

use super::simulator::{Client, Repository};
use super::{member, refused, told};

/// A repository whose `namer` says this of the file of `named`, in its second version.
fn naming(namer: &str, named: &str, told: impl Fn(&[u8]) -> Value) -> (Repository, Client) {
    let mut repository = Repository::new();
    let client = Client::new(&repository);
    for role in ["targets", "snapshot", "timestamp"] {
        repository.bump(role);
        if role == namer {
            let bytes = repository.published[&format!("2.{named}.json")].clone();
            let mut described = told(&bytes);
            described["version"] = json!(2);
            repository.said(namer)["meta"][format!("{named}.json")] = described;
        }
        repository.write(role);
    }
    (repository, client)
}

#[test]
fn metadata_must_have_the_hashes_and_length_that_name_it() {
    for (namer, named) in [("timestamp", "snapshot"), ("snapshot", "targets")] {
        let hash = |algorithm, bytes: &[u8]| json!(Digest::of(algorithm, bytes).hex());
        let right = |bytes: &[u8]| {
            json!({"length": bytes.len(), "hashes": {
                "sha256": hash(Algorithm::Sha256, bytes), "sha512": hash(Algorithm::Sha512, bytes), "md5": "00",
            }})
        };
        let (repository, mut client) = naming(namer, named, right);
        client.refresh(&repository).unwrap();

        let path = format!("2.{named}.json");
        for (name, algorithm) in [("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)] {
            let zeros = "0".repeat(if name == "sha256" { 64 } else { 128 });
            let (repository, mut client) = naming(namer, named, |bytes| {
                let mut told = right(bytes);
                told["hashes"][name] = json!(zeros);
                told
            });
            let found = Digest::of(algorithm, &repository.published[&path]);
            let refusal = Refusal::Hash {
                algorithm: name,
                expected: zeros,
                found: found.hex().to_owned(),
            };
            assert_eq!(refused(&mut client, &repository), (path.clone(), refusal));
        }

        for by in [-1, 1] {
            let (repository, mut client) = naming(namer, named, |bytes| json!({"length": bytes.len() as i64 + by}));
            let found = repository.published[&path].len() as u64;
            let expected = found.saturating_add_signed(by);
            assert_eq!(
                refused(&mut client, &repository),
                (path.clone(), Refusal::Length { expected, found })
            );
        }

        for hashes in [json!({}), json!({"md5": "00"})] {
            let (repository, mut client) = naming(namer, named, |_| json!({"hashes": hashes}));
            assert_eq!(refused(&mut client, &repository), (path.clone(), Refusal::NoKnownHash));
        }
    }
}

#[test]
fn no_more_is_read_of_metadata_than_was_signed_for() {
    let (repository, client) = naming("timestamp", "snapshot", |bytes| json!({"length": bytes.len()}));
    let mut update = countersign_core::tuf::Update::begin(&client.anchor, client.reach, client.now).unwrap();
    let mut limits = std::collections::BTreeMap::new();
    while let Some(ask) = update.ask() {
        let answer = match ask.source {
            countersign_core::tuf::Source::Kept => None,
            countersign_core::tuf::Source::Published => repository.published.get(&ask.path),
        };
        assert_eq!(ask.may_be_absent, answer.is_none(), "{}", ask.path);
        if let Some(bytes) = answer {
            limits.insert(ask.path.clone(), (ask.limit, bytes.len() as u64));
        }
        update.give(answer.map(Vec::as_slice)).unwrap();
    }
    let snapshot = limits["2.snapshot.json"];
    assert_eq!(snapshot.0, snapshot.1);
    assert_eq!(limits["timestamp.json"].0, TIMESTAMP_LIMIT);
    assert_eq!(limits["2.targets.json"].0, METADATA_LIMIT);
}

#[test]
fn targets_must_have_the_hashes_and_length_that_name_them() {
    let content = b"content";
    let digest = Digest::sha256(content);
    let judged = |file: Value| {
        let mut repository = Repository::new();
        repository.add_target("targets", "file", content);
        for path in [&"0".repeat(64), Digest::of(Algorithm::Sha512, content).hex()] {
            repository
                .published
                .insert(format!("targets/{path}.file"), content.to_vec());
        }
        repository.said("targets")["targets"]["file"] = file;
        repository.publish(&["targets", "snapshot", "timestamp"]);
        let found = Client::new(&repository).find("file", &repository);
        found.map(|bytes| assert_eq!(bytes, content)).map_err(told)
    };
    judged(json!({"length": 7, "hashes": {"sha256": digest.hex()}})).unwrap();
    judged(json!({"length": 7, "hashes": {"sha512": Digest::of(Algorithm::Sha512, content).hex()}})).unwrap();
    let refused = |refusal| Err(("file".to_owned(), refusal));
    let length = |expected| Refusal::Length { expected, found: 7 };
    assert_eq!(
        judged(json!({"length": 6, "hashes": {"sha256": digest.hex()}})),
        refused(length(6))
    );
    let hash = Refusal::Hash {
        algorithm: "sha256",
        expected: "0".repeat(64),
        found: digest.hex().to_owned(),
    };
    assert_eq!(
        judged(json!({"length": 7, "hashes": {"sha256": "0".repeat(64)}})),
        refused(hash)
    );
    assert_eq!(
        judged(json!({"length": 7, "hashes": {"unknown": "00"}})),
        refused(Refusal::NoKnownHash)
    );
    assert_eq!(
        judged(json!({"length": 7, "hashes": {}})),
        refused(Refusal::NoKnownHash)
    );
}

#[test]
fn targets_that_are_larger_than_any_are_not_fetched() {
    let mut repository = Repository::new();
    repository.add_target("targets", "file", b"content");
    repository.said("targets")["targets"]["file"]["length"] = json!(TARGET_LIMIT + 1);
    repository.publish(&["targets", "snapshot", "timestamp"]);
    let mut client = Client::new(&repository);
    let mut update = client.refresh(&repository).unwrap();
    update.seek("file").unwrap();
    let refusal = Refusal::Oversized {
        limit: TARGET_LIMIT,
        found: TARGET_LIMIT + 1,
    };
    assert_eq!(update.found("file").unwrap().length(), Err(refusal));
}

#[test]
fn files_that_are_not_there_are_missed() {
    for path in ["timestamp.json", "1.snapshot.json", "1.targets.json"] {
        let mut repository = Repository::new();
        repository.published.remove(path);
        let mut client = Client::new(&repository);
        assert_eq!(refused(&mut client, &repository), (path.to_owned(), Refusal::Absent));
    }
}

#[test]
fn files_that_are_too_large_are_refused() {
    for (path, limit) in [
        ("2.root.json", ROOT_LIMIT),
        ("timestamp.json", TIMESTAMP_LIMIT),
        ("1.snapshot.json", METADATA_LIMIT),
        ("1.targets.json", METADATA_LIMIT),
    ] {
        let mut repository = Repository::new();
        let mut client = Client::new(&repository);
        repository.bump("root");
        repository.write("root");
        let mut bytes = repository.published[path].clone();
        bytes.resize(usize::try_from(limit).unwrap() + 1, b' ');
        repository.published.insert(path.to_owned(), bytes);
        let refusal = Refusal::Oversized {
            limit,
            found: limit + 1,
        };
        assert_eq!(refused(&mut client, &repository), (path.to_owned(), refusal));
    }
}

/// What a client says of the second version of a role in which a member is another, or missing.
fn judged(role: &str, pointer: &str, value: Option<Value>) -> Refusal {
    let mut repository = Repository::new();
    let mut client = Client::new(&repository);
    for role in ["root", "targets", "snapshot", "timestamp"] {
        repository.bump(role);
    }
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = repository
        .said(role)
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    for role in ["root", "targets", "snapshot", "timestamp"] {
        repository.write(role);
    }
    if role == "targets" && pointer == "/version" {
        repository
            .published
            .insert("2.targets.json".to_owned(), repository.signed("targets"));
    }
    if pointer == "/version" && role != "timestamp" {
        repository
            .published
            .insert(format!("2.{role}.json"), repository.signed(role));
    }
    let (file, refusal) = refused(&mut client, &repository);
    let expected = match role {
        "timestamp" => "timestamp.json".to_owned(),
        role => format!("2.{role}.json"),
    };
    assert_eq!(file, expected);
    refusal
}

#[test]
fn each_member_must_be_of_its_kind() {
    const POSITIVE: &str = "a positive integer";
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let other = format!("{:?}", if role == "root" { "targets" } else { "root" });
        let kind = match role {
            "root" => "root",
            "timestamp" => "timestamp",
            "snapshot" => "snapshot",
            _ => "targets",
        };
        let told = judged(role, "/_type", Some(other.trim_matches('"').into()));
        assert_eq!(told, member("_type", kind, &other));
        assert_eq!(judged(role, "/_type", None), member("_type", "a text", "missing"));
        for version in ["2.0.0", "10.0", "x", ""] {
            let told = judged(role, "/spec_version", Some(version.into()));
            assert_eq!(told, member("spec_version", "1", &format!("{version:?}")));
        }
        for (value, shown) in [
            (Some(json!(0)), "0"),
            (Some(json!(-1)), "-1"),
            (Some(json!("2")), "\"2\""),
            (None, "missing"),
        ] {
            assert_eq!(judged(role, "/version", value), member("version", POSITIVE, shown));
        }
        for text in ["", "tomorrow", "2030-01-01", "2030-01-01T00:00:00"] {
            let told = judged(role, "/expires", Some(text.into()));
            assert_eq!(told, member("expires", "a time in UTC", &format!("{text:?}")));
        }
        assert_eq!(judged(role, "/expires", None), member("expires", "a text", "missing"));
    }
    assert_eq!(
        judged("timestamp", "/meta", None),
        member("meta", "an object", "missing")
    );
    assert_eq!(
        judged("timestamp", "/meta/snapshot.json", None),
        member("snapshot.json", "an object", "missing")
    );
    let zero = Some(json!(0));
    assert_eq!(
        judged("timestamp", "/meta/snapshot.json/version", zero.clone()),
        member("version", POSITIVE, "0")
    );
    assert_eq!(
        judged("snapshot", "/meta", Some(json!([]))),
        member("meta", "an object", "[]")
    );
    assert_eq!(
        judged("snapshot", "/meta/targets.json/version", zero.clone()),
        member("version", POSITIVE, "0")
    );
    let told = judged("snapshot", "/meta/targets.json/length", Some(json!("1")));
    assert_eq!(told, member("length", "an integer that is not negative", "\"1\""));
    let told = judged("snapshot", "/meta/targets.json/hashes", Some(json!({"sha256": "0g"})));
    assert_eq!(told, member("hashes", "hashes in hexadecimal", "\"0g\""));
    assert_eq!(
        judged("targets", "/targets", None),
        member("targets", "an object", "missing")
    );
    let told = judged("targets", "/targets", Some(json!({"file": {"hashes": {}}})));
    assert_eq!(told, member("length", "an integer that is not negative", "missing"));
    let told = judged("targets", "/targets", Some(json!({"file": {"length": 1}})));
    assert_eq!(told, member("hashes", "an object", "missing"));
    assert_eq!(
        judged("targets", "/delegations", Some(json!(1))),
        member("delegations", "an object", "1")
    );
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let pointer = format!("/roles/{role}/threshold");
        assert_eq!(
            judged("root", &pointer, zero.clone()),
            member("threshold", POSITIVE, "0")
        );
    }
    assert_eq!(
        judged("root", "/roles/snapshot", None),
        member("snapshot", "an object", "missing")
    );
    assert_eq!(
        judged("root", "/roles/snapshot/keyids", Some(json!([1]))),
        member("keyids", "a list of texts", "1")
    );
    assert_eq!(judged("root", "/keys", None), member("keys", "an object", "missing"));
    assert_eq!(
        judged("root", "/keys/x", Some(json!(1))),
        member("keys", "an object", "1")
    );
    let told = judged("root", "/consistent_snapshot", Some(json!("true")));
    assert_eq!(told, member("consistent_snapshot", "true or false", "\"true\""));
}

#[test]
fn files_without_their_frame_are_refused() {
    let mut repository = Repository::new();
    for (bytes, refusal) in [
        ("[]", member("metadata", "an object", "[]")),
        ("{}", member("signatures", "a list", "missing")),
        (r#"{"signatures":[]}"#, member("signed", "an object", "missing")),
        (
            r#"{"signatures":[1],"signed":{}}"#,
            member("signatures", "an object", "1"),
        ),
        (
            r#"{"signatures":[{"sig":""}],"signed":{}}"#,
            member("keyid", "a text", "missing"),
        ),
        (
            r#"{"signatures":[{"keyid":""}],"signed":{}}"#,
            member("sig", "a text", "missing"),
        ),
    ] {
        repository.published.insert("timestamp.json".to_owned(), bytes.into());
        let mut client = Client::new(&repository);
        assert_eq!(
            refused(&mut client, &repository),
            ("timestamp.json".to_owned(), refusal)
        );
    }
    let number = r#"{"signatures":[],"signed":{"version":1.5}}"#;
    repository.published.insert("timestamp.json".to_owned(), number.into());
    let told = client_says(&repository);
    assert_eq!(
        told,
        "timestamp.json: number is \"1.5\", expected an integer of 64 bits"
    );
}

fn client_says(repository: &Repository) -> String {
    let (file, refusal) = refused(&mut Client::new(repository), repository);
    format!("{file}: {refusal}")
}

#[test]
fn there_are_so_many_members_and_no_more() {
    let many = |count: usize| (0..count).map(|number| json!(number.to_string())).collect::<Vec<_>>();
    let told = judged("root", "/roles/root/keyids", Some(many(257).into()));
    assert_eq!(
        told,
        Refusal::TooMany {
            member: "keyids",
            limit: 256,
            found: 257
        }
    );
    let signature = json!({"keyid": "x", "sig": ""});
    let file = json!({"signatures": vec![signature; 257], "signed": {}});
    let mut repository = Repository::new();
    repository
        .published
        .insert("timestamp.json".to_owned(), file.to_string().into());
    let (_, told) = refused(&mut Client::new(&repository), &repository);
    assert_eq!(
        told,
        Refusal::TooMany {
            member: "signatures",
            limit: 256,
            found: 257
        }
    );
    let files = (0..16_385).map(|number| (format!("{number}.json"), json!({"version": 1})));
    let told = judged("snapshot", "/meta", Some(Value::Object(files.collect())));
    assert_eq!(
        told,
        Refusal::TooMany {
            member: "meta",
            limit: 16_384,
            found: 16_385
        }
    );
    let role = json!({"name": "a", "keyids": [], "threshold": 1, "terminating": false, "paths": []});
    let told = judged(
        "targets",
        "/delegations",
        Some(json!({"keys": {}, "roles": vec![role; 1025]})),
    );
    assert_eq!(
        told,
        Refusal::TooMany {
            member: "roles",
            limit: 1024,
            found: 1025
        }
    );
}

#[test]
fn what_is_refused_is_told_with_the_file() {
    let mut repository = Repository::new();
    repository.said("timestamp")["expires"] = json!("2028-12-31T23:59:59Z");
    repository.publish(&["timestamp"]);
    let error = Client::new(&repository).refresh(&repository).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"timestamp.json\" is refused: it expired at 2028-12-31T23:59:59Z, and it is 2029-01-01T00:00:00Z"
    );
    assert_eq!(error.file, Quoted::new("timestamp.json"));
}
