//! What the certificate and timestamp authorities are asked. No key is taken for held that signed nothing.
#![no_main]

use countersign_core::timestamp::TimestampToken;
use countersign_server::service_fuzzing::{certificate_request, timestamp_request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    assert!(!certificate_request(data));
    if let Some(refusal) = timestamp_request(data) {
        let said = TimestampToken::new(refusal).verify(b"", &[]).expect_err("a refusal proves nothing");
        assert!(said.to_string().starts_with("timestamp authority answered with status 2"), "{said}");
    }
});
