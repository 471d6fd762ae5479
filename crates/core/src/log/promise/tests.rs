use super::super::tests::{URL, at, key, log_at};
use super::super::{EntryKind, LogId};
use super::*;
use crate::key::KeyAlgorithm;
use crate::signer::Signer;

/// What a log signs, member by member in the order of RFC 8785.
const PROMISED: &str = r#"{"body":"e30+","integratedTime":150,"logID":"0707070707070707070707070707070707070707070707070707070707070707","logIndex":9}"#;

fn entry() -> LogEntry {
    LogEntry {
        log_id: LogId::new([7; 32]),
        log_index: 9,
        kind: EntryKind::new("hashedrekord", "0.0.1"),
        integrated_time: Some(150),
        promise: None,
        proof: None,
        body: b"{}>".to_vec(),
    }
}

#[test]
fn a_promise_covers_the_body_the_time_the_log_and_the_place() {
    for kind in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048] {
        let key = key(kind);
        let log = log_at(URL, &key);
        let mut entry = entry();
        entry.promise = Some(key.sign(PROMISED.as_bytes()).unwrap().as_bytes().to_vec());
        assert_eq!(check(&entry, &log), Ok(at(150)));
        let changes: [fn(&mut LogEntry); 4] = [
            |entry| entry.body.push(b' '),
            |entry| entry.integrated_time = Some(151),
            |entry| entry.log_id = LogId::new([8; 32]),
            |entry| entry.log_index = 10,
        ];
        for change in changes {
            let mut changed = entry.clone();
            change(&mut changed);
            assert_eq!(check(&changed, &log), Err(PromiseError::Mismatch), "{changed:?}");
        }
        assert_eq!(
            check(&entry, &log_at(URL, &super::super::tests::key(kind))),
            Err(PromiseError::Mismatch)
        );
    }
}

#[test]
fn what_promises_nothing_is_refused_with_its_reason() {
    let log = log_at(URL, &key(KeyAlgorithm::EcdsaP256));
    assert_eq!(check(&entry(), &log), Err(PromiseError::Missing));
    let promised = |change: fn(&mut LogEntry)| {
        let mut entry = entry();
        entry.promise = Some(vec![1]);
        change(&mut entry);
        check(&entry, &log).unwrap_err()
    };
    assert_eq!(promised(|entry| entry.integrated_time = None), PromiseError::NoTime);
    for found in [i64::MIN, -1, 0, i64::MAX] {
        let mut entry = entry();
        (entry.promise, entry.integrated_time) = (Some(vec![1]), Some(found));
        assert_eq!(check(&entry, &log), Err(PromiseError::Time { found }));
    }
    assert_eq!(
        promised(|entry| entry.log_index = LARGEST + 1),
        PromiseError::Index {
            limit: LARGEST,
            found: LARGEST + 1
        }
    );
    assert_eq!(promised(|entry| entry.log_index = LARGEST), PromiseError::Mismatch);
}
