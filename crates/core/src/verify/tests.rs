//! Each check has a test that fails when the check is gone.

mod attestation;

use std::collections::BTreeMap;

use super::*;
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use crate::payload::simple_signing;
use crate::payload::statement::{PAYLOAD_TYPE, SIGN_PREDICATE_TYPE, StatementError, sign_statement};
use crate::policy::{Claim, ClaimBinding, LogRule, PredicateRule, TrustedSigner};
use crate::signer::Signer;

const SIGN: &str = SIGN_PREDICATE_TYPE;
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// Judges where nothing but keys is trusted.
fn verify(
    bundle: &Bundle,
    artifact: &Artifact,
    policy: &Policy,
    now: Timestamp,
) -> Result<VerifiedSignature, Rejection> {
    super::verify(bundle, artifact, policy, &TrustedRoot::default(), now)
}

#[test]
fn a_signature_of_the_artifact_by_the_key_is_accepted() {
    let key = new_key();
    for bundle in both(&key, "image", &[("a", "1")]) {
        let accepted = verify(&bundle, &artifact("image"), &trusting(&key, &[("a", "1")]), now()).unwrap();
        assert_eq!(accepted.format(), bundle.format());
        assert_eq!(accepted.digest(), Some(artifact("image").digest()));
        assert_eq!(accepted.claimed_digest(), Some(artifact("image").digest().as_str()));
        assert_eq!(accepted.annotations().unwrap()["a"], "1");
        assert_eq!(accepted.key().hint(), key.public_key().hint());
        assert_eq!(accepted.judged_at(), now());
        assert!(accepted.signed_at().is_empty() && accepted.log_entries().is_empty());
    }
}

#[test]
fn a_signature_by_another_key_is_rejected_and_both_keys_are_named() {
    let (key, another) = (new_key(), new_key());
    let [bundle, layer] = both(&another, "image", &[]);
    let ours = key.public_key().hint();
    let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    let theirs = another.public_key().hint();
    assert!(
        matches!(&rejection, Rejection::SignatureMismatch { key, named: Some(named), .. } if *key == ours && named.as_str() == theirs),
        "{rejection:?}"
    );
    assert_eq!(
        rejection.to_string(),
        format!("signature does not verify with key {ours} (the bundle names key {theirs:?})")
    );
    let rejection = verify(&layer, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::SignatureMismatch { key, named: None, .. } if *key == ours),
        "{rejection:?}"
    );
}

#[test]
fn a_payload_that_was_changed_is_rejected() {
    let key = new_key();
    let layer = simple_signing::payload("r/a", artifact("another image").digest(), &BTreeMap::new());
    let signature = key.sign(&layer).unwrap();
    let changed = simple_signing::payload("r/a", artifact("image").digest(), &BTreeMap::new());
    for bundle in [
        Bundle::legacy(changed, signature),
        replaced(
            &sealed(&key, SIGN, &[subject("another image", &[])]),
            "payload",
            &payload(SIGN, &[subject("image", &[])]),
        ),
    ] {
        let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
        assert!(
            matches!(rejection, Rejection::SignatureMismatch { .. }),
            "{rejection:?}"
        );
    }
}

