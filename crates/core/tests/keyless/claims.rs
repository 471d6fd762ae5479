//! What is signed: with every kind of key, and in an envelope.

use countersign_core::bundle::{Bundle, BundleError};
use countersign_core::envelope::Envelope;
use countersign_core::key::{KeyAlgorithm, SignatureDigest};
use countersign_core::payload::predicate::PredicateType;
use countersign_core::policy::{Claim, LogRule, Policy};
use countersign_core::verify::Rejection;
use countersign_core::{Artifact, Digest, verify};
use serde_json::{Value, json};

use super::sigstore::{ARTIFACT, Sigstore, at, base64, policy};

#[test]
fn certificates_of_every_kind_of_key_are_verified_with_the_digest_of_their_kind() {
    let (sha256, sha384, sha512) = (
        SignatureDigest::Sha256,
        SignatureDigest::Sha384,
        SignatureDigest::Sha512,
    );
    for (algorithm, digest) in [
        (KeyAlgorithm::EcdsaP256, sha256),
        (KeyAlgorithm::EcdsaP384, sha384),
        (KeyAlgorithm::EcdsaP521, sha512),
        (KeyAlgorithm::Rsa2048, sha256),
        (KeyAlgorithm::Rsa3072, sha256),
        (KeyAlgorithm::Rsa4096, sha256),
    ] {
        let mut sigstore = Sigstore::with_signer(algorithm);
        sigstore.signer = sigstore.signer.with_digest(digest);
        let mut evidence = sigstore.sign();
        sigstore
            .judge(&evidence)
            .unwrap_or_else(|rejection| panic!("{algorithm}: {rejection:?}"));
        evidence.signature[20] ^= 1;
        assert_matches!(
            sigstore.judge(&evidence).unwrap_err(),
            Rejection::SignatureMismatch { .. }
        );
    }
}

#[test]
fn a_certificate_of_an_ed25519_key_is_verified() {
    let sigstore = Sigstore::with_signer(KeyAlgorithm::Ed25519);
    let mut evidence = sigstore.sign();
    sigstore.judge(&evidence).unwrap();
    evidence.signature[20] ^= 1;
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::SignatureMismatch { .. }
    );
}

#[test]
fn a_signature_by_another_key_than_the_certified_one_is_refused() {
    let (sigstore, other) = (Sigstore::new(), Sigstore::new());
    let mut evidence = sigstore.sign();
    evidence.signature = other.sign().signature;
    assert_matches!(
        sigstore.judge(&evidence).unwrap_err(),
        Rejection::SignatureMismatch { .. }
    );
}

/// A statement about the artifact with a type of payload, sealed by the signer and stamped.
fn attested(sigstore: &Sigstore, payload_type: &str, statement: &Value) -> Value {
    let payload = statement.to_string().into_bytes();
    let envelope = Envelope::seal(payload_type, payload, &sigstore.signer.key).unwrap();
    let signature = envelope.signatures()[0].signature().as_bytes().to_vec();
    let mut bundle = sigstore.sign().json();
    let material = &mut bundle["verificationMaterial"];
    material["tlogEntries"] = json!([]);
    material["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"] =
        json!(base64(&sigstore.stamp(&signature, super::sigstore::NOON)));
    bundle.as_object_mut().unwrap().remove("messageSignature");
    bundle["dsseEnvelope"] = serde_json::from_slice(&envelope.to_json()).unwrap();
    bundle
}

fn judge(sigstore: &Sigstore, bundle: &Value) -> Result<(), Rejection> {
    let bundle = Bundle::from_json(bundle.to_string().as_bytes()).unwrap();
    let kind = "https://predicate.example".parse::<PredicateType>().unwrap();
    let policy = Policy::new(
        policy().signer().clone(),
        Claim::attestation(kind),
        LogRule::InsecurelyIgnored,
    );
    let artifact = Artifact::new(Digest::sha256(ARTIFACT));
    verify(
        &bundle,
        &artifact,
        &policy,
        &sigstore.trust(),
        at("2026-11-01T00:00:00Z"),
    )
    .map(|_| ())
}

fn statement(digest: &Digest) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "artifact", "digest": { "sha256": digest.hex() } }],
        "predicateType": "https://predicate.example",
        "predicate": {},
    })
}

