use super::*;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::signer::Signer;

const LEAF: &str = include_str!("../../../tests/data/certificates/stack/leaf.pem");
const ISSUERS: &str = include_str!("../../../tests/data/certificates/stack/authority-1.pem");

fn key() -> PublicKey {
    let certificate = Certificate::from_pem(LEAF.as_bytes()).unwrap();
    certificate.public_key().unwrap().clone()
}

/// A chain in JSON.
fn chain(certificates: &[&str]) -> String {
    format!(r#"{{"certificates":{}}}"#, serde_json::to_string(certificates).unwrap())
}

fn embedded(certificates: &[&str]) -> String {
    format!(
        r#"{{"signedCertificateEmbeddedSct":{{"chain":{}}}}}"#,
        chain(certificates)
    )
}

fn refused(answer: &str) -> IssuedError {
    Issued::parse(answer.as_bytes(), &key()).unwrap_err()
}

#[test]
fn the_key_is_sent_with_its_kind_and_the_proof() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let proof = key.sign(b"somebody").unwrap();
    let request: serde_json::Value = serde_json::from_slice(&request(key.public_key(), &proof)).unwrap();
    assert_eq!(
        request,
        serde_json::json!({"publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": key.public_key().to_pem()},
            "proofOfPossession": proof.to_base64(),
        }})
    );
}

#[test]
fn the_chain_is_read_with_the_certificate_first() {
    let issuers = Certificate::chain_from_pem(ISSUERS.as_bytes(), 2).unwrap();
    let mut pems = vec![LEAF.to_owned()];
    pems.extend(issuers.iter().map(Certificate::to_pem));
    let answer = embedded(&pems.iter().map(String::as_str).collect::<Vec<_>>());
    let issued = Issued::parse(answer.as_bytes(), &key()).unwrap();
    assert_eq!(issued.certificate(), &Certificate::from_pem(LEAF.as_bytes()).unwrap());
    assert_eq!(issued.issuers(), issuers);
    assert_eq!(issued.detached_sct(), None);
}

#[test]
fn a_promise_beside_the_certificate_is_read() {
    let answer = format!(
        r#"{{"signedCertificateDetachedSct":{{"chain":{},"signedCertificateTimestamp":"AAEC"}}}}"#,
        chain(&[LEAF])
    );
    let issued = Issued::parse(answer.as_bytes(), &key()).unwrap();
    assert_eq!(issued.detached_sct(), Some(&[0, 1, 2][..]));
    let answer = answer.replace("AAEC", "?");
    assert!(matches!(refused(&answer), IssuedError::Base64(_)));
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let error = Issued::parse(embedded(&[LEAF]).as_bytes(), other.public_key()).unwrap_err();
    assert!(matches!(error, IssuedError::OtherKey));
}

#[test]
fn an_answer_holds_exactly_one_chain() {
    let both = format!(
        r#"{{"signedCertificateEmbeddedSct":{{"chain":{0}}},"signedCertificateDetachedSct":{{"chain":{0},"signedCertificateTimestamp":""}}}}"#,
        chain(&[LEAF])
    );
    for answer in ["{}", &embedded(&[]), &both] {
        assert!(matches!(refused(answer), IssuedError::NoCertificate), "{answer}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let many = vec![LEAF; CERTIFICATES + 1];
    assert!(matches!(
        refused(&embedded(&many)),
        IssuedError::TooMany { limit: CERTIFICATES, found } if found == CERTIFICATES + 1
    ));
    let long = " ".repeat(LIMIT + 1);
    assert!(matches!(refused(&long), IssuedError::TooLong { limit: LIMIT, found } if found == LIMIT + 1));
}

#[test]
fn what_is_malformed_is_refused() {
    assert!(matches!(refused("[]"), IssuedError::Json(_)));
    assert!(matches!(refused(&embedded(&["no PEM"])), IssuedError::Certificate(_)));
}