#[test]
fn the_payload_type_is_signed_too() {
    let key = new_key();
    let envelope = Envelope::seal("text/plain", payload(SIGN, &[subject("image", &[])]), &key).unwrap();
    let bundle = replaced_text(&assembled(envelope, &key), "payloadType", PAYLOAD_TYPE);
    let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

#[test]
fn a_payload_of_another_type_is_rejected() {
    let key = new_key();
    let envelope = Envelope::seal("text/plain", payload(SIGN, &[subject("image", &[])]), &key).unwrap();
    let rejection = verify(
        &assembled(envelope, &key),
        &artifact("image"),
        &trusting(&key, &[]),
        now(),
    )
    .unwrap_err();
    assert!(
        matches!(&rejection, Rejection::PayloadType { expected: PAYLOAD_TYPE, found } if found.as_str() == "text/plain"),
        "{rejection:?}"
    );
}

#[test]
fn a_signed_payload_that_is_no_claim_is_rejected() {
    let key = new_key();
    let envelope = Envelope::seal(PAYLOAD_TYPE, b"{}".to_vec(), &key).unwrap();
    let rejection = verify(
        &assembled(envelope, &key),
        &artifact("image"),
        &trusting(&key, &[]),
        now(),
    )
    .unwrap_err();
    assert!(
        matches!(rejection, Rejection::MalformedStatement(StatementError::Json(_))),
        "{rejection:?}"
    );
    let layer = Bundle::legacy(b"{}".to_vec(), key.sign(b"{}").unwrap());
    let rejection = verify(&layer, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::MalformedSimpleSigning(_)),
        "{rejection:?}"
    );
}

#[test]
fn an_attestation_is_no_signature_unless_the_policy_says_so() {
    let key = new_key();
    let bundle = sealed(&key, PROVENANCE, &[subject("image", &[])]);
    let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::PredicateType { expected: SIGN_PREDICATE_TYPE, found } if found.as_str() == PROVENANCE),
        "{rejection:?}"
    );
    let any = asking(&key, ClaimBinding::Required, PredicateRule::InsecurelyAny);
    let accepted = verify(&bundle, &artifact("image"), &any, now()).unwrap();
    assert_eq!(
        (accepted.kind(), accepted.predicate_type()),
        (PROVENANCE, Some(PROVENANCE))
    );
}

#[test]
fn an_attestation_is_no_signature_even_with_claims_ignored() {
    let key = new_key();
    let bundle = sealed(&key, PROVENANCE, &[subject("image", &[])]);
    let policy = asking(&key, ClaimBinding::InsecurelyIgnored, PredicateRule::Signature);
    let rejection = verify(&bundle, &artifact("image"), &policy, now()).unwrap_err();
    assert!(matches!(rejection, Rejection::PredicateType { .. }), "{rejection:?}");
}

#[test]
fn a_signature_of_another_artifact_is_rejected_and_what_it_signs_is_listed() {
    let key = new_key();
    for bundle in both(&key, "another image", &[]) {
        let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::DigestMismatch { expected, found }
                if expected == artifact("image").digest() && found.shown() == [artifact("another image").digest().as_str().into()]),
            "{rejection:?}"
        );
        assert_eq!(
            rejection.to_string(),
            format!(
                "signed digest is {}, expected {}",
                artifact("another image").digest(),
                artifact("image").digest()
            )
        );
    }
}

#[test]
fn of_many_other_digests_a_few_are_listed() {
    let key = new_key();
    let subjects: Vec<_> = (0..20).map(|n| subject(&n.to_string(), &[])).collect();
    let rejection = verify(
        &sealed(&key, SIGN, &subjects),
        &artifact("image"),
        &trusting(&key, &[]),
        now(),
    )
    .unwrap_err();
    let Rejection::DigestMismatch { found, .. } = &rejection else {
        panic!("{rejection:?}")
    };
    assert_eq!((found.shown().len(), found.more()), (8, 12));
    assert!(found.to_string().ends_with(" and 12 more"), "{found}");
    let rejection = verify(
        &sealed(&key, SIGN, &[]),
        &artifact("image"),
        &trusting(&key, &[]),
        now(),
    )
    .unwrap_err();
    assert!(
        rejection.to_string().starts_with("signed digest is absent"),
        "{rejection}"
    );
}

