//! Certificates, and what logs say of them, that come beside a signature.

use std::num::NonZero;

use countersign_core::bundle::{Beside, Bundle};
use countersign_core::certificate::CertificateError;
use countersign_core::certificate::sct::{SctError, SignedCertificateTimestamp};
use countersign_core::key::KeyAlgorithm;
use countersign_core::message::{Message, Needs};
use countersign_core::policy::{
    CertificateLogRule, Claim, IdentityPattern, LogRule, Pattern, Policy, Quorum, TrustedSigner,
};
use countersign_core::timestamp::TimestampToken;
use countersign_core::trust::{Authority, TrustedRoot};
use countersign_core::verify::{Rejection, VerifiedSignature};
use countersign_core::{Artifact, Certificate, Signer, verify};

use super::builder::{Party, alternative_names, email, timestamp};
use super::published_timestamps::{always, trusted};
use super::timestamps::entry_of;
use super::world::noon;

/// A signer whom an authority knows, and two logs of certificates.
struct Signed {
    name: &'static str,
    authority: Party,
    signer: Party,
    logs: [Party; 2],
    leaf: Certificate,
}

impl Signed {
    fn new() -> Self {
        Self::named("a@example.com")
    }

    fn named(name: &'static str) -> Self {
        let (authority, signer) = (Party::new("authority"), Party::new("signer"));
        let leaf = signer.leaf().with(alternative_names(&[email(name)]));
        Self {
            name,
            leaf: authority.sign(&leaf),
            logs: ["log", "other"].map(Party::new),
            authority,
            signer,
        }
    }

    fn promise(&self, log: &Party) -> SignedCertificateTimestamp {
        let bytes = timestamp(log, &entry_of(&self.leaf), 1_780_000_000_000, &[], [4, 3]);
        SignedCertificateTimestamp::parse(&bytes).unwrap()
    }

    fn beside(&self) -> Beside {
        Beside {
            certificates: vec![self.leaf.clone()],
            ..Beside::default()
        }
    }

    fn bundle(&self) -> Bundle {
        Bundle::of_signature(self.signer.key.sign(b"message").unwrap())
    }

    fn judge(&self, bundle: &Bundle, rule: CertificateLogRule) -> Result<VerifiedSignature, Rejection> {
        let signer = TrustedSigner::Identities {
            identities: vec![pattern("nobody@example.com"), pattern(self.name)],
            certificate_log: rule,
        };
        let root = self.authority.sign(&self.authority.authority());
        let log = |log: &Party| trusted("log", log.key.public_key(), always());
        let trust = TrustedRoot::default()
            .with_certificate_authorities([Authority::new("authority".to_owned(), vec![root], always())])
            .with_certificate_logs([log(&self.logs[0])]);
        let policy = Policy::new(signer, Claim::Message, LogRule::InsecurelyIgnored);
        let message = Message::of(b"message", &Needs::new(&[], countersign_core::message::Bytes::Kept));
        verify(bundle, &Artifact::message(message), &policy, &trust, noon())
    }
}

fn pattern(name: &str) -> IdentityPattern {
    IdentityPattern::new(Pattern::Exact(name.to_owned()), Pattern::Exact(String::new()))
}

const ONE: CertificateLogRule = CertificateLogRule::Required {
    logs: NonZero::<usize>::MIN,
};

#[test]
fn a_certificate_beside_a_signature_says_who_signed() {
    let signed = Signed::new();
    let bundle = signed.bundle().with_beside(&signed.beside());
    let verified = signed.judge(&bundle, CertificateLogRule::InsecurelyIgnored).unwrap();
    assert_eq!(verified.certificate(), Some(&signed.leaf));
    assert_matches!(
        signed.judge(&signed.bundle(), CertificateLogRule::InsecurelyIgnored),
        Err(Rejection::NoCertificate)
    );
}

#[test]
fn a_log_may_promise_beside_the_certificate_that_it_has_seen_it() {
    let signed = Signed::new();
    let with = |promise| Beside {
        certificate_timestamp: promise,
        ..signed.beside()
    };
    let judge = |promise, rule| signed.judge(&signed.bundle().with_beside(&with(promise)), rule);
    let [log, stranger] = &signed.logs;
    assert_matches!(judge(Some(signed.promise(log)), ONE), Ok(_));
    assert_matches!(judge(None, ONE), Err(Rejection::CertificateLog(SctError::Absent)));
    assert_matches!(
        judge(Some(signed.promise(stranger)), ONE),
        Err(Rejection::CertificateLog(SctError::UnknownLog { .. }))
    );
    let two = CertificateLogRule::Required {
        logs: NonZero::new(2).unwrap(),
    };
    assert_matches!(
        judge(Some(signed.promise(log)), two),
        Err(Rejection::TooFewCertificateLogs { expected: 2, found: 1 })
    );
    let other = Signed::new();
    assert_matches!(
        judge(Some(other.promise(log)), ONE),
        Err(Rejection::CertificateLog(SctError::SignatureMismatch { .. }))
    );
}

