//! Public key files and the base64 of signatures.
#![no_main]

use countersign_core::key::{PublicKey, Signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for key in [PublicKey::from_pem(bytes), PublicKey::from_der(bytes)]
        .into_iter()
        .flatten()
    {
        assert_eq!(PublicKey::from_pem(key.to_pem().as_bytes()).as_ref(), Ok(&key));
        assert_ne!(key.verify(b"message", &Signature::new(bytes.to_vec()), None), Ok(()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Signature::from_base64(text);
    }
});
