//! Private key files of other programs, encrypted ones too.
#![no_main]

use countersign_core::Secret;
use countersign_core::key::PrivateKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let password = Secret::new(b"correct".to_vec());
    let _ = PrivateKey::import(bytes, Some(&password));
});