#[test]
fn what_comes_with_a_signature_is_not_replaced() {
    let (signed, other) = (Signed::new(), Signed::new());
    let rule = CertificateLogRule::InsecurelyIgnored;
    let bundle = signed.bundle().with_certificate(&signed.leaf, &[]);
    assert_matches!(signed.judge(&bundle.clone().with_beside(&signed.beside()), rule), Ok(_));
    assert_matches!(
        signed.judge(&bundle.with_beside(&other.beside()), rule),
        Err(Rejection::Contradicted)
    );
    let key = signed.signer.key.public_key();
    let message = Message::of(b"message", &signed.signer.key.needs());
    let digest = countersign_core::key::SignatureDigest::Sha256;
    let signature = signed.signer.key.sign(b"message").unwrap();
    let hinted = Bundle::of_message(&message, digest, signature, key).unwrap();
    assert_matches!(signed.judge(&hinted.with_beside(&signed.beside()), rule), Ok(_));
    // the file of a signature by a key names the key
    let written = |key: &Party| {
        let pem = serde_json::Value::from(key.key.public_key().to_pem());
        let json = format!(
            r#"{{"base64Signature":"{}","cert":{pem}}}"#,
            signed.signer.key.sign(b"message").unwrap().to_base64()
        );
        Bundle::from_file(json.as_bytes())
            .unwrap()
            .with_beside(&signed.beside())
    };
    assert_matches!(signed.judge(&written(&signed.signer), rule), Ok(_));
    assert_matches!(
        signed.judge(&written(&other.signer), rule),
        Err(Rejection::Contradicted)
    );
    // nothing beside it changes nothing
    let plain = signed.bundle();
    assert_eq!(plain.clone().with_beside(&Beside::default()), plain);
}

#[test]
fn a_timestamp_is_added_once() {
    let signed = Signed::new();
    let beside = Beside {
        timestamp: Some(TimestampToken::new(vec![48, 0])),
        ..Beside::default()
    };
    let bundle = signed.bundle().with_beside(&beside).with_beside(&beside);
    assert_eq!(bundle.timestamps().len(), 1);
}

#[test]
fn files_of_certificates_are_read_in_each_form() {
    use base64::Engine;
    let leaf = Party::with_key("x", KeyAlgorithm::EcdsaP256);
    let leaf = leaf.sign(&leaf.leaf());
    let pem = leaf.to_pem();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&pem);
    let twice = format!("{pem}{pem}");
    for bytes in [pem.as_bytes(), base64.as_bytes(), leaf.as_der()] {
        assert_eq!(
            Certificate::chain_from_file(bytes, 8).unwrap(),
            std::slice::from_ref(&leaf)
        );
    }
    assert_eq!(Certificate::chain_from_file(twice.as_bytes(), 8).unwrap().len(), 2);
    assert_matches!(Certificate::chain_from_file(b"", 8), Err(CertificateError::NotPem));
    assert_matches!(Certificate::chain_from_file(b"text", 8), Err(CertificateError::NotPem));
    assert_matches!(
        Certificate::chain_from_file(b"dGV4dA==", 8),
        Err(CertificateError::NotPem)
    );
    assert_matches!(
        Certificate::chain_from_file(twice.as_bytes(), 1),
        Err(CertificateError::TooMany { limit: 1 })
    );
}

#[test]
fn one_identity_is_one_signer_whatever_its_keys() {
    let rule = CertificateLogRule::InsecurelyIgnored;
    let by = |name| {
        let signed = Signed::named(name);
        signed
            .judge(&signed.bundle().with_beside(&signed.beside()), rule)
            .unwrap()
    };
    let (a, b) = ("a@example.com", "b@example.com");
    let identities = |names: &[&str]| TrustedSigner::Identities {
        identities: names.iter().map(|name| pattern(name)).collect(),
        certificate_log: rule,
    };
    let signers = vec![
        ("either".to_owned(), identities(&[a, b])),
        ("a".to_owned(), identities(&[a])),
    ];
    let two = Quorum::new(NonZero::new(2).unwrap(), signers).unwrap();
    assert_eq!(two.judge(&[by(a), by(b)]), Ok(vec!["either", "a"]));
    let refused = two.judge(&[by(a), by(a)]).unwrap_err();
    assert_eq!((refused.expected, refused.found.to_string()), (2, "either".to_owned()));
}
