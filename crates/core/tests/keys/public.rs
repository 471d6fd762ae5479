//! Public key files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::key::{
    Curve, KEY_FILE_LIMIT, PemError, PublicKey, PublicKeyAlgorithm, PublicKeyError, UnsupportedKey,
};

use super::{key_file, public_key};

fn refusal(name: &str) -> PublicKeyError {
    PublicKey::from_pem(&key_file(name)).expect_err(name)
}

#[test]
fn key_is_written_back_as_it_was_read() {
    for (name, algorithm) in [
        ("openssl/p256.pub", PublicKeyAlgorithm::Ecdsa(Curve::P256)),
        ("openssl/p384.pub", PublicKeyAlgorithm::Ecdsa(Curve::P384)),
        ("openssl/p521.pub", PublicKeyAlgorithm::Ecdsa(Curve::P521)),
        ("openssl/ed25519.pub", PublicKeyAlgorithm::Ed25519),
        ("openssl/rsa2048.pub", PublicKeyAlgorithm::Rsa { bits: 2048 }),
        ("openssl/rsa2560.pub", PublicKeyAlgorithm::Rsa { bits: 2560 }),
        ("openssl/rsa2048-exponent3.pub", PublicKeyAlgorithm::Rsa { bits: 2048 }),
    ] {
        let key = public_key(name);
        assert_eq!(key.to_pem().into_bytes(), key_file(name), "{name}");
        assert_eq!(key.algorithm(), algorithm, "{name}");
        assert_eq!(PublicKey::from_der(key.as_der()), Ok(key), "{name}");
    }
}

#[test]
fn pkcs1_form_is_the_same_key() {
    assert_eq!(
        public_key("openssl/pkcs1-rsa2048.pub"),
        public_key("openssl/rsa2048.pub")
    );
}

#[test]
fn comments_before_and_white_space_around_are_no_obstacle() {
    let text = String::from_utf8(key_file("openssl/p256.pub")).unwrap();
    let text = format!("\u{feff}# our key\r\n\r\n{}\r\n \n", text.replace('\n', " \r\n"));
    assert_eq!(PublicKey::from_pem(text.as_bytes()), Ok(public_key("openssl/p256.pub")));
}

#[test]
fn files_that_are_empty_oversized_or_no_pem_are_refused() {
    assert_eq!(PublicKey::from_pem(b""), Err(PublicKeyError::Empty));
    assert_eq!(PublicKey::from_der(b""), Err(PublicKeyError::Empty));
    let found = KEY_FILE_LIMIT + 1;
    assert_eq!(
        PublicKey::from_pem(&vec![b'-'; found]),
        Err(PublicKeyError::Oversized {
            limit: KEY_FILE_LIMIT,
            found
        })
    );
    let der = public_key("openssl/p256.pub").as_der().to_vec();
    assert_eq!(PublicKey::from_pem(&der), Err(PublicKeyError::Pem(PemError::NotPem)));
}

#[test]
fn files_with_something_else_are_refused_by_what_it_is() {
    let label = |label: &str| label.to_owned();
    for (name, expected) in [
        ("cosign/p256.key", label("ENCRYPTED SIGSTORE PRIVATE KEY")),
        ("openssl/pkcs8-p256.pem", label("PRIVATE KEY")),
        ("openssl/sec1-p256.pem", label("EC PRIVATE KEY")),
        ("openssl/openssh.pem", label("OPENSSH PRIVATE KEY")),
    ] {
        assert_eq!(refusal(name), PublicKeyError::PrivateKeyGiven { label: expected });
    }
    assert_eq!(refusal("openssl/certificate.pem"), PublicKeyError::CertificateGiven);
    assert_eq!(
        refusal("openssl/sec1-p256-with-parameters.pem"),
        PublicKeyError::UnknownPemType {
            found: label("EC PARAMETERS")
        }
    );
}

#[test]
fn anything_after_the_key_is_refused() {
    let one = key_file("openssl/p256.pub");
    let two = [one.clone(), key_file("openssl/p384.pub")].concat();
    assert_eq!(PublicKey::from_pem(&two), Err(PublicKeyError::TrailingData));
    let text = [one, b"more\n".to_vec()].concat();
    assert_eq!(PublicKey::from_pem(&text), Err(PublicKeyError::TrailingData));
    for name in ["openssl/p256.pub", "openssl/rsa2048.pub", "openssl/ed25519.pub"] {
        let der = [public_key(name).as_der(), &[0]].concat();
        assert_eq!(PublicKey::from_der(&der), Err(PublicKeyError::TrailingData), "{name}");
    }
}

#[test]
fn malformed_der_is_refused() {
    let whole = public_key("openssl/p256.pub").as_der().to_vec();
    for length in 1..whole.len() {
        let cut = PublicKey::from_der(whole.get(..length).unwrap());
        assert!(
            matches!(cut, Err(PublicKeyError::Malformed { .. })),
            "{length}: {cut:?}"
        );
    }
}

#[test]
fn second_spelling_of_a_key_is_refused() {
    assert_eq!(refusal("openssl/p256-compressed.pub"), PublicKeyError::NotCanonical);
    // RSA without the NULL parameters that RFC 3279 §2.3.1 asks for.
    let der = public_key("openssl/rsa2048.pub").as_der().to_vec();
    let identifier = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let (start, rest) = der.split_at(4);
    let key = rest.strip_prefix(&identifier).unwrap();
    let mut without = start.to_vec();
    *without.last_mut().unwrap() -= 2;
    without.extend([0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
    without.extend(key);
    let refused = PublicKey::from_der(&without).expect_err("second spelling");
    assert!(
        matches!(refused, PublicKeyError::NotCanonical | PublicKeyError::Rejected { .. }),
        "{refused:?}"
    );
}

#[test]
fn point_off_the_curve_is_refused() {
    let mut der = public_key("openssl/p256.pub").as_der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(
        PublicKey::from_der(&der),
        Err(PublicKeyError::Rejected {
            algorithm: PublicKeyAlgorithm::Ecdsa(Curve::P256)
        })
    );
}

#[test]
fn unsupported_keys_are_refused_by_name() {
    assert_eq!(
        refusal("openssl/secp256k1.pub"),
        PublicKeyError::Unsupported(UnsupportedKey::Curve {
            found: "secp256k1".to_owned()
        })
    );
    assert_eq!(
        refusal("openssl/p256-explicit.pub"),
        PublicKeyError::Unsupported(UnsupportedKey::CurveUnnamed)
    );
    assert_eq!(
        refusal("openssl/rsa1024.pub"),
        PublicKeyError::Unsupported(UnsupportedKey::RsaSize {
            expected: "2048 to 8192",
            found: 1024
        })
    );
    let x25519 = STANDARD
        .decode("MCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .unwrap();
    assert_eq!(
        PublicKey::from_der(&x25519),
        Err(PublicKeyError::Unsupported(UnsupportedKey::Algorithm {
            found: "X25519".to_owned()
        }))
    );
}
