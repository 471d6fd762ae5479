//! What is published, as a client sees it.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::metadata::DAY;
use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + day * DAY).unwrap()
}

fn targets(content: &str) -> Vec<Target> {
    vec![
        Target::new("trusted_root.json", content.to_owned()),
        Target::of_service(
            "rekor.pub",
            format!("key of {content}"),
            Usage::Rekor,
            "https://rekor.test",
        ),
    ]
}

fn open(folder: &Path, content: &str, day: i64) -> Result<Repository, TufError> {
    Repository::open(folder, Durability::ProcessCrash, targets(content), at(day))
}

/// What a client finds that begins with `anchor` and asks for each file as it is served.
fn found(repository: &Repository, anchor: &[u8], now: Timestamp) -> String {
    let mut update = Update::begin(anchor, Reach::Published, now).unwrap();
    let drive = |update: &mut Update| {
        while let Some(ask) = update.ask() {
            let file = match ask.source {
                Source::Kept => None,
                Source::Published => repository.read(&ask.path),
            };
            update.give(file.as_ref().map(|file| &file.bytes[..])).unwrap();
        }
    };
    drive(&mut update);
    update.seek("trusted_root.json").unwrap();
    drive(&mut update);
    let target = update.found("trusted_root.json").unwrap();
    let path = countersign_core::tuf::target_address(target.path(), Some(target.digest().unwrap()));
    let file = repository.read(&format!("targets/{path}")).unwrap();
    target.check(&file.bytes).unwrap();
    String::from_utf8(file.bytes.to_vec()).unwrap()
}

fn version(repository: &Repository, path: &str) -> u64 {
    let file: serde_json::Value = serde_json::from_slice(&repository.read(path).unwrap().bytes).unwrap();
    file["signed"]["version"].as_u64().unwrap()
}

#[test]
fn a_client_believes_the_first_edition_and_finds_its_targets() {
    let folder = tempfile::tempdir().unwrap();
    let repository = open(folder.path(), "one", 0).unwrap();
    assert_eq!(found(&repository, &repository.first_root(), at(0)), "one");
    let root = repository.read("root.json").unwrap();
    assert_eq!(root.bytes, repository.first_root());
    assert_eq!(root.content_type, "application/json");
    assert_eq!(repository.read("targets/trusted_root.json").unwrap().bytes, "one");
    let key = repository.read("targets/rekor.pub").unwrap();
    assert_eq!(
        (&key.bytes[..], key.content_type),
        (&b"key of one"[..], "application/octet-stream")
    );
    for absent in [
        "2.root.json",
        "",
        "timestamp",
        "keys/root.pem",
        "../keys/root.pem",
        "targets/",
        "targets/x",
    ] {
        assert!(repository.read(absent).is_none(), "{absent}");
    }
}

#[test]
fn clients_are_told_what_a_services_key_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let repository = open(folder.path(), "one", 0).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&repository.read("1.targets.json").unwrap().bytes).unwrap();
    let told = &file["signed"]["targets"];
    assert_eq!(
        told["rekor.pub"]["custom"],
        serde_json::json!({"sigstore": {"status": "Active", "usage": "Rekor", "uri": "https://rekor.test"}})
    );
    assert!(told["trusted_root.json"].get("custom").is_none());
}

#[test]
fn nothing_is_signed_anew_before_it_is_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), "one", 0).unwrap();
    let second = open(folder.path(), "one", 3).unwrap();
    for path in ["root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"] {
        assert_eq!(
            first.read(path).unwrap().bytes,
            second.read(path).unwrap().bytes,
            "{path}"
        );
    }
    assert_eq!(second.renew(at(3)).unwrap(), at(3) + SignedDuration::from_hours(12));
}

#[test]
fn each_role_is_signed_anew_when_half_of_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let repository = open(folder.path(), "one", 0).unwrap();
    let anchor = repository.first_root();
    for (day, root, targets, snapshot, timestamp) in [(4, 1, 1, 1, 2), (45, 1, 1, 2, 3), (183, 2, 2, 3, 4)] {
        repository.renew(at(day)).unwrap();
        assert_eq!(version(&repository, "root.json"), root, "day {day}");
        assert!(
            repository.read(&format!("{targets}.targets.json")).is_some(),
            "day {day}"
        );
        assert!(
            repository.read(&format!("{}.targets.json", targets + 1)).is_none(),
            "day {day}"
        );
        assert!(
            repository.read(&format!("{snapshot}.snapshot.json")).is_some(),
            "day {day}"
        );
        assert_eq!(version(&repository, "timestamp.json"), timestamp, "day {day}");
        assert_eq!(found(&repository, &anchor, at(day)), "one");
    }
}

#[test]
fn a_server_that_was_off_for_years_is_believed_again() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = open(folder.path(), "one", 0).unwrap().first_root();
    drop(open(folder.path(), "one", 300).unwrap());
    let repository = open(folder.path(), "one", 2000).unwrap();
    assert_eq!(version(&repository, "root.json"), 3);
    assert_eq!(found(&repository, &anchor, at(2000)), "one");
}

