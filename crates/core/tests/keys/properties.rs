//! Parsers of key files: no bytes make them panic.

use countersign_core::key::{PrivateKey, PublicKey, Signature};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert_eq, proptest};

use super::{key_file, password};

/// Key files of every form, none of which costs much to read.
const FILES: [&str; 10] = [
    "cosign/p256.pub",
    "openssl/certificate.pem",
    "openssl/ed25519.pub",
    "openssl/pkcs1-rsa2048.pem",
    "openssl/pkcs1-rsa2048.pub",
    "openssl/pkcs8-ed25519.pem",
    "openssl/pkcs8-p521.pem",
    "openssl/rsa2048.pub",
    "openssl/sec1-p256-explicit.pem",
    "openssl/sec1-p256-with-parameters.pem",
];

fn read_every_way(bytes: &[u8]) {
    let _ = PublicKey::from_pem(bytes);
    let _ = PublicKey::from_der(bytes);
    let _ = PrivateKey::import(bytes, Some(&password("correct")));
    let _ = Signature::from_base64(&String::from_utf8_lossy(bytes));
}

fn label() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "PUBLIC KEY",
        "RSA PUBLIC KEY",
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "ENCRYPTED SIGSTORE PRIVATE KEY",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read_every_way(&bytes);
        let _ = PrivateKey::open(&bytes, &password(""));
    }

    #[test]
    fn arbitrary_contents_in_pem_are_read_without_panic(
        label in label(),
        bytes in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(bytes);
        let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        read_every_way(text.as_bytes());
        let _ = PrivateKey::open(text.as_bytes(), &password(""));
    }

    #[test]
    fn mutated_key_files_are_read_without_panic(
        name in prop::sample::select(FILES.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = key_file(name);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        read_every_way(&bytes);
        bytes.truncate(keep.index(bytes.len() + 1));
        read_every_way(&bytes);
    }

    #[test]
    fn mutated_der_is_read_without_panic(
        name in prop::sample::select(vec!["openssl/p256.pub", "openssl/rsa2048.pub", "openssl/ed25519.pub"]),
        place in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut der = super::public_key(name).as_der().to_vec();
        let place = place.index(der.len());
        der[place] = value;
        if let Ok(key) = PublicKey::from_der(&der) {
            prop_assert_eq!(key.as_der(), der.as_slice());
        }
    }
}
