//! Keys of services are what their details say, and verify by the one scheme that these name.

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RSA_PSS_SHA384};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::key::{Curve, KeyAlgorithm, PublicKeyAlgorithm, PublicKeyError, SignatureDigest};
use countersign_core::log::LogId;
use countersign_core::trust::{Scheme, ServiceKey, ServiceKeyError, TransparencyLog, Validity};
use countersign_core::{Digest, PrivateKey, PublicKey, Signature, Signer, TrustedRoot};

const RSA_2048: &[u8] = include_bytes!("../data/keys/openssl/pkcs8-rsa2048.pem");
const RSA_2560: &[u8] = include_bytes!("../data/keys/openssl/rsa2560.pub");
const RSA_3072: &[u8] = include_bytes!("../data/keys/openssl/pkcs1-rsa3072.pem");
const RSA_4096: &[u8] = include_bytes!("../data/keys/openssl/pkcs1-rsa4096.pem");

use SignatureDigest::{Sha256, Sha384, Sha512};

fn rsa(pem: &[u8]) -> Vec<u8> {
    if let Ok(key) = PublicKey::from_pem(pem) {
        return key.as_der().to_vec();
    }
    PrivateKey::import(pem, None).unwrap().public_key().as_der().to_vec()
}

fn generated(algorithm: KeyAlgorithm) -> Vec<u8> {
    PrivateKey::generate(algorithm).unwrap().public_key().as_der().to_vec()
}

/// The `RSAPublicKey` in a `SubjectPublicKeyInfo`, which ends with it.
fn pkcs1(info: &[u8]) -> &[u8] {
    let start = info
        .windows(4)
        .rposition(|bytes| bytes == [0x30, 0x82, 1, 0x0a])
        .unwrap();
    &info[start..]
}

#[test]
fn every_registered_name_of_ecdsa_and_ed25519_stands_for_its_key_and_scheme() {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519};
    for (details, algorithm, scheme) in [
        ("PKIX_ECDSA_P256_SHA_256", EcdsaP256, Scheme::Ecdsa(Sha256)),
        ("PKIX_ECDSA_P256_HMAC_SHA_256", EcdsaP256, Scheme::Ecdsa(Sha256)),
        ("PKIX_ECDSA_P384_SHA_384", EcdsaP384, Scheme::Ecdsa(Sha384)),
        ("PKIX_ECDSA_P384_SHA_256", EcdsaP384, Scheme::Ecdsa(Sha256)),
        ("PKIX_ECDSA_P521_SHA_512", EcdsaP521, Scheme::Ecdsa(Sha512)),
        ("PKIX_ECDSA_P521_SHA_256", EcdsaP521, Scheme::Ecdsa(Sha256)),
        ("PKIX_ED25519", Ed25519, Scheme::Ed25519),
        ("PKIX_ED25519_PH", Ed25519, Scheme::Ed25519Prehashed),
    ] {
        check_name(details, &generated(algorithm), scheme);
    }
}

#[test]
fn every_registered_name_of_rsa_stands_for_its_key_and_scheme() {
    let rsa_2048 = rsa(RSA_2048);
    for (details, bytes, scheme) in [
        (
            "PKIX_RSA_PKCS1V15_2048_SHA256",
            rsa_2048.as_slice(),
            Scheme::RsaPkcs1(Sha256),
        ),
        (
            "PKIX_RSA_PKCS1V15_3072_SHA256",
            &rsa(RSA_3072),
            Scheme::RsaPkcs1(Sha256),
        ),
        (
            "PKIX_RSA_PKCS1V15_4096_SHA256",
            &rsa(RSA_4096),
            Scheme::RsaPkcs1(Sha256),
        ),
        ("PKIX_RSA_PSS_2048_SHA256", &rsa_2048, Scheme::RsaPss(Sha256)),
        ("PKIX_RSA_PSS_3072_SHA256", &rsa(RSA_3072), Scheme::RsaPss(Sha256)),
        ("PKIX_RSA_PSS_4096_SHA256", &rsa(RSA_4096), Scheme::RsaPss(Sha256)),
        ("PKIX_RSA_PKCS1V5", &rsa(RSA_2560), Scheme::RsaPkcs1(Sha256)),
        ("PKIX_RSA_PSS", &rsa(RSA_2560), Scheme::RsaPss(Sha256)),
        ("PKCS1_RSA_PKCS1V5", pkcs1(&rsa_2048), Scheme::RsaPkcs1(Sha256)),
        ("PKCS1_RSA_PSS", pkcs1(&rsa_2048), Scheme::RsaPss(Sha256)),
    ] {
        check_name(details, bytes, scheme);
    }
}