#[test]
fn a_digest_that_steers_terminals_is_shown_escaped() {
    let key = new_key();
    let subject = r#"{"digest":{"sha256":"\u001b[2J"}}"#.to_owned();
    let rejection = verify(
        &sealed(&key, SIGN, &[subject]),
        &artifact("image"),
        &trusting(&key, &[]),
        now(),
    )
    .unwrap_err();
    assert!(
        rejection
            .to_string()
            .starts_with(r#"signed digest is "sha256:\u{1b}[2J", expected"#),
        "{rejection}"
    );
}

#[test]
fn with_claims_ignored_neither_digest_nor_annotations_are_looked_at() {
    let key = new_key();
    let mut policy = asking(&key, ClaimBinding::InsecurelyIgnored, PredicateRule::Signature);
    for bundle in both(&key, "another image", &[]) {
        let accepted = verify(&bundle, &artifact("image"), &policy, now()).unwrap();
        assert_eq!(accepted.digest(), None);
        assert_eq!(
            accepted.claimed_digest(),
            Some(artifact("another image").digest().as_str())
        );
    }
    policy = Policy::new(
        TrustedSigner::key(new_key().public_key().clone()),
        policy.claim().clone(),
        LogRule::InsecurelyIgnored,
    );
    for bundle in both(&key, "another image", &[]) {
        let rejection = verify(&bundle, &artifact("image"), &policy, now()).unwrap_err();
        assert!(
            matches!(rejection, Rejection::SignatureMismatch { .. }),
            "{rejection:?}"
        );
    }
}

#[test]
fn a_missing_annotation_is_rejected() {
    let key = new_key();
    let [with, without] = [&[("a", "1")][..], &[]];
    for bundle in both(&key, "image", with)
        .into_iter()
        .chain(both(&key, "image", without))
    {
        let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[("b", "2")]), now()).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::AnnotationMissing { key, expected } if (key.as_str(), expected.as_str()) == ("b", "2")),
            "{rejection:?}"
        );
    }
}

#[test]
fn an_annotation_with_another_value_is_rejected() {
    let key = new_key();
    for bundle in both(&key, "image", &[("a", "1"), ("b", "2")]) {
        let rejection = verify(
            &bundle,
            &artifact("image"),
            &trusting(&key, &[("a", "1"), ("b", "3")]),
            now(),
        )
        .unwrap_err();
        assert!(
            matches!(&rejection, Rejection::AnnotationMismatch { key, expected, found }
                if (key.as_str(), expected.as_str(), found.as_str()) == ("b", "3", "2")),
            "{rejection:?}"
        );
    }
}

#[test]
fn a_number_never_equals_a_text() {
    let key = new_key();
    let text = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"{}"}},"type":"t"}},"optional":{{"n":1}}}}"#,
        artifact("image").digest()
    );
    let layer = Bundle::legacy(text.clone().into_bytes(), key.sign(text.as_bytes()).unwrap());
    let subject = subject("image", &[]).replace("{}", r#"{"n":1}"#);
    for bundle in [layer, sealed(&key, SIGN, &[subject])] {
        let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[("n", "1")]), now()).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::AnnotationMismatch { key, found, .. } if (key.as_str(), found.as_str()) == ("n", "1")),
            "{rejection:?}"
        );
    }
}

#[test]
fn no_subject_lends_its_annotations_to_another() {
    let key = new_key();
    let bundle = sealed(
        &key,
        SIGN,
        &[subject("another image", &[("a", "1")]), subject("image", &[("b", "2")])],
    );
    let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[("a", "1")]), now()).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::AnnotationMissing { key, .. } if key == "a"),
        "{rejection:?}"
    );
    let accepted = verify(&bundle, &artifact("image"), &trusting(&key, &[("b", "2")]), now()).unwrap();
    assert_eq!(accepted.claimed_digest(), Some(artifact("image").digest().as_str()));
    assert_eq!(accepted.annotations().unwrap().len(), 1);
}

