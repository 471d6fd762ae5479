//! Private key files in cosign's form: the PEM around them, and the JSON in it.
#![no_main]

use countersign_core::Secret;
use countersign_core::key::PrivateKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let password = Secret::new(Vec::new());
    let _ = PrivateKey::open(bytes, &password);
});
