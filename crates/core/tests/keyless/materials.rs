//! What a signature comes with: a certificate that can be read and holds a key that can verify, and nothing else.

use countersign_core::bundle::Bundle;
use countersign_core::certificate::FulcioExtension;
use countersign_core::key::{PublicKeyError, Signature};
use countersign_core::policy::{CertificateLogRule, Claim, IdentityPattern, LogRule, Pattern, Policy, TrustedSigner};
use countersign_core::verify::Rejection;
use countersign_core::{Artifact, Certificate, Digest, TrustedRoot, verify};
use serde_json::json;

use super::builder::{extension, tlv};
use super::read::data;
use super::sigstore::{ARTIFACT, IDENTITY, ISSUER, Sigstore, at, judge, policy};

fn judged(bundle: &Bundle, trust: &TrustedRoot) -> Rejection {
    let artifact = Artifact::new(Digest::sha256(ARTIFACT));
    verify(bundle, &artifact, &policy(), trust, at("2026-11-01T00:00:00Z")).unwrap_err()
}

#[test]
fn a_signature_by_a_key_or_by_nobody_is_none_by_a_certificate() {
    let sigstore = Sigstore::new();
    let mut bundle = sigstore.sign().json();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("certificate");
    material.insert("publicKey".to_owned(), json!({ "hint": "somebody's" }));
    let by_key = Bundle::from_json(bundle.to_string().as_bytes()).unwrap();
    assert_matches!(judged(&by_key, &sigstore.trust()), Rejection::KeyNotCertificate);
    let bare = Bundle::of_signature(Signature::new(sigstore.sign().signature));
    assert_matches!(judged(&bare, &sigstore.trust()), Rejection::NoCertificate);
}

#[test]
fn certificates_that_cannot_be_read_are_refused_wherever_they_stand() {
    let sigstore = Sigstore::new();
    let right = sigstore.sign();
    for place in [0, 1] {
        let mut evidence = right.clone();
        evidence.certificates.insert(place, b"no certificate".to_vec());
        let bundle = evidence.bundle();
        assert_matches!(judged(&bundle, &sigstore.trust()), Rejection::MalformedCertificate(_));
    }
}

#[test]
fn a_certificate_of_a_key_that_cannot_verify_is_refused() {
    let sigstore = Sigstore::new();
    let mut evidence = sigstore.sign();
    let weak = Certificate::from_pem(&data("certificates/sigstore-java/cert.pem")).unwrap();
    evidence.certificates = vec![weak.as_der().to_vec()];
    assert_matches!(
        judged(&evidence.bundle(), &sigstore.trust()),
        Rejection::CertifiedKey(PublicKeyError::Unsupported(_))
    );
}

#[test]
fn every_claim_that_is_asked_for_is_in_the_certificate() {
    let sigstore = Sigstore::new();
    // the digest of the source, in the newer form
    let digest = extension("1.3.6.1.4.1.57264.1.13", false, &tlv(0x0c, b"abc"));
    let evidence = sigstore.sign_as(&sigstore.leaf().with(digest));
    let exact = |text: &str| Pattern::Exact(text.to_owned());
    let judge_claims = |claims: &[(FulcioExtension, &str)]| {
        let identity = claims.iter().fold(
            IdentityPattern::new(exact(IDENTITY), exact(ISSUER)),
            |identity, (claim, value)| identity.claiming(*claim, (*value).to_owned()),
        );
        let signer = TrustedSigner::Identities {
            identities: vec![identity],
            certificate_log: CertificateLogRule::Required {
                logs: 1.try_into().unwrap(),
            },
        };
        let logs = 1.try_into().unwrap();
        let policy = Policy::new(signer, Claim::Message, LogRule::Required { logs });
        judge(&evidence, &policy, &sigstore.trust())
    };
    judge_claims(&[(FulcioExtension::SourceRepositoryDigest, "abc")]).unwrap();
    for claims in [
        &[(FulcioExtension::SourceRepositoryDigest, "abd")][..],
        &[(FulcioExtension::BuildSignerUri, "abc")],
        &[
            (FulcioExtension::SourceRepositoryDigest, "abc"),
            (FulcioExtension::BuildSignerUri, ""),
        ],
    ] {
        assert_matches!(judge_claims(claims).unwrap_err(), Rejection::OtherIdentity { .. });
    }
}
