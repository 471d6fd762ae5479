//! What Rekor answers, as other clients are tested with it; `data/logs/ORIGIN.md` says where it is from.

use countersign_core::log::body::BodyError;
use countersign_core::log::promise::{PromiseError, check};
use countersign_core::log::{EntryBody, LogEntry};
use countersign_core::protocol::rekor::{LoggedError, entry_of_rekor_1, entry_of_rekor_2};
use countersign_core::trust::{TransparencyLog, Validity};

use super::read::data;

fn sample(name: &str) -> Vec<u8> {
    data(&format!("logs/sigstore-java/{name}"))
}

fn log() -> TransparencyLog {
    TransparencyLog::from_pem(
        "https://rekor.example".to_owned(),
        &sample("rekor.pub"),
        Validity::ALWAYS,
    )
    .unwrap()
}

fn body(entry: &LogEntry) -> Result<EntryBody, BodyError> {
    EntryBody::parse(entry.kind(), entry.body())
}

#[test]
fn an_answer_of_rekor_1_is_an_entry_that_its_log_promised() {
    let entry = entry_of_rekor_1(&sample("entry.json")).unwrap();
    assert_eq!(check(&entry, &log()).unwrap().as_second(), 1_656_448_131);
    body(&entry).unwrap();
    let checkpoint = entry.proof().unwrap().checkpoint().unwrap();
    assert!(checkpoint.starts_with("rekor.sigstage.dev - "), "{checkpoint}");
    // of another instance
    let jar = entry_of_rekor_1(&sample("jar-entry.json")).unwrap();
    assert_eq!(check(&jar, &log()), Err(PromiseError::Mismatch));
    assert_matches!(body(&jar), Err(BodyError::UnknownKind { found }) if found.as_str() == "jar 0.0.1");
}

#[test]
fn an_answer_without_a_proof_is_none() {
    assert_matches!(
        entry_of_rekor_1(&sample("entry-no-inclusion-proof.json")),
        Err(LoggedError::Json(error)) if error.to_string().starts_with("missing field `inclusionProof`")
    );
}

#[test]
fn an_answer_of_rekor_2_is_an_entry_of_a_kind_that_signatures_have() {
    body(&entry_of_rekor_2(&sample("entry-v2.json")).unwrap()).unwrap();
    let jar = entry_of_rekor_2(&sample("jar-entry-v2.json")).unwrap();
    assert_matches!(body(&jar), Err(BodyError::UnknownKind { found }) if found.as_str() == "jar 0.0.2");
}