#[test]
fn of_two_subjects_that_are_the_artifact_either_may_carry_the_annotations() {
    let key = new_key();
    let bundle = sealed(
        &key,
        SIGN,
        &[subject("image", &[("a", "1")]), subject("image", &[("b", "2")])],
    );
    let accepted = verify(&bundle, &artifact("image"), &trusting(&key, &[("b", "2")]), now()).unwrap();
    assert_eq!(accepted.annotations().unwrap()["b"], "2");
    let rejection = verify(
        &bundle,
        &artifact("image"),
        &trusting(&key, &[("a", "1"), ("b", "2")]),
        now(),
    )
    .unwrap_err();
    assert!(
        matches!(&rejection, Rejection::AnnotationMissing { key, .. } if key == "b"),
        "{rejection:?}"
    );
}

#[test]
fn a_bundle_with_a_certificate_is_no_signature_by_a_key() {
    let key = new_key();
    let bundle = sealed(&key, SIGN, &[subject("image", &[])]);
    let text = String::from_utf8(bundle.to_json().unwrap()).unwrap();
    let (before, after) = text.split_once(r#""publicKey":{"hint":""#).unwrap();
    let (_, after) = after.split_once(r#""}"#).unwrap();
    for material in [
        r#""certificate":{"rawBytes":"AAEC"}"#,
        r#""x509CertificateChain":{"certificates":[{"rawBytes":"AAEC"}]}"#,
    ] {
        let bundle = Bundle::from_json(format!("{before}{material}{after}").as_bytes()).unwrap();
        let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
        assert!(matches!(rejection, Rejection::CertificateNotKey), "{rejection:?}");
    }
}

#[test]
fn the_hint_of_a_bundle_decides_nothing() {
    let (key, another) = (new_key(), new_key());
    let envelope = Envelope::seal(PAYLOAD_TYPE, payload(SIGN, &[subject("image", &[])]), &key).unwrap();
    let misnamed = assembled(envelope, &another);
    verify(&misnamed, &artifact("image"), &trusting(&key, &[]), now()).unwrap();
    let rejection = verify(&misnamed, &artifact("image"), &trusting(&another, &[]), now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

#[test]
fn a_layer_with_a_certificate_is_judged_by_the_key() {
    let key = new_key();
    let payload = simple_signing::payload("r/a", artifact("image").digest(), &BTreeMap::new());
    let annotations = BTreeMap::from([
        (
            "dev.cosignproject.cosign/signature".to_owned(),
            key.sign(&payload).unwrap().to_base64(),
        ),
        (
            "dev.sigstore.cosign/certificate".to_owned(),
            "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    ]);
    let layer = Bundle::from_legacy_layer(payload, &annotations).unwrap();
    verify(&layer, &artifact("image"), &trusting(&key, &[]), now()).unwrap();
    let rejection = verify(&layer, &artifact("image"), &trusting(&new_key(), &[]), now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

#[test]
fn a_signature_over_the_bare_digest_of_the_artifact_is_no_signature() {
    let key = new_key();
    let signature = key.sign(b"image").unwrap().to_base64();
    let text = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{{"publicKey":{{}}}},"messageSignature":{{"messageDigest":{{"algorithm":"SHA2_256","digest":"AAEC"}},"signature":"{signature}"}}}}"#
    );
    let bundle = Bundle::from_json(text.as_bytes()).unwrap();
    let rejection = verify(&bundle, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(matches!(rejection, Rejection::MessageSignature), "{rejection:?}");
}

#[test]
fn a_policy_that_asks_for_a_digest_takes_no_other() {
    let key = new_key();
    let [bundle, layer] = both(&key, "image", &[]);
    let policy = |digest| {
        let signer = TrustedSigner::key_with_digest(key.public_key().clone(), digest);
        Policy::new(signer, Claim::signature(BTreeMap::new()), LogRule::InsecurelyIgnored)
    };
    for bundle in [bundle, layer] {
        verify(&bundle, &artifact("image"), &policy(SignatureDigest::Sha256), now()).unwrap();
        let rejection = verify(&bundle, &artifact("image"), &policy(SignatureDigest::Sha512), now()).unwrap_err();
        assert!(
            matches!(rejection, Rejection::SignatureMismatch { .. }),
            "{rejection:?}"
        );
    }
}

#[test]
fn a_statement_and_a_layer_are_never_taken_for_each_other() {
    let key = new_key();
    let statement = payload(SIGN, &[subject("image", &[])]);
    let layer = Bundle::legacy(statement.clone(), key.sign(&statement).unwrap());
    let rejection = verify(&layer, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::MalformedSimpleSigning(_)),
        "{rejection:?}"
    );
    let unbound = Envelope::seal(PAYLOAD_TYPE, statement.clone(), &key).unwrap();
    let raw = Bundle::legacy(statement, unbound.signatures().first().unwrap().signature().clone());
    let rejection = verify(&raw, &artifact("image"), &trusting(&key, &[]), now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

fn new_key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn artifact(name: &str) -> Artifact {
    Artifact::new(Digest::sha256(name.as_bytes()))
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect()
}

fn trusting(key: &PrivateKey, annotations: &[(&str, &str)]) -> Policy {
    Policy::new(
        TrustedSigner::key(key.public_key().clone()),
        Claim::signature(map(annotations)),
        LogRule::InsecurelyIgnored,
    )
}

fn asking(key: &PrivateKey, binding: ClaimBinding, predicate: PredicateRule) -> Policy {
    let claim = Claim::Signature {
        annotations: map(&[("wanted", "by nobody")])
            .into_iter()
            .filter(|_| binding == ClaimBinding::InsecurelyIgnored)
            .collect(),
        binding,
        predicate,
    };
    Policy::new(
        TrustedSigner::key(key.public_key().clone()),
        claim,
        LogRule::InsecurelyIgnored,
    )
}

/// Signs in both formats.
fn both(key: &PrivateKey, name: &str, annotations: &[(&str, &str)]) -> [Bundle; 2] {
    let digest = Digest::sha256(name.as_bytes());
    let envelope = Envelope::seal(PAYLOAD_TYPE, sign_statement(&digest, &map(annotations)), key).unwrap();
    let payload = simple_signing::payload("r/a", &digest, &map(annotations));
    let signature = key.sign(&payload).unwrap();
    [assembled(envelope, key), Bundle::legacy(payload, signature)]
}

fn subject(name: &str, annotations: &[(&str, &str)]) -> String {
    format!(
        r#"{{"digest":{{"sha256":"{}"}},"annotations":{}}}"#,
        Digest::sha256(name.as_bytes()).hex(),
        serde_json::to_string(&map(annotations)).unwrap()
    )
}

fn payload(predicate_type: &str, subjects: &[String]) -> Vec<u8> {
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{}],"predicateType":"{predicate_type}","predicate":{{}}}}"#,
        subjects.join(",")
    )
    .into_bytes()
}

fn sealed(key: &PrivateKey, predicate_type: &str, subjects: &[String]) -> Bundle {
    assembled(
        Envelope::seal(PAYLOAD_TYPE, payload(predicate_type, subjects), key).unwrap(),
        key,
    )
}

fn assembled(envelope: Envelope, key: &PrivateKey) -> Bundle {
    Bundle::assemble(envelope, key.public_key()).unwrap()
}

/// Gives a bundle's envelope another payload under the old signature.
fn replaced(bundle: &Bundle, member: &str, bytes: &[u8]) -> Bundle {
    replaced_text(bundle, member, &crate::go_json::encode_bytes(bytes))
}

fn replaced_text(bundle: &Bundle, member: &str, text: &str) -> Bundle {
    let mut json: Value = serde_json::from_slice(&bundle.to_json().unwrap()).unwrap();
    *json.pointer_mut(&format!("/dsseEnvelope/{member}")).unwrap() = text.into();
    Bundle::from_json(json.to_string().as_bytes()).unwrap()
}
