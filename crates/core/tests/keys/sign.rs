//! Signing and verifying.

use countersign_core::key::{KeyAlgorithm, PrivateKey, PublicKey, Signature, SignatureDigest, SignatureMismatch};
use countersign_core::signer::{Signer, SignerError};

use super::{key_file, password, public_key};

pub(crate) const MESSAGE: &[u8] = b"what was signed";
pub(crate) const DIGESTS: [SignatureDigest; 3] = [
    SignatureDigest::Sha256,
    SignatureDigest::Sha384,
    SignatureDigest::Sha512,
];

pub(crate) fn key(algorithm: KeyAlgorithm) -> PrivateKey {
    // RSA keys take long to make, so the tests import some.
    let name = match algorithm {
        KeyAlgorithm::Rsa2048 => "openssl/pkcs1-rsa2048.pem",
        KeyAlgorithm::Rsa3072 => "openssl/pkcs1-rsa3072.pem",
        KeyAlgorithm::Rsa4096 => "openssl/pkcs1-rsa4096.pem",
        other => return PrivateKey::generate(other).unwrap(),
    };
    PrivateKey::import(&key_file(name), None).unwrap()
}

fn tried(mismatch: Result<(), SignatureMismatch>) -> &'static [SignatureDigest] {
    mismatch.expect_err("another key's or message's").digests()
}

#[test]
fn signature_of_every_algorithm_verifies_over_its_message_only() {
    for algorithm in KeyAlgorithm::ALL {
        let (key, other) = (key(algorithm), key(KeyAlgorithm::EcdsaP256));
        let signature = key.sign(MESSAGE).unwrap();
        assert_eq!(
            key.public_key().verify(MESSAGE, &signature, None),
            Ok(()),
            "{algorithm}"
        );
        let mismatch = key.public_key().verify(b"another", &signature, None).unwrap_err();
        assert_eq!(mismatch.algorithm(), key.public_key().algorithm());
        tried(other.public_key().verify(MESSAGE, &signature, None));
        tried(key.public_key().verify(MESSAGE, &Signature::new(Vec::new()), None));
    }
}

#[test]
fn generated_rsa_key_signs() {
    let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
    let signature = key.sign(MESSAGE).unwrap();
    assert_eq!(key.public_key().verify(MESSAGE, &signature, None), Ok(()));
}

#[test]
fn generated_key_opens_again_after_sealing() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP521, KeyAlgorithm::Ed25519] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let sealed = key.seal(&password("pw"), [7; 32], [9; 24]).unwrap();
        let opened = PrivateKey::open(sealed.expose().as_bytes(), &password("pw")).unwrap();
        assert_eq!(opened.public_key(), key.public_key());
        assert!(sealed.expose().lines().all(|line| line.len() <= 64));
    }
}

#[test]
fn default_digest_is_sha256_for_every_ecdsa_and_rsa_key() {
    for algorithm in KeyAlgorithm::ALL {
        let key = key(algorithm);
        let signature = key.sign(MESSAGE).unwrap();
        let with_sha256 = key
            .public_key()
            .verify(MESSAGE, &signature, Some(SignatureDigest::Sha256));
        assert_eq!(with_sha256, Ok(()), "{algorithm}");
    }
}

#[test]
fn chosen_digest_verifies_with_that_digest_only() {
    for algorithm in KeyAlgorithm::ALL {
        if algorithm == KeyAlgorithm::Ed25519 {
            continue;
        }
        for digest in DIGESTS {
            let key = key(algorithm).with_digest(digest).unwrap();
            let signature = key.sign(MESSAGE).unwrap();
            for asked in DIGESTS {
                let answer = key.public_key().verify(MESSAGE, &signature, Some(asked));
                if asked == digest {
                    assert_eq!(answer, Ok(()), "{algorithm} {digest}");
                } else {
                    assert_eq!(tried(answer), [asked], "{algorithm} {digest}");
                }
            }
        }
    }
}

#[test]
fn without_a_digest_the_key_accepts_its_own_schemes_only() {
    use SignatureDigest::{Sha256, Sha384, Sha512};
    for (algorithm, accepted) in [
        (KeyAlgorithm::EcdsaP256, &[Sha256][..]),
        (KeyAlgorithm::EcdsaP384, &[Sha384, Sha256]),
        (KeyAlgorithm::EcdsaP521, &[Sha512, Sha256]),
        (KeyAlgorithm::Rsa2048, &[Sha256]),
    ] {
        for digest in DIGESTS {
            let key = key(algorithm).with_digest(digest).unwrap();
            let signature = key.sign(MESSAGE).unwrap();
            let answer = key.public_key().verify(MESSAGE, &signature, None);
            if accepted.contains(&digest) {
                assert_eq!(answer, Ok(()), "{algorithm} {digest}");
            } else {
                assert_eq!(tried(answer), accepted, "{algorithm} {digest}");
            }
        }
    }
}

#[test]
fn ed25519_key_has_its_own_digest() {
    assert_matches!(
        key(KeyAlgorithm::Ed25519).with_digest(SignatureDigest::Sha512),
        Err(SignerError::DigestIsFixed { .. })
    );
}

#[test]
fn raw_ecdsa_signature_verifies() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::EcdsaP521,
    ] {
        let key = key(algorithm);
        let width = match algorithm {
            KeyAlgorithm::EcdsaP256 => 32,
            KeyAlgorithm::EcdsaP384 => 48,
            _ => 66,
        };
        let mut raw = raw_of(key.sign(MESSAGE).unwrap().as_bytes(), width);
        assert_eq!(
            key.public_key().verify(MESSAGE, &Signature::new(raw.clone()), None),
            Ok(())
        );
        let longer = [raw.as_slice(), &[0]].concat();
        tried(key.public_key().verify(MESSAGE, &Signature::new(longer), None));
        *raw.last_mut().unwrap() ^= 1;
        tried(key.public_key().verify(MESSAGE, &Signature::new(raw), None));
    }
}

/// Takes r and s out of a DER signature, each as `width` bytes.
fn raw_of(der: &[u8], width: usize) -> Vec<u8> {
    let mut rest = if der[1] & 0x80 == 0 { &der[2..] } else { &der[3..] };
    let mut raw = Vec::new();
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let digits = &rest[2..2 + length];
        let digits = if digits.len() > width { &digits[1..] } else { digits };
        raw.extend(std::iter::repeat_n(0, width - digits.len()));
        raw.extend(digits);
        rest = &rest[2 + length..];
    }
    raw
}

#[test]
fn ed25519ph_signature_verifies() {
    // RFC 8032 §7.3.
    let prefix = hex::decode("302a300506032b6570032100").unwrap();
    let public = hex::decode("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf").unwrap();
    let signature = hex::decode(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
    )
    .unwrap();
    let key = PublicKey::from_der(&[prefix, public].concat()).unwrap();
    let signature = Signature::new(signature);
    assert_eq!(key.verify(b"abc", &signature, None), Ok(()));
    assert_eq!(tried(key.verify(b"abd", &signature, None)), []);
}

#[test]
fn mismatch_says_which_key_and_digests() {
    let mismatch = public_key("openssl/p384.pub")
        .verify(MESSAGE, &Signature::new(vec![0; 96]), None)
        .unwrap_err();
    assert_eq!(
        mismatch.to_string(),
        "signature is not this ecdsa-p384 key's over these bytes, tried sha384 and sha256"
    );
}

#[test]
fn secrets_are_not_printed() {
    let key = key(KeyAlgorithm::EcdsaP256);
    assert_eq!(format!("{key:?}"), format!("PrivateKey(of {:?})", key.public_key()));
}
