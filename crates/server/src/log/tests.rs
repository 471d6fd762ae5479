use std::collections::BTreeMap;

use countersign_core::key::KeyAlgorithm;
use countersign_core::log::merkle::check_consistency;
use tempfile::TempDir;

use super::*;

mod damage;

fn key(algorithm: KeyAlgorithm) -> Arc<PrivateKey> {
    Arc::new(PrivateKey::generate(algorithm).unwrap())
}

fn signer(key: &Arc<PrivateKey>) -> CheckpointSigner {
    CheckpointSigner::new(Arc::clone(key), ORIGIN.to_owned(), Form::Note).unwrap()
}

fn open(folder: &Path, key: &Arc<PrivateKey>) -> Result<Log, LogError> {
    open_with(folder, key, Durability::PowerCut)
}

fn open_with(folder: &Path, key: &Arc<PrivateKey>, durability: Durability) -> Result<Log, LogError> {
    let leaf_of = |bytes: &[u8]| Some(TreeHash::of_leaf(bytes));
    Log::open(folder, durability, signer(key), leaf_of, Timestamp::UNIX_EPOCH)
}

fn proposal(bytes: &[u8]) -> Proposal {
    let bytes = bytes.to_vec();
    Proposal {
        identity: *TreeHash::of_leaf(&bytes).as_bytes(),
        time: Timestamp::from_second(1_000).unwrap(),
        make: Box::new(move |_| bytes),
    }
}

/// A folder with a log of so many entries, and its key.
async fn made(entries: u64) -> (TempDir, Arc<PrivateKey>) {
    let folder = tempfile::tempdir().unwrap();
    let key = key(KeyAlgorithm::EcdsaP256);
    let log = open(folder.path(), &key).unwrap();
    for number in 0..entries {
        let appended = log.append(proposal(&number.to_be_bytes())).await.unwrap();
        assert_eq!((appended.index, appended.is_new), (number, true));
    }
    drop(log);
    (folder, key)
}

const ORIGIN: &str = "log.example";

#[tokio::test]
async fn what_is_appended_is_there_after_a_restart() {
    let (folder, key) = made(3).await;
    let before = std::fs::read_to_string(folder.path().join("checkpoint")).unwrap();
    let log = open(folder.path(), &key).unwrap();
    assert_eq!(log.published().note, before);
    assert_eq!(log.since(), Timestamp::UNIX_EPOCH);
    let appended = log.append(proposal(b"new")).await.unwrap();
    assert_eq!(appended.index, 3);
    for number in 0..3_u64 {
        let entry = log.entry(number).unwrap().unwrap();
        assert_eq!(entry.bytes, number.to_be_bytes());
        assert_eq!(entry.time, Timestamp::from_second(1_000).unwrap());
        let head = log.published().head;
        log.inclusion(number, entry.leaf, &head).unwrap();
    }
    assert!(log.entry(4).unwrap().is_none());
}

#[tokio::test]
async fn entries_that_come_at_a_time_become_durable_together_and_each_is_there_once() {
    let (folder, key) = made(0).await;
    let log = Arc::new(open(folder.path(), &key).unwrap());
    let appending: Vec<_> = (0..600_u64)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(proposal(&(number / 2).to_be_bytes())).await.unwrap() })
        })
        .collect();
    let mut places = BTreeMap::new();
    let mut sizes = std::collections::BTreeSet::new();
    for (number, appending) in appending.into_iter().enumerate() {
        let appended = appending.await.unwrap();
        assert!(appended.index < appended.published.head.size);
        assert_eq!(*places.entry(number / 2).or_insert(appended.index), appended.index);
        sizes.insert(appended.published.head.size);
    }
    assert_eq!(places.len(), 300);
    assert_eq!(log.published().head.size, 300);
    assert!(sizes.len() < 300, "each has a checkpoint of its own");
}

#[tokio::test]
async fn entry_that_is_there_is_found_and_not_added_again() {
    let (folder, key) = made(2).await;
    let log = open(folder.path(), &key).unwrap();
    let first = TreeHash::of_leaf(&0_u64.to_be_bytes());
    assert_eq!(log.find(first.as_bytes()).unwrap(), Some(0));
    assert_eq!(log.find(&[0; 32]).unwrap(), None);
    let appended = log.append(proposal(&0_u64.to_be_bytes())).await.unwrap();
    assert_eq!(
        (appended.index, appended.is_new, appended.published.head.size),
        (0, false, 2)
    );
    // Half of an identity is not the identity.
    let mut half = *first.as_bytes();
    half[31] ^= 1;
    assert_eq!(log.find(&half).unwrap(), None);
}

#[tokio::test]
async fn every_tile_of_every_size_is_there() {
    let (folder, key) = made(0).await;
    let log = open_with(folder.path(), &key, Durability::ProcessCrash).unwrap();
    for number in 0..600_u64 {
        let appended = log.append(proposal(&number.to_be_bytes())).await;
        assert_eq!(appended.unwrap().index, number);
    }
    let read = |path: &str| log.tile(Tile::parse(path, "entries").unwrap(), true).unwrap();
    let leaf = |number: u64| *TreeHash::of_leaf(&number.to_be_bytes()).as_bytes();
    assert_eq!(read("0/000").unwrap(), (0..256).flat_map(leaf).collect::<Vec<_>>());
    assert_eq!(
        read("0/002.p/88").unwrap(),
        (512..600).flat_map(leaf).collect::<Vec<_>>()
    );
    assert_eq!(
        read("0/001.p/3").unwrap(),
        (256..259).flat_map(leaf).collect::<Vec<_>>()
    );
    assert_eq!(read("0/002.p/89"), None);
    assert_eq!(read("0/002"), None);
    let roots =
        [0, 256].map(|first| root_over(&(first..first + 256).map(|n| TreeHash::new(leaf(n))).collect::<Vec<_>>()));
    assert_eq!(read("1/000.p/2").unwrap(), roots.map(|root| *root.as_bytes()).concat());
    assert_eq!(read("1/000.p/3"), None);
    assert_eq!(read("2/000.p/1"), None);
    assert_eq!(
        read("entries/002.p/2").unwrap(),
        [&[0, 8][..], &512_u64.to_be_bytes(), &[0, 8], &513_u64.to_be_bytes()].concat()
    );
    assert_eq!(
        log.tile(Tile::parse("entries/002.p/1", "entries").unwrap(), false)
            .unwrap()
            .unwrap(),
        512_u64.to_be_bytes()
    );
    assert_eq!(read("63/000"), None);
    assert_eq!(read("0/x018/x446/x744/x073/x709/x551/615"), None);
}

