//! Files that do not hold what the log wrote, at its start and later.

use std::path::PathBuf;

use super::*;

#[tokio::test]
async fn old_checkpoint_in_the_place_of_the_last_one_is_refused() {
    let (folder, key) = made(0).await;
    let checkpoint = folder.path().join("checkpoint");
    let old = std::fs::read(&checkpoint).unwrap();
    let log = open_with(folder.path(), &key, Durability::ProcessCrash).unwrap();
    for number in 0..513_u64 {
        log.append(proposal(&number.to_be_bytes())).await.unwrap();
    }
    drop(log);
    let last = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, old).unwrap();
    assert_eq!(
        refused(folder.path(), &key),
        "records is damaged: number of entries is 513, expected at most 512, for the checkpoint covers 0"
    );
    std::fs::write(&checkpoint, last).unwrap();
    assert_eq!(open(folder.path(), &key).unwrap().published().head.size, 513);
}

fn damage(path: PathBuf, at: usize) {
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn refused(folder: &Path, key: &Arc<PrivateKey>) -> String {
    let error = open(folder, key).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.display()), "")
}

#[tokio::test]
async fn damaged_files_are_refused() {
    let (folder, key) = made(3).await;
    let file = |name: &str| folder.path().join(name);
    damage(file("records"), 85);
    assert!(refused(folder.path(), &key).starts_with("records is damaged: the root is "));
    damage(file("records"), 85);
    damage(file("records"), 72);
    assert_eq!(
        refused(folder.path(), &key),
        "records is damaged: end of an entry is 16, expected at least 72057594037927944"
    );
    damage(file("records"), 72);
    damage(file("checkpoint"), 14);
    assert_eq!(
        refused(folder.path(), &key),
        "checkpoint is damaged: signature is none, expected one by log.example"
    );
    damage(file("checkpoint"), 14);
    damage(file("checkpoint"), 13);
    assert_eq!(refused(folder.path(), &key), "checkpoint is damaged");
    damage(file("checkpoint"), 13);
    assert!(open(folder.path(), &key).is_ok());
}

#[tokio::test]
async fn shortened_and_missing_files_are_refused() {
    let (folder, key) = made(3).await;
    let file = |name: &str| folder.path().join(name);
    for (name, length) in [("records", 240), ("entries", 24)] {
        let whole = std::fs::read(file(name)).unwrap();
        assert_eq!(whole.len(), length);
        std::fs::write(file(name), &whole[1..]).unwrap();
        let found = length - 1;
        assert_eq!(
            refused(folder.path(), &key),
            format!(
                "{name} is damaged: length is {found} bytes, expected at least {length} bytes, which the checkpoint covers"
            )
        );
        std::fs::write(file(name), whole).unwrap();
    }
    let checkpoint = std::fs::read(file("checkpoint")).unwrap();
    std::fs::remove_file(file("checkpoint")).unwrap();
    assert_eq!(
        refused(folder.path(), &key),
        "checkpoint is missing, and the log has entries"
    );
    std::fs::write(file("checkpoint"), "x".repeat(5000)).unwrap();
    assert_eq!(
        refused(folder.path(), &key),
        "checkpoint is damaged: length is 5000 bytes, expected at most 4096 bytes"
    );
    std::fs::write(file("checkpoint"), checkpoint).unwrap();
    std::fs::write(file("log"), "countersign log 1\n").unwrap();
    assert!(refused(folder.path(), &key).starts_with("log is damaged: text is \"countersign log 1\\n\", expected"));
}

#[tokio::test]
async fn damage_that_comes_later_shows_where_it_is_read() {
    let (folder, key) = made(0).await;
    let log = open_with(folder.path(), &key, Durability::ProcessCrash).unwrap();
    for number in 0..258_u64 {
        log.append(proposal(&number.to_be_bytes())).await.unwrap();
    }
    damage(folder.path().join("entries"), 9);
    assert!(log.entry(0).unwrap().is_some());
    let found = TreeHash::of_leaf(&[0, 1, 0, 0, 0, 0, 0, 1]);
    let expected = format!("what is there is of an entry with the hash {found}");
    let error = log.entry(1).unwrap_err().to_string();
    assert!(error.contains(&expected), "{error}");
    let tile = |path: &str| log.tile(Tile::parse(path, "entries").unwrap(), true);
    let error = tile("entries/000.p/3").unwrap_err().to_string();
    assert!(error.contains(&expected), "{error}");
    damage(folder.path().join("records"), 80);
    let head = log.published().head;
    let leaf = TreeHash::of_leaf(&0_u64.to_be_bytes());
    for error in [
        log.inclusion(0, leaf, &head).unwrap_err(),
        tile("0/000").unwrap_err(),
        tile("0/000.p/1").unwrap_err(),
    ] {
        assert!(matches!(error, LogError::Damaged { what: "the root", .. }), "{error}");
    }
    // The other tile is whole.
    let leaf = TreeHash::of_leaf(&257_u64.to_be_bytes());
    log.inclusion(257, leaf, &head).unwrap();
    assert_eq!(tile("0/001.p/2").unwrap().unwrap().len(), 64);
}

#[tokio::test]
async fn tree_that_does_not_continue_the_last_one_is_not_signed() {
    for (before, place) in [(3, 1), (255, 254), (256, 3)] {
        let (folder, key) = made(0).await;
        let log = open_with(folder.path(), &key, Durability::ProcessCrash).unwrap();
        for number in 0..before {
            log.append(proposal(&u64::to_be_bytes(number))).await.unwrap();
        }
        let published = log.published();
        damage(folder.path().join("records"), place * 80);
        let appended = log.append(proposal(b"new")).await;
        if before < 256 {
            let Err(LogError::NotWritten(reason)) = appended else {
                panic!("{appended:?}")
            };
            assert!(
                matches!(*reason, LogError::Damaged { what: "the root", .. }),
                "{reason}"
            );
            assert_eq!(log.published().note, published.note);
            damage(folder.path().join("records"), place * 80);
            assert_eq!(log.append(proposal(b"new")).await.unwrap().index, before);
        } else {
            // What is under a full tile is not read again.
            assert_eq!(appended.unwrap().index, before);
        }
        let head = log.published().head;
        let (_, path) = log.consistency(before, before + 1).unwrap();
        assert_eq!(check_consistency(&published.head, &head, &path), Ok(()));
    }
}

#[tokio::test]
async fn log_of_another_name_or_key_is_refused() {
    let (folder, key) = made(1).await;
    let other = self::key(KeyAlgorithm::Ed25519);
    let error = open(folder.path(), &other).unwrap_err();
    assert!(matches!(error, LogError::OtherLog { .. }), "{error}");
    let renamed = CheckpointSigner::new(Arc::clone(&key), "other.example".to_owned(), Form::Note).unwrap();
    let leaf_of = |bytes: &[u8]| Some(TreeHash::of_leaf(bytes));
    let error = Log::open(
        folder.path(),
        Durability::PowerCut,
        renamed,
        leaf_of,
        Timestamp::UNIX_EPOCH,
    )
    .unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("origin log.example") && error.contains("origin other.example"),
        "{error}"
    );
}
