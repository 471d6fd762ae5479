//! Signed certificate timestamps: beside a certificate, and as a list within one.

#![no_main]

use countersign_core::certificate::path::{Purpose, VerifiedPath, verify_path};
use countersign_core::certificate::sct::{self, SctError, SignedCertificateTimestamp, verify_detached};
use countersign_core::log::LogId;
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use countersign_core::{Certificate, Digest, PublicKey};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const AUTHORITY: &[u8] = include_bytes!("../../../crates/core/tests/data/certificates/stack/authority-1.pem");
const LEAF: &[u8] = include_bytes!("../../../crates/core/tests/data/certificates/stack/leaf.pem");
const LOG: &[u8] = include_bytes!("../../../crates/core/tests/data/certificates/stack/log-1.pub");

fuzz_target!(|bytes: &[u8]| {
    let logs = [log()];
    if let Ok(timestamp) = SignedCertificateTimestamp::parse(bytes) {
        let error = verify_detached(&path(), &timestamp, &logs).expect_err("no log signed it");
        assert!(!error.to_string().is_empty());
    }
    match sct::fuzzing::verify_list(bytes, &path(), &logs) {
        Ok(seen) => assert_eq!(seen.logs().len(), 1, "the one timestamp that is a seed"),
        Err(error) => assert!(!matches!(error, SctError::IssuerUnknown), "{error}"),
    }
});

fn path() -> VerifiedPath {
    let authority = Certificate::chain_from_pem(AUTHORITY, 2).expect("an authority as it was made");
    let leaf = Certificate::from_pem(LEAF).expect("a leaf as it was issued");
    let at = moment();
    verify_path(&leaf, &[], &authority, Purpose::CodeSigning, at).expect("a leaf of the authority")
}

fn log() -> TransparencyLog {
    let key = PublicKey::from_pem(LOG).expect("a log's key");
    let id = Digest::sha256(key.as_der())
        .bytes()
        .try_into()
        .expect("SHA-256 has 32 bytes");
    let forever = Validity::new(None, None);
    TransparencyLog::new("log".to_owned(), ServiceKey::usual(key), LogId::new(id), forever)
}

/// A moment at which the leaf was valid.
fn moment() -> Timestamp {
    "2026-11-22T18:30:00Z".parse().expect("a time of RFC 3339")
}
