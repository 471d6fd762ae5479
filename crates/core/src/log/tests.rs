//! Logs of our own, for the tests of all that logs sign.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::LogId;
use super::note::KeyId;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::signer::Signer;
use crate::trust::{ServiceKey, TransparencyLog, Validity};

pub(super) const URL: &str = "https://log.example";
pub(super) const NAME: &str = "log.example";
pub(super) const SHARD: &str = "log.example - 77";

pub(super) fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm).unwrap()
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A log at an address, whose id is the digest of its key, trusted from second 100 to second 200.
pub(super) fn log_at(url: &str, key: &PrivateKey) -> TransparencyLog {
    let id = digest(&SHA256, key.public_key().as_der());
    TransparencyLog::new(
        url.to_owned(),
        ServiceKey::usual(key.public_key().clone()),
        LogId::new(id.as_ref().try_into().unwrap()),
        Validity::new(Some(at(100)), Some(at(200))),
    )
}

/// A line of a note, with the signature of `key` over `text`.
pub(super) fn line(name: &str, id: KeyId, key: &PrivateKey, text: &str) -> String {
    line_of(name, id, key.sign(text.as_bytes()).unwrap().as_bytes())
}

pub(super) fn line_of(name: &str, id: KeyId, signature: &[u8]) -> String {
    let blob = [id.as_bytes(), signature].concat();
    format!("— {name} {}\n", crate::go_json::encode_bytes(&blob))
}

#[test]
fn ids_are_shown_in_base64() {
    assert_eq!(
        LogId::new([0; 32]).to_string(),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    );
}
