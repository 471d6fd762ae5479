//! What counts as an attestation.

use super::*;
use crate::payload::predicate::Predicate;
use crate::payload::statement::attestation_statement;

/// A predicate whose numbers and blanks a parser would change.
const PREDICATE: &str = "{ \"n\": 12345678901234567890, \"f\": 1.0 }";

fn wanting(key: &PrivateKey, predicate_type: Option<&str>, binding: ClaimBinding) -> Policy {
    let claim = Claim::Attestation {
        predicate_type: predicate_type.map(|text| text.parse().unwrap()),
        binding,
    };
    let signer = TrustedSigner::key(key.public_key().clone());
    Policy::new(signer, claim, LogRule::InsecurelyIgnored)
}

fn envelope(key: &PrivateKey, name: &str) -> Envelope {
    let predicate = Predicate::new(&PROVENANCE.parse().unwrap(), PREDICATE.into(), now()).unwrap();
    let statement = attestation_statement("r/a", artifact(name).digest(), PROVENANCE, predicate.json());
    Envelope::seal(PAYLOAD_TYPE, statement, key).unwrap()
}

/// The same attestation in both formats.
fn attested(key: &PrivateKey, name: &str) -> [Bundle; 2] {
    let envelope = envelope(key, name);
    [
        assembled(envelope.clone(), key),
        Bundle::legacy_attestation(envelope).unwrap(),
    ]
}

#[test]
fn an_attestation_of_the_artifact_is_accepted_and_keeps_its_predicate() {
    let key = new_key();
    for bundle in attested(&key, "image") {
        for wanted in [Some("slsaprovenance1"), Some(PROVENANCE), None] {
            let policy = wanting(&key, wanted, ClaimBinding::Required);
            let accepted = verify(&bundle, &artifact("image"), &policy, now()).unwrap();
            assert_eq!(accepted.predicate().unwrap().get(), PREDICATE);
            assert_eq!(accepted.predicate_type(), Some(PROVENANCE));
            assert_eq!(accepted.envelope(), Some(&envelope_of(&bundle)));
            assert_eq!(accepted.payload_bytes(), envelope_of(&bundle).payload());
            assert_eq!(accepted.digest(), Some(artifact("image").digest()));
        }
    }
}

fn envelope_of(bundle: &Bundle) -> Envelope {
    let crate::bundle::Content::Envelope(signed) = bundle.content() else {
        panic!("{bundle:?}")
    };
    signed.envelope().clone()
}

#[test]
fn an_attestation_by_another_key_is_rejected_whatever_it_claims() {
    let (key, another) = (new_key(), new_key());
    for bundle in attested(&another, "image") {
        for wanted in ["slsaprovenance1", "vuln"] {
            let policy = wanting(&key, Some(wanted), ClaimBinding::Required);
            let rejection = verify(&bundle, &artifact("image"), &policy, now()).unwrap_err();
            assert!(
                matches!(&rejection, Rejection::SignatureMismatch { key: hint, .. } if *hint == key.public_key().hint()),
                "{rejection:?}"
            );
        }
    }
}

#[test]
fn an_attestation_with_another_predicate_type_is_rejected() {
    let key = new_key();
    for binding in [ClaimBinding::Required, ClaimBinding::InsecurelyIgnored] {
        for bundle in attested(&key, "image") {
            let policy = wanting(&key, Some("vuln"), binding);
            let rejection = verify(&bundle, &artifact("image"), &policy, now()).unwrap_err();
            assert!(
                matches!(&rejection, Rejection::OtherPredicateType { expected, found }
                    if expected == "https://cosign.sigstore.dev/attestation/vuln/v1" && found.as_str() == PROVENANCE),
                "{rejection:?}"
            );
        }
    }
}

#[test]
fn an_attestation_of_another_artifact_is_rejected_unless_claims_are_ignored() {
    let key = new_key();
    for bundle in attested(&key, "another image") {
        let policy = wanting(&key, None, ClaimBinding::Required);
        let rejection = verify(&bundle, &artifact("image"), &policy, now()).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::DigestMismatch { expected, .. } if expected == artifact("image").digest()),
            "{rejection:?}"
        );
        let policy = wanting(&key, None, ClaimBinding::InsecurelyIgnored);
        let accepted = verify(&bundle, &artifact("image"), &policy, now()).unwrap();
        assert_eq!(accepted.digest(), None);
        assert_eq!(
            accepted.claimed_digest(),
            Some(artifact("another image").digest().as_str())
        );
    }
}

#[test]
fn a_signature_is_no_attestation() {
    let key = new_key();
    for bundle in both(&key, "image", &[]) {
        for wanted in [None, Some("custom")] {
            let policy = wanting(&key, wanted, ClaimBinding::Required);
            let rejection = verify(&bundle, &artifact("image"), &policy, now()).unwrap_err();
            assert!(matches!(rejection, Rejection::NotAnAttestation), "{rejection:?}");
        }
    }
    let [bundle, _] = both(&key, "image", &[]);
    let policy = wanting(&key, Some(SIGN), ClaimBinding::Required);
    assert!(
        verify(&bundle, &artifact("image"), &policy, now()).is_ok(),
        "asked for by its URI it is"
    );
}

#[test]
fn an_envelope_of_another_type_is_no_attestation() {
    let key = new_key();
    let statement = envelope(&key, "image").payload().to_vec();
    let envelope = Envelope::seal("text/plain", statement, &key).unwrap();
    let policy = wanting(&key, None, ClaimBinding::Required);
    let rejection = verify(&assembled(envelope, &key), &artifact("image"), &policy, now()).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::PayloadType { expected: PAYLOAD_TYPE, found } if found.as_str() == "text/plain"),
        "{rejection:?}"
    );
}

#[test]
fn a_changed_predicate_is_rejected() {
    let key = new_key();
    let [bundle, _] = attested(&key, "image");
    let statement = String::from_utf8(envelope_of(&bundle).payload().to_vec()).unwrap();
    let changed = replaced(&bundle, "payload", statement.replace("1.0", "2.0").as_bytes());
    let policy = wanting(&key, None, ClaimBinding::Required);
    let rejection = verify(&changed, &artifact("image"), &policy, now()).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}
