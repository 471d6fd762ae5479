//! Wycheproof: signatures that are subtly wrong.

use countersign_core::key::{PublicKey, Signature, SignatureDigest};
use countersign_core::trust::ServiceKey;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key_der: String,
    /// Of RSASSA-PSS: the hash, that of its mask, and the length of its salt.
    sha: Option<String>,
    mgf_sha: Option<String>,
    s_len: Option<usize>,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: usize,
    comment: String,
    msg: String,
    sig: String,
    result: Verdict,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Only a PKCS #1 signature without the NULL of its hash identifier, which Go refuses too.
    Acceptable,
    Invalid,
    Valid,
}

fn check(file: &str, digest: Option<SignatureDigest>) {
    check_keys(file, |der| {
        let key = PublicKey::from_der(der).unwrap();
        move |message: &[u8], signature: &Signature| key.verify(message, signature, digest) == Ok(())
    });
}

/// Checks the keys of services whose kind and scheme is called `details`.
fn check_service(file: &str, details: &str) {
    check_keys(file, |der| {
        let key = ServiceKey::named(details, der).unwrap();
        move |message: &[u8], signature: &Signature| key.verifies(message, signature)
    });
}

fn check_keys<V: Fn(&[u8], &Signature) -> bool>(file: &str, key_of: impl Fn(&[u8]) -> V) {
    let vectors: Vectors = serde_json::from_slice(&super::data(&format!("wycheproof/{file}_test.json"))).unwrap();
    let mut count = 0;
    for group in &vectors.test_groups {
        let verifies = key_of(&hex::decode(&group.public_key_der).unwrap());
        for case in &group.tests {
            let message = hex::decode(&case.msg).unwrap();
            let signature = Signature::new(hex::decode(&case.sig).unwrap());
            let is_valid = verifies(&message, &signature);
            let Case { tc_id, comment, .. } = case;
            assert_eq!(
                is_valid,
                case.result == Verdict::Valid,
                "{file} case {tc_id}: {comment}"
            );
            count += 1;
        }
    }
    assert_eq!(count, vectors.number_of_tests);
}

#[test]
fn ecdsa_p256_agrees() {
    check("ecdsa_secp256r1_sha256", None);
    check("ecdsa_secp256r1_sha512", Some(SignatureDigest::Sha512));
}

#[test]
fn ecdsa_p384_agrees() {
    check("ecdsa_secp384r1_sha256", Some(SignatureDigest::Sha256));
    check("ecdsa_secp384r1_sha384", Some(SignatureDigest::Sha384));
    check("ecdsa_secp384r1_sha384", None);
    check("ecdsa_secp384r1_sha512", Some(SignatureDigest::Sha512));
}

#[test]
fn ecdsa_p521_agrees() {
    check("ecdsa_secp521r1_sha512", Some(SignatureDigest::Sha512));
    check("ecdsa_secp521r1_sha512", None);
}

#[test]
fn ed25519_agrees() {
    check("ed25519", None);
}

#[test]
fn rsa_agrees() {
    check("rsa_signature_2048_sha256", None);
    check("rsa_signature_2048_sha512", Some(SignatureDigest::Sha512));
    check("rsa_signature_3072_sha256", None);
    check("rsa_signature_4096_sha256", None);
}

#[test]
fn rsa_pss_agrees() {
    check_service("rsa_pss_2048_sha256_mgf1_32", "PKIX_RSA_PSS_2048_SHA256");
    check_service("rsa_pss_3072_sha256_mgf1_32", "PKIX_RSA_PSS_3072_SHA256");
    check_service("rsa_pss_4096_sha256_mgf1_32", "PKIX_RSA_PSS_4096_SHA256");
}

/// All of these are right, but a key of a service signs with one hash throughout, and a salt as long.
#[test]
fn rsa_pss_is_of_one_hash_with_a_salt_as_long() {
    let vectors: Vectors = serde_json::from_slice(&super::data("wycheproof/rsa_pss_misc_test.json")).unwrap();
    let mut count = 0;
    for group in &vectors.test_groups {
        let der = hex::decode(&group.public_key_der).unwrap();
        let key = ServiceKey::named("PKIX_RSA_PSS_2048_SHA256", &der).unwrap();
        let scheme = (group.sha.as_deref(), group.mgf_sha.as_deref(), group.s_len);
        for case in &group.tests {
            let signature = Signature::new(hex::decode(&case.sig).unwrap());
            let is_valid = key.verifies(&hex::decode(&case.msg).unwrap(), &signature);
            assert_eq!(
                is_valid,
                scheme == (Some("SHA-256"), Some("SHA-256"), Some(32)),
                "{scheme:?}"
            );
            count += 1;
        }
    }
    assert_eq!(count, vectors.number_of_tests);
}

#[test]
fn no_key_of_secp256k1_is_read() {
    let vectors: Vectors = serde_json::from_slice(&super::data("wycheproof/ecdsa_secp256k1_sha256_test.json")).unwrap();
    for group in &vectors.test_groups {
        let refused = PublicKey::from_der(&hex::decode(&group.public_key_der).unwrap()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "elliptic curve is secp256k1, expected P-256, P-384 or P-521"
        );
    }
}
