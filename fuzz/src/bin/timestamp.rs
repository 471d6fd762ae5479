//! Timestamps: responses and bare tokens, and what they sign.

#![no_main]

use std::sync::LazyLock;

use countersign_core::key::SignatureDigest;
use countersign_core::timestamp::{TimestampRequest, TimestampToken};
use countersign_core::trust::{Authority, Validity};
use libfuzzer_sys::fuzz_target;

const CHAIN: &[u8] = include_bytes!("../../../crates/core/tests/data/timestamps/rfc3161-client/sigstage-ts-chain.pem");

static AUTHORITY: LazyLock<[Authority; 1]> =
    LazyLock::new(|| [Authority::from_pem("https://tsa.example", CHAIN, Validity::ALWAYS).expect("a chain of two")]);

fuzz_target!(|bytes: &[u8]| {
    let token = TimestampToken::new(bytes.to_vec());
    // every seed is a timestamp of this message
    match token.verify(b"hello", &*AUTHORITY) {
        Ok(proven) => assert_eq!(proven.authority(), "https://tsa.example"),
        Err(error) => drop(error.to_string()),
    }
    let request = TimestampRequest::new(b"hello", SignatureDigest::Sha256, [1; 16]);
    drop(request.check_answer(&token));
});