const IN_TOTO: &str = "application/vnd.in-toto+json";

#[test]
fn the_artifact_is_a_subject_of_the_statement_in_an_envelope_of_its_type() {
    let sigstore = Sigstore::new();
    let right = statement(&Digest::sha256(ARTIFACT));
    judge(&sigstore, &attested(&sigstore, IN_TOTO, &right)).unwrap();
    let other = statement(&Digest::sha256(b"another"));
    assert_matches!(
        judge(&sigstore, &attested(&sigstore, IN_TOTO, &other)).unwrap_err(),
        Rejection::DigestMismatch { expected, .. } if expected == Digest::sha256(ARTIFACT)
    );
    assert_matches!(
        judge(&sigstore, &attested(&sigstore, "application/json", &right)).unwrap_err(),
        Rejection::PayloadType { found, .. } if found.as_str() == "application/json"
    );
    assert_matches!(
        judge(&sigstore, &attested(&sigstore, IN_TOTO, &json!({ "subject": [] }))).unwrap_err(),
        Rejection::MalformedStatement(_)
    );
}

#[test]
fn an_envelope_in_a_bundle_has_one_signature_of_the_key_that_is_named() {
    let sigstore = Sigstore::new();
    let mut bundle = attested(&sigstore, IN_TOTO, &statement(&Digest::sha256(ARTIFACT)));
    let read = |bundle: &Value| Bundle::from_json(bundle.to_string().as_bytes());
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("certificate");
    material.insert("publicKey".to_owned(), json!({ "hint": "one" }));
    read(&bundle).unwrap();
    for same in ["one", ""] {
        bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!(same);
        read(&bundle).unwrap();
    }
    bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!("two");
    assert_matches!(
        read(&bundle).unwrap_err(),
        BundleError::OtherHint { expected, found } if expected.as_str() == "one" && found.as_str() == "two"
    );
    bundle["verificationMaterial"]["publicKey"] = json!({});
    read(&bundle).unwrap();
}

#[test]
fn half_a_digest_of_the_message_is_refused_and_none_is_not_needed() {
    let sigstore = Sigstore::new();
    let bundle = sigstore.sign().json();
    let with = |digest: Value| {
        let mut bundle = bundle.clone();
        bundle["messageSignature"]["messageDigest"] = digest;
        Bundle::from_json(bundle.to_string().as_bytes())
    };
    let whole = bundle["messageSignature"]["messageDigest"].clone();
    for (digest, missing) in [
        (json!({ "algorithm": whole["algorithm"] }), "messageDigest.digest"),
        (json!({ "digest": whole["digest"] }), "messageDigest.algorithm"),
    ] {
        assert_matches!(with(digest), Err(BundleError::Missing { member }) if member == missing);
    }
    // cosign writes this for Ed25519
    for none in [json!({}), Value::Null] {
        with(none).unwrap();
    }
}

#[test]
fn members_in_another_spelling_are_not_the_ones_that_are_needed() {
    let sigstore = Sigstore::new();
    let evidence = sigstore.sign().json().to_string();
    let renamed = |name: &str, other: &str| {
        let changed = evidence.replace(&format!("\"{name}\":"), &format!("\"{other}\":"));
        assert_ne!(changed, evidence);
        Bundle::from_json(changed.as_bytes())
    };
    for (name, other) in [
        ("mediaType", "media_type"),
        ("verificationMaterial", "verification_material"),
        ("logId", "log_id"),
        ("kindVersion", "kind_version"),
        ("inclusionProof", "inclusion_proof"),
    ] {
        assert_matches!(renamed(name, other), Err(BundleError::Missing { member }) if member == name);
    }
    assert_matches!(renamed("rawBytes", "raw_bytes"), Err(BundleError::Json { .. }));
    // what may be absent is absent then, and the policy asks for it
    for (name, other) in [
        ("tlogEntries", "tlog_entries"),
        ("rfc3161Timestamps", "rfc3161_timestamps"),
    ] {
        let bundle = renamed(name, other).unwrap();
        assert_eq!(bundle.log_entries().len() + bundle.timestamps().len(), 1);
    }
    let number = evidence.replace("\"SHA2_256\"", "1");
    assert_matches!(Bundle::from_json(number.as_bytes()), Err(BundleError::Json { .. }));
}