#[test]
fn clients_on_their_way_find_the_edition_before() {
    let folder = tempfile::tempdir().unwrap();
    let repository = open(folder.path(), "0", 0).unwrap();
    let first = repository.read("1.targets.json").unwrap().bytes;
    let target = |content: &str| {
        format!(
            "targets/{}.trusted_root.json",
            countersign_core::Digest::sha256(content.as_bytes()).hex()
        )
    };
    for edition in 1..8 {
        repository.publish(targets(&edition.to_string()), at(0)).unwrap();
        assert_eq!(repository.read("1.targets.json").unwrap().bytes, first);
        assert!(repository.read("1.snapshot.json").is_some());
        assert_eq!(repository.read(&target("0")).unwrap().bytes, "0");
    }
    repository.publish(targets("8"), at(0)).unwrap();
    for gone in ["1.targets.json", "1.snapshot.json", &target("0")] {
        assert!(repository.read(gone).is_none(), "{gone}");
        assert!(!folder.path().join(gone).exists(), "{gone}");
    }
    assert_eq!(repository.read(&target("1")).unwrap().bytes, "1");
    let again = open(folder.path(), "8", 0).unwrap();
    assert_eq!(found(&again, &again.first_root(), at(0)), "8");
    assert_eq!(version(&again, "timestamp.json"), 9);
}

#[test]
fn readers_see_one_edition_or_the_next_while_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let repository = open(folder.path(), "0", 0).unwrap();
    let anchor = repository.first_root();
    let (reads, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                let edition: u64 = found(&repository, &anchor, at(0)).parse().unwrap();
                assert!(edition >= last, "{edition} after {last}");
                last = edition;
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        for edition in (1..=40).step_by(2) {
            let before = reads.load(Ordering::Relaxed);
            for edition in [edition, edition + 1] {
                repository.publish(targets(&edition.to_string()), at(0)).unwrap();
            }
            // A reader that falls behind by as many editions as are kept begins again, which this one does not.
            while reads.load(Ordering::Relaxed) == before && !reading.is_finished() {
                std::thread::yield_now();
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn what_was_broken_off_before_the_timestamp_was_never_published() {
    let folder = tempfile::tempdir().unwrap();
    let repository = open(folder.path(), "one", 0).unwrap();
    let timestamp = fs::read(folder.path().join("timestamp.json")).unwrap();
    repository.publish(targets("two"), at(0)).unwrap();
    // As the folder is left when the server is killed just before its last change, and in the middle of a write.
    fs::write(folder.path().join("timestamp.json"), timestamp).unwrap();
    fs::write(folder.path().join("3.targets.json.aside"), "{").unwrap();
    let repository = open(folder.path(), "one", 0).unwrap();
    assert_eq!(found(&repository, &repository.first_root(), at(0)), "one");
    assert_eq!(version(&repository, "timestamp.json"), 1);
    repository.publish(targets("three"), at(0)).unwrap();
    assert_eq!(found(&repository, &repository.first_root(), at(0)), "three");
    assert_eq!(version(&repository, "timestamp.json"), 2);
}

#[test]
fn a_lost_key_is_replaced_and_a_lost_root_key_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = open(folder.path(), "one", 0).unwrap().first_root();
    for role in ["targets", "snapshot", "timestamp"] {
        fs::remove_file(folder.path().join(format!("keys/{role}.pem"))).unwrap();
    }
    let repository = open(folder.path(), "one", 0).unwrap();
    assert_eq!(version(&repository, "root.json"), 2);
    assert_eq!(found(&repository, &anchor, at(0)), "one");

    fs::remove_file(folder.path().join("keys/root.pem")).unwrap();
    let refused = open(folder.path(), "one", 0).unwrap_err();
    assert!(
        matches!(&refused, TufError::OtherRootKey { file } if file == "2.root.json"),
        "{refused}"
    );
}

#[test]
fn a_folder_that_was_tampered_with_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), "one", 0).unwrap());
    let place = |file: &str| folder.path().join(file);

    let timestamp = fs::read(place("timestamp.json")).unwrap();
    fs::write(place("timestamp.json"), "{").unwrap();
    let refused = open(folder.path(), "one", 0).unwrap_err();
    let is_json = |error: &TufError| matches!(error, TufError::Corrupt { file, what: "it is not JSON" } if file == "timestamp.json");
    assert!(is_json(&refused), "{refused}");
    fs::write(place("timestamp.json"), timestamp).unwrap();

    let first = fs::read(place("1.root.json")).unwrap();
    drop(open(folder.path(), "one", 200).unwrap());
    fs::write(
        place("1.root.json"),
        String::from_utf8(first)
            .unwrap()
            .replace("\"sig\":\"30", "\"sig\":\"31"),
    )
    .unwrap();
    let refused = open(folder.path(), "two", 200).unwrap_err();
    assert!(
        matches!(&refused, TufError::Refused(error) if error.file.as_str() == "root.json"),
        "{refused}"
    );
}