#[tokio::test]
async fn what_the_checkpoint_does_not_cover_is_cut_off() {
    let (folder, key) = made(2).await;
    for name in ["records", "entries"] {
        let path = folder.path().join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([7; 100]);
        std::fs::write(&path, bytes).unwrap();
    }
    std::fs::write(folder.path().join("checkpoint.new"), "half of a ").unwrap();
    let log = open(folder.path(), &key).unwrap();
    let before = log.published().head;
    let appended = log.append(proposal(b"third")).await.unwrap();
    assert_eq!(appended.index, 2);
    let (root, path) = log.consistency(2, 3).unwrap();
    assert_eq!(root, appended.published.head.root);
    assert_eq!(check_consistency(&before, &appended.published.head, &path), Ok(()));
    assert_eq!(log.entry(2).unwrap().unwrap().bytes, b"third");
}

#[tokio::test]
async fn entry_that_is_too_long_is_refused_and_the_others_are_not() {
    let (folder, key) = made(0).await;
    let log = open(folder.path(), &key).unwrap();
    log.append(proposal(&[1; ENTRY_LIMIT])).await.unwrap();
    let refused = log.append(proposal(&[1; ENTRY_LIMIT + 1])).await;
    assert!(
        matches!(
            refused,
            Err(LogError::TooLong {
                limit: 65_535,
                found: 65_536
            })
        ),
        "{refused:?}"
    );
    assert_eq!(log.append(proposal(b"")).await.unwrap().index, 1);
}

#[test]
fn log_begins_with_a_whole_second() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(KeyAlgorithm::EcdsaP256);
    let leaf_of = |bytes: &[u8]| Some(TreeHash::of_leaf(bytes));
    let open = |now| Log::open(folder.path(), Durability::PowerCut, signer(&key), leaf_of, now).unwrap();
    let now: Timestamp = "2026-01-01T00:00:01.999Z".parse().unwrap();
    for _ in 0..2 {
        assert_eq!(open(now).since().to_string(), "2026-01-01T00:00:01Z");
    }
}

#[test]
fn key_that_clients_do_not_take_is_refused() {
    for (algorithm, form, expected) in [
        (
            KeyAlgorithm::Ed25519,
            Form::Rekor1,
            "key of the log is ed25519, expected ecdsa-p256",
        ),
        (
            KeyAlgorithm::EcdsaP384,
            Form::Certificates,
            "key of the log is ecdsa-p384, expected ecdsa-p256",
        ),
        (
            KeyAlgorithm::EcdsaP521,
            Form::Note,
            "key of the log is ecdsa-p521, expected ecdsa-p256 or ed25519",
        ),
    ] {
        let error = CheckpointSigner::new(key(algorithm), ORIGIN.to_owned(), form).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn entries_that_cannot_be_written_are_refused_and_leave_nothing() {
    let (folder, key) = made(2).await;
    let log = open(folder.path(), &key).unwrap();
    // A folder where the checkpoint is written aside stops it, whoever runs the test.
    let aside = folder.path().join("checkpoint.new");
    std::fs::create_dir(&aside).unwrap();
    let before = log.published();
    let refused = log.append(proposal(b"lost")).await;
    assert!(matches!(refused, Err(LogError::NotWritten(_))), "{refused:?}");
    assert_eq!(log.published().note, before.note);
    assert_eq!(log.find(TreeHash::of_leaf(b"lost").as_bytes()).unwrap(), None);
    std::fs::remove_dir(&aside).unwrap();
    let appended = log.append(proposal(b"found")).await.unwrap();
    assert_eq!((appended.index, appended.is_new), (2, true));
    assert_eq!(log.append(proposal(b"lost")).await.unwrap().index, 3);
    drop(log);
    assert_eq!(open(folder.path(), &key).unwrap().published().head.size, 4);
}

#[tokio::test]
async fn log_stops_where_it_does_not_know_what_is_on_the_disk() {
    let (folder, key) = made(1).await;
    let log = open(folder.path(), &key).unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let before = std::fs::read(&checkpoint).unwrap();
    std::fs::remove_file(&checkpoint).unwrap();
    std::fs::create_dir(&checkpoint).unwrap();
    let refused = log.append(proposal(b"lost")).await;
    assert!(matches!(refused, Err(LogError::NotWritten(_))), "{refused:?}");
    let refused = log.append(proposal(b"too")).await;
    assert!(matches!(refused, Err(LogError::Stopped)), "{refused:?}");
    assert!(log.entry(0).unwrap().is_some());
    drop(log);
    std::fs::remove_dir(&checkpoint).unwrap();
    std::fs::write(&checkpoint, before).unwrap();
    assert_eq!(
        open(folder.path(), &key)
            .unwrap()
            .append(proposal(b"third"))
            .await
            .unwrap()
            .index,
        1
    );
}