fn check_name(details: &str, bytes: &[u8], scheme: Scheme) {
    let key = ServiceKey::named(details, bytes).unwrap_or_else(|error| panic!("{details}: {error}"));
    assert_eq!(key.scheme(), scheme, "{details}");
    assert!(key.key().as_der().ends_with(bytes), "{details}");
    assert_eq!(written_and_read(key.clone()), key, "{details}");
}

/// The key of a log that was written to a trusted root and read again.
fn written_and_read(key: ServiceKey) -> ServiceKey {
    let hash = Digest::sha256(key.key().as_der()).bytes();
    let id = LogId::new(hash.try_into().unwrap());
    let log = TransparencyLog::new("https://log.example".to_owned(), key, id, Validity::ALWAYS);
    let written = TrustedRoot::default().with_logs([log]).to_json();
    TrustedRoot::parse(&written).unwrap().logs()[0].key().clone()
}

#[test]
fn a_key_of_another_kind_than_its_details_is_refused() {
    let p256 = generated(KeyAlgorithm::EcdsaP256);
    for (details, bytes, found) in [
        ("PKIX_ED25519", &p256, PublicKeyAlgorithm::Ecdsa(Curve::P256)),
        ("PKIX_RSA_PSS", &p256, PublicKeyAlgorithm::Ecdsa(Curve::P256)),
        ("PKIX_ECDSA_P384_SHA_384", &p256, PublicKeyAlgorithm::Ecdsa(Curve::P256)),
        (
            "PKIX_ECDSA_P256_SHA_256",
            &rsa(RSA_2048),
            PublicKeyAlgorithm::Rsa { bits: 2048 },
        ),
        (
            "PKIX_RSA_PSS_4096_SHA256",
            &rsa(RSA_2048),
            PublicKeyAlgorithm::Rsa { bits: 2048 },
        ),
        (
            "PKIX_RSA_PKCS1V15_2048_SHA256",
            &rsa(RSA_3072),
            PublicKeyAlgorithm::Rsa { bits: 3072 },
        ),
        (
            "PKIX_ED25519_PH",
            &rsa(RSA_2048),
            PublicKeyAlgorithm::Rsa { bits: 2048 },
        ),
    ] {
        assert_eq!(
            ServiceKey::named(details, bytes),
            Err(ServiceKeyError::OtherKind {
                expected: details.into(),
                found
            })
        );
    }
}

#[test]
fn a_name_that_is_not_known_is_refused() {
    for details in ["ML_DSA_65", "LMS_SHA256", "PUBLIC_KEY_DETAILS_UNSPECIFIED", ""] {
        assert_eq!(
            ServiceKey::named(details, &[]),
            Err(ServiceKeyError::UnknownDetails { found: details.into() })
        );
    }
}

#[test]
fn bytes_that_are_no_key_in_the_encoding_of_the_name_are_refused() {
    let info = rsa(RSA_2048);
    for (details, bytes) in [
        ("PKCS1_RSA_PKCS1V5", info.as_slice()),
        ("PKIX_RSA_PKCS1V5", pkcs1(&info)),
    ] {
        assert!(
            matches!(
                ServiceKey::named(details, bytes),
                Err(ServiceKeyError::Key(PublicKeyError::Malformed { .. }))
            ),
            "{details}"
        );
    }
    assert_eq!(
        ServiceKey::named("PKIX_ED25519", &[]),
        Err(ServiceKeyError::Key(PublicKeyError::Empty))
    );
}

