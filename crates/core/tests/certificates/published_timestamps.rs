//! Logs that have seen a certificate, as published.

use countersign_core::certificate::path::{PathError, Purpose, VerifiedPath, verify_path};
use countersign_core::certificate::sct::{SctError, verify_embedded};
use countersign_core::log::LogId;
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use countersign_core::{Digest, PublicKey};

use super::{certificate, chain, data, time};

/// A certificate log whose key is in a file.
fn log(name: &str, validity: Validity) -> TransparencyLog {
    let key = PublicKey::from_pem(&data(name)).unwrap();
    trusted(name, &key, validity)
}

pub(crate) fn trusted(url: &str, key: &PublicKey, validity: Validity) -> TransparencyLog {
    let id = LogId::new(Digest::sha256(key.as_der()).bytes().try_into().unwrap());
    TransparencyLog::new(url.to_owned(), ServiceKey::usual(key.clone()), id, validity)
}

pub(crate) fn always() -> Validity {
    Validity::new(None, None)
}

fn path(leaf: &str, authority: &str, at: &str) -> VerifiedPath {
    let leaf = chain(leaf).remove(0);
    verify_path(&leaf, &[], &chain(authority), Purpose::CodeSigning, time(at)).unwrap()
}

fn email() -> VerifiedPath {
    path("production/email", "production/authority-2", "2025-02-28T19:20:00Z")
}

/// A leaf, its authority, a moment at which both are valid, a log, and when that saw the leaf.
const SEEN: [(&str, &str, &str, &str, &str); 6] = [
    (
        "production/email",
        "production/authority-2",
        "2025-02-28T19:20:00Z",
        "production/log-2.pub",
        "2025-02-28T19:18:11",
    ),
    (
        "production/workflow",
        "production/authority-2",
        "2024-12-04T23:20:00Z",
        "production/log-2.pub",
        "2024-12-04T23:14:01",
    ),
    (
        "production/service-rsa4096",
        "production/authority-2",
        "2026-05-26T14:23:00Z",
        "production/log-2.pub",
        "2026-05-26T14:2",
    ),
    (
        "staging/old-issuer",
        "staging/authority-1",
        "2023-01-30T22:45:00Z",
        "staging/log-3.pub",
        "2023-01-30T22:42:08",
    ),
    (
        "staging/token-subject",
        "staging/authority-2",
        "2026-07-08T05:26:00Z",
        "staging/log-5.pub",
        "2026-07-08T05:25:11",
    ),
    (
        "stack/leaf",
        "stack/authority-1",
        "2026-11-22T18:30:00Z",
        "stack/log-1.pub",
        "2026-11-22T",
    ),
];

#[test]
fn the_published_logs_saw_what_they_saw() {
    for (leaf, authority, at, log_name, seen) in SEEN {
        let path = path(leaf, authority, at);
        let found = verify_embedded(&path, &[log(log_name, always())]).unwrap();
        let [only] = found.logs() else {
            panic!("{leaf}: {found:?}");
        };
        assert_eq!(only.url(), log_name);
        assert!(only.at().to_string().starts_with(seen), "{leaf}: {}", only.at());
    }
}

#[test]
fn a_log_saw_the_certificate_of_another_authority_too() {
    let file = chain("sigstore-java/fulcio-certWithSct");
    let (leaf, authority) = file.split_first().unwrap();
    let path = verify_path(leaf, &[], authority, Purpose::CodeSigning, time("2022-06-01T21:20:00Z")).unwrap();
    let found = verify_embedded(&path, &[log("sigstore-java/ctfe.pub", always())]).unwrap();
    assert_eq!(found.logs()[0].at(), time("2022-06-01T21:16:31.538Z"));
    assert!(found.refusals().is_empty());
}

#[test]
fn a_certificate_without_a_timestamp_is_not_known_to_be_logged() {
    let path = path("github/workflow", "github/authority-6", "2026-07-24T15:31:00Z");
    assert_matches!(
        verify_embedded(&path, &[log("stack/log-1.pub", always())]),
        Err(SctError::Absent)
    );
}

/// A certificate of Fulcio from before there were logs, and one of the tests of RFC 6962, whose key is too weak.
#[test]
fn the_other_samples_of_sigstore_java_are_not_known_to_be_logged() {
    let file = chain("sigstore-java/fulcio-cert");
    let (leaf, authority) = file.split_first().unwrap();
    let path = verify_path(leaf, &[], authority, Purpose::CodeSigning, time("2022-04-15T18:20:00Z")).unwrap();
    let logs = [log("sigstore-java/ctfe.pub", always())];
    assert_matches!(verify_embedded(&path, &logs), Err(SctError::Absent));
    let weak = verify_path(
        &certificate("sigstore-java/cert-ct-embedded"),
        &[],
        &chain("sigstore-java/ca-cert"),
        Purpose::CodeSigning,
        time("2015-01-01T00:00:00Z"),
    );
    assert_matches!(weak, Err(PathError::Key { .. }));
}

#[test]
fn a_log_that_is_not_trusted_proves_nothing() {
    let expected = "dd3d306ac6c7113263191e1c99673702a24a5eb8de3cadff878a72802f29ee8e";
    for logs in [&[][..], &[log("stack/log-1.pub", always())]] {
        assert_matches!(
            verify_embedded(&email(), logs),
            Err(SctError::UnknownLog { found }) if found == expected
        );
    }
}

#[test]
fn a_log_is_believed_within_its_validity_with_both_ends_included() {
    let at = verify_embedded(&email(), &[log("production/log-2.pub", always())])
        .unwrap()
        .logs()[0]
        .at();
    let second = jiff::SignedDuration::from_millis(1);
    let judge = |start, end| verify_embedded(&email(), &[log("production/log-2.pub", Validity::new(start, end))]);
    assert_matches!(judge(Some(at), Some(at)), Ok(_));
    for (start, end) in [(Some(at + second), None), (None, Some(at - second))] {
        assert_matches!(
            judge(start, end),
            Err(SctError::LogOutsideValidity { validity, at: found, .. })
                if validity == Validity::new(start, end) && found == at
        );
    }
    // listed twice, for two spans
    let spans = [(Some(at + second), None), (None, Some(at))];
    let logs = spans.map(|(start, end)| log("production/log-2.pub", Validity::new(start, end)));
    assert_matches!(verify_embedded(&email(), &logs), Ok(_));
}

#[test]
fn a_timestamp_of_another_log_under_this_ones_id_is_refused() {
    let right = log("production/log-2.pub", always());
    let key = PublicKey::from_pem(&data("stack/log-1.pub")).unwrap();
    let wrong = TransparencyLog::new("log".to_owned(), ServiceKey::usual(key), right.id(), always());
    assert_matches!(
        verify_embedded(&email(), &[wrong]),
        Err(SctError::SignatureMismatch { log }) if log.as_str() == "log"
    );
}
