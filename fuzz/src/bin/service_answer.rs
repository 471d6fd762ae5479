//! What Fulcio and the logs answer, and identity tokens.

#![no_main]

use std::sync::LazyLock;

use countersign::oidc::IdentityToken;
use countersign_core::certificate::Certificate;
use countersign_core::protocol::fulcio::Issued;
use countersign_core::protocol::rekor::{entry_of_rekor_1, entry_of_rekor_2};
use countersign_core::{PublicKey, Secret};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const LEAF: &[u8] = include_bytes!("../../../crates/core/tests/data/certificates/stack/leaf.pem");

static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let certificate = Certificate::from_pem(LEAF).expect("a certificate");
    certificate.public_key().expect("its key").clone()
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(issued) = Issued::parse(bytes, &KEY) {
        assert_eq!(issued.certificate().public_key(), Ok(&*KEY));
    }
    for read in [entry_of_rekor_1, entry_of_rekor_2] {
        if let Ok(entry) = read(bytes) {
            assert!(entry.proof().is_some());
        }
    }
    let text = Secret::new(String::from_utf8_lossy(bytes).into_owned());
    if let Ok(token) = IdentityToken::parse(text, Timestamp::UNIX_EPOCH) {
        assert!(!token.subject().is_empty());
    }
});
