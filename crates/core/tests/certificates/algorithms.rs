//! How certificates are signed.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding};
use countersign_core::Certificate;
use countersign_core::certificate::AlgorithmError;
use countersign_core::certificate::path::{PathError, Purpose, VerifiedPath, verify_path};
use countersign_core::key::{KeyAlgorithm, SignatureDigest};

use super::builder::{Draft, Party, assemble, identifier, object, sequence, tlv};
use super::world::noon;

const ECDSA: [(SignatureDigest, &str); 3] = [
    (SignatureDigest::Sha256, "1.2.840.10045.4.3.2"),
    (SignatureDigest::Sha384, "1.2.840.10045.4.3.3"),
    (SignatureDigest::Sha512, "1.2.840.10045.4.3.4"),
];
const RSA: [(SignatureDigest, &str); 3] = [
    (SignatureDigest::Sha256, "1.2.840.113549.1.1.11"),
    (SignatureDigest::Sha384, "1.2.840.113549.1.1.12"),
    (SignatureDigest::Sha512, "1.2.840.113549.1.1.13"),
];
const HASHES: [(SignatureDigest, &str); 3] = [
    (SignatureDigest::Sha256, "2.16.840.1.101.3.4.2.1"),
    (SignatureDigest::Sha384, "2.16.840.1.101.3.4.2.2"),
    (SignatureDigest::Sha512, "2.16.840.1.101.3.4.2.3"),
];

fn judge(leaf: &Certificate, root: Certificate) -> Result<VerifiedPath, PathError> {
    verify_path(leaf, &[], &[root], Purpose::CodeSigning, noon())
}

fn signed_as(algorithm: Vec<u8>, draft: Draft) -> Draft {
    Draft { algorithm, ..draft }
}

/// Judges a leaf that `issuer` signed and whose algorithm is called `algorithm`.
fn judge_signed_as(issuer: &Party, algorithm: Vec<u8>) -> Result<VerifiedPath, PathError> {
    let root = issuer.sign(&issuer.authority());
    judge(&issuer.sign(&signed_as(algorithm, Party::new("signer").leaf())), root)
}

#[test]
fn ecdsa_on_every_curve_signs_with_every_digest() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::EcdsaP521,
    ] {
        for (digest, oid) in ECDSA {
            let issuer = Party::with_key("issuer", algorithm).with_digest(digest);
            assert_matches!(judge_signed_as(&issuer, identifier(oid)), Ok(_));
        }
    }
}

#[test]
fn rsa_signs_with_every_digest_and_says_so_with_null_or_nothing() {
    for (digest, oid) in RSA {
        let issuer = Party::with_key("issuer", KeyAlgorithm::Rsa2048).with_digest(digest);
        for algorithm in [identifier(oid), sequence(&[object(oid), tlv(5, &[])])] {
            assert_matches!(judge_signed_as(&issuer, algorithm), Ok(_));
        }
    }
}

#[test]
fn ed25519_signs() {
    let issuer = Party::with_key("issuer", KeyAlgorithm::Ed25519);
    assert_matches!(judge_signed_as(&issuer, identifier("1.3.101.112")), Ok(_));
}

#[test]
fn another_digest_than_is_named_is_refused() {
    let mismatch = PathError::SignatureMismatch {
        subject: "CN=signer".into(),
        issuer: "CN=issuer".into(),
    };
    let issuer = Party::new("issuer");
    let result = judge_signed_as(&issuer, identifier("1.2.840.10045.4.3.3"));
    assert_eq!(result.unwrap_err(), mismatch);
    let issuer = Party::with_key("issuer", KeyAlgorithm::Rsa2048);
    let result = judge_signed_as(&issuer, identifier("1.2.840.113549.1.1.13"));
    assert_eq!(result.unwrap_err(), mismatch);
}

#[test]
fn an_algorithm_of_another_kind_than_the_key_is_refused() {
    for (issuer, oid) in [
        (Party::new("issuer"), "1.3.101.112"),
        (Party::with_key("issuer", KeyAlgorithm::Ed25519), "1.2.840.10045.4.3.2"),
        (Party::new("issuer"), "1.2.840.113549.1.1.11"),
        (Party::with_key("issuer", KeyAlgorithm::Rsa2048), "1.2.840.10045.4.3.2"),
    ] {
        assert_matches!(
            judge_signed_as(&issuer, identifier(oid)),
            Err(PathError::SignatureMismatch { .. })
        );
    }
}

#[test]
fn an_ecdsa_signature_is_der_and_not_two_numbers() {
    let issuer = Party::new("issuer");
    let draft = Party::new("signer").leaf();
    let tbs = draft.tbs(&issuer.name);
    let signature = countersign_core::Signer::sign(&issuer.key, &tbs).unwrap();
    let raw = raw(signature.as_bytes());
    assert_eq!(
        issuer
            .key
            .public_key()
            .verify(&tbs, &countersign_core::Signature::new(raw.clone()), None),
        Ok(())
    );
    let leaf = Certificate::from_der(&assemble(&tbs, &draft.algorithm, &raw)).unwrap();
    assert_matches!(
        judge(&leaf, issuer.sign(&issuer.authority())),
        Err(PathError::SignatureMismatch { .. })
    );
}

