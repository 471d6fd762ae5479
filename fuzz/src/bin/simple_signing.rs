//! Simple-signing payloads.

#![no_main]

use countersign_core::payload::simple_signing::SimpleSigning;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(payload) = SimpleSigning::parse(bytes) {
        assert!(payload.digest().len() <= bytes.len());
    }
});