#[test]
fn ecdsa_verifies_by_the_digest_that_is_named_alone() {
    let sign = |digest| {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
        let key = key.with_digest(digest).unwrap();
        let signature = key.sign(b"message").unwrap();
        (key.public_key().as_der().to_vec(), signature)
    };
    for (digest, details, is_valid) in [
        (Sha384, "PKIX_ECDSA_P384_SHA_384", true),
        (Sha384, "PKIX_ECDSA_P384_SHA_256", false),
        (Sha256, "PKIX_ECDSA_P384_SHA_384", false),
        (Sha256, "PKIX_ECDSA_P384_SHA_256", true),
    ] {
        let (key, signature) = sign(digest);
        let key = ServiceKey::named(details, &key).unwrap();
        assert_eq!(key.verifies(b"message", &signature), is_valid, "{digest} as {details}");
        assert!(!key.verifies(b"another", &signature));
    }
}

#[test]
fn ed25519_is_over_the_message_or_over_its_hash_as_named() {
    // RFC 8032 §7.1 test 3 and §7.3
    let pure = (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    );
    let prehashed = (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "616263",
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
         31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
    );
    for ((key, message, signature), details, is_valid) in [
        (pure, "PKIX_ED25519", true),
        (pure, "PKIX_ED25519_PH", false),
        (prehashed, "PKIX_ED25519_PH", true),
        (prehashed, "PKIX_ED25519", false),
    ] {
        let info = hex::decode(format!("302a300506032b6570032100{key}")).unwrap();
        let key = ServiceKey::named(details, &info).unwrap();
        let message = hex::decode(message).unwrap();
        let signature = Signature::new(hex::decode(signature).unwrap());
        assert_eq!(key.verifies(&message, &signature), is_valid, "{details}");
    }
}

#[test]
fn rsa_verifies_by_the_padding_that_is_named_alone() {
    let pair = pair();
    let info = rsa(RSA_2048);
    let pkcs1_signature = PrivateKey::import(RSA_2048, None).unwrap().sign(b"message").unwrap();
    let pss = |encoding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        pair.sign(encoding, &random, b"message", &mut signature).unwrap();
        Signature::new(signature)
    };
    for (details, signature, is_valid) in [
        ("PKIX_RSA_PKCS1V15_2048_SHA256", &pkcs1_signature, true),
        ("PKIX_RSA_PSS_2048_SHA256", &pkcs1_signature, false),
        ("PKIX_RSA_PSS_2048_SHA256", &pss(&RSA_PSS_SHA256), true),
        ("PKIX_RSA_PSS_2048_SHA256", &pss(&RSA_PSS_SHA384), false),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", &pss(&RSA_PSS_SHA256), false),
    ] {
        let key = ServiceKey::named(details, &info).unwrap();
        assert_eq!(key.verifies(b"message", signature), is_valid, "{details}");
    }
}

/// The key of the file as AWS-LC has it, which signs by RSASSA-PSS too.
fn pair() -> KeyPair {
    let text = std::str::from_utf8(RSA_2048).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap()
}

#[test]
fn a_key_without_details_signs_as_is_usual_for_its_kind() {
    for (info, scheme) in [
        (generated(KeyAlgorithm::EcdsaP256), Scheme::Ecdsa(Sha256)),
        (generated(KeyAlgorithm::EcdsaP384), Scheme::Ecdsa(Sha384)),
        (generated(KeyAlgorithm::EcdsaP521), Scheme::Ecdsa(Sha512)),
        (generated(KeyAlgorithm::Ed25519), Scheme::Ed25519),
        (rsa(RSA_2048), Scheme::RsaPkcs1(Sha256)),
    ] {
        let key = ServiceKey::usual(PublicKey::from_der(&info).unwrap());
        assert_eq!(key.scheme(), scheme);
    }
}