/// The numbers of a DER signature, 32 bytes each.
fn raw(der: &[u8]) -> Vec<u8> {
    let mut rest = &der[2..];
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        numbers.extend(vec![0; 32 - number.len()]);
        numbers.extend(number);
        rest = &rest[2 + length..];
    }
    numbers
}

#[test]
fn weak_and_unknown_algorithms_are_refused_by_name() {
    let issuer = Party::new("issuer");
    // SHA-1 with RSA and with ECDSA, MD5 with RSA, ML-DSA-65
    for oid in [
        "1.2.840.113549.1.1.5",
        "1.2.840.10045.4.1",
        "1.2.840.113549.1.1.4",
        "2.16.840.1.101.3.4.3.18",
    ] {
        assert_eq!(
            judge_signed_as(&issuer, identifier(oid)).unwrap_err(),
            PathError::Algorithm {
                subject: "CN=signer".into(),
                source: AlgorithmError::Unknown { found: oid.into() }
            }
        );
    }
}

#[test]
fn parameters_where_there_are_none_are_refused() {
    let issuer = Party::new("issuer");
    for oid in ["1.2.840.10045.4.3.2", "1.3.101.112"] {
        let algorithm = sequence(&[object(oid), tlv(5, &[])]);
        assert_matches!(
            judge_signed_as(&issuer, algorithm),
            Err(PathError::Algorithm {
                source: AlgorithmError::Malformed(_),
                ..
            })
        );
    }
}

/// `RSASSA-PSS-params` with this hash, the hash of its mask, and this length of the salt.
fn pss(hash: &str, mask_hash: &str, salt: u8) -> Vec<u8> {
    pss_with("1.2.840.113549.1.1.8", hash, mask_hash, salt)
}

fn pss_with(mask: &str, hash: &str, mask_hash: &str, salt: u8) -> Vec<u8> {
    let hash_of = |oid| sequence(&[object(oid), tlv(5, &[])]);
    let mask = sequence(&[object(mask), hash_of(mask_hash)]);
    let parameters = [tlv(0xa0, &hash_of(hash)), tlv(0xa1, &mask), tlv(0xa2, &tlv(2, &[salt]))];
    sequence(&pss_fields(&parameters))
}

fn pss_fields(parameters: &[Vec<u8>]) -> [Vec<u8>; 2] {
    [object("1.2.840.113549.1.1.10"), sequence(parameters)]
}

/// Judges a leaf signed by RSASSA-PSS with `scheme`, whose algorithm is called `algorithm`.
fn judge_pss(pair: &KeyPair, scheme: &'static dyn RsaEncoding, algorithm: &[u8]) -> Result<VerifiedPath, PathError> {
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let issuer = Party::new("issuer");
    let root = Draft {
        key_info: public.as_ref().to_vec(),
        ..issuer.authority()
    };
    let draft = signed_as(algorithm.to_vec(), Party::new("signer").leaf());
    let tbs = draft.tbs(&issuer.name);
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(scheme, &SystemRandom::new(), &tbs, &mut signature).unwrap();
    let leaf = Certificate::from_der(&assemble(&tbs, algorithm, &signature)).unwrap();
    judge(&leaf, issuer.sign(&root))
}

#[test]
fn rsa_pss_signs_with_one_hash_throughout_and_a_salt_as_long() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let schemes: [&'static dyn RsaEncoding; 3] = [&RSA_PSS_SHA256, &RSA_PSS_SHA384, &RSA_PSS_SHA512];
    for ((scheme, (_, oid)), salt) in schemes.into_iter().zip(HASHES).zip([32, 48, 64]) {
        assert_matches!(judge_pss(&pair, scheme, &pss(oid, oid, salt)), Ok(_));
    }
    let [sha256, sha384] = [HASHES[0].1, HASHES[1].1];
    for algorithm in [
        pss(sha256, sha384, 32),
        pss(sha256, sha256, 20),
        pss_with("1.2.3", sha256, sha256, 32),
        pss("1.3.14.3.2.26", "1.3.14.3.2.26", 20),
        sequence(&[object("1.2.840.113549.1.1.10"), sequence(&[])]),
    ] {
        assert_matches!(
            judge_pss(&pair, &RSA_PSS_SHA256, &algorithm),
            Err(PathError::Algorithm {
                source: AlgorithmError::PssParameters,
                ..
            })
        );
    }
    let mislabelled = judge_pss(&pair, &RSA_PSS_SHA256, &pss(sha384, sha384, 48));
    assert_matches!(mislabelled, Err(PathError::SignatureMismatch { .. }));
}

#[test]
fn what_follows_parameters_is_refused() {
    let after = |fields: &[Vec<u8>]| sequence(&[fields, &[tlv(5, &[])]].concat());
    for algorithm in [
        // RSA with a NULL and something after it, or with what is no NULL
        after(&[object("1.2.840.113549.1.1.11"), tlv(5, &[])]),
        sequence(&[object("1.2.840.113549.1.1.11"), tlv(4, &[])]),
        sequence(&[object("1.2.840.113549.1.1.11"), tlv(5, &[0])]),
        after(&pss_fields(&[])),
    ] {
        assert_matches!(
            judge_signed_as(&Party::new("issuer"), algorithm),
            Err(PathError::Algorithm {
                source: AlgorithmError::Malformed(_),
                ..
            })
        );
    }
}
