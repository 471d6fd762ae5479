//! Bundles of others that the suites at the command line do not have; `data/bundles/ORIGIN.md` says where they are from.

use countersign_core::bundle::{Bundle, BundleError, Content, KeyMaterial, TIMESTAMPS};
use countersign_core::log::check_distinct;
use countersign_core::payload::statement::Statement;
use countersign_core::policy::{
    CertificateLogRule, Claim, IdentityPattern, LogRule, Pattern, Policy, Regexp, TimestampRule, TrustedSigner,
};
use countersign_core::timestamp::{Refusal, TimestampError};
use countersign_core::verify::Rejection;
use countersign_core::{Artifact, Digest, TrustedRoot, verify};
use serde_json::Value;

use super::read::data;
use super::sigstore::at;

fn read(name: &str) -> Result<Bundle, BundleError> {
    Bundle::from_json(&data(&format!("bundles/{name}")))
}

#[test]
fn more_timestamps_than_are_read_are_refused() {
    assert_matches!(
        read("sigstore-python/bundle.many_timestamp.sigstore"),
        Err(BundleError::TooMany {
            member: "rfc3161Timestamps",
            limit: TIMESTAMPS,
            found: 33
        })
    );
}

/// One of the two timestamps is of another message, which sigstore-python passes over and the specification does not (§4.2.1).
#[test]
fn bundles_of_sigstore_python_with_a_timestamp_of_something_else_are_refused() {
    for name in ["bundle.txt.sigstore", "bundle.duplicate.sigstore"] {
        assert_matches!(
            stamped(name),
            Rejection::Timestamp(TimestampError::Imprint { found, .. }) if found.starts_with("9b71d224bd62f378")
        );
    }
    assert_matches!(
        stamped("bundle.txt.late_timestamp.sigstore"),
        Rejection::Timestamp(TimestampError::Untrusted { tried })
            if matches!(tried.iter().next(), Some((_, Refusal::OtherCertificate)))
    );
}

/// Why a bundle of anybody, with the timestamp that is asked for, is refused.
fn stamped(name: &str) -> Rejection {
    let config: Value = serde_json::from_slice(&data("bundles/sigstore-python/trust_config.json")).unwrap();
    let trust = TrustedRoot::parse(config["trustedRoot"].to_string().as_bytes()).unwrap();
    let anybody = || Pattern::Regexp(Regexp::whole(".*").unwrap());
    let signer = TrustedSigner::Identities {
        identities: vec![IdentityPattern::new(anybody(), anybody())],
        certificate_log: CertificateLogRule::InsecurelyIgnored,
    };
    let policy = Policy::new(signer, Claim::Message, LogRule::InsecurelyIgnored).stamped(TimestampRule::Required {
        authorities: 1.try_into().unwrap(),
    });
    let artifact = Artifact::new(Digest::sha256(&data("bundles/sigstore-python/bundle.txt")));
    let bundle = read(&format!("sigstore-python/{name}")).unwrap();
    verify(&bundle, &artifact, &policy, &trust, at("2026-11-01T00:00:00Z")).unwrap_err()
}

#[test]
fn bundles_of_models_are_read_and_what_is_missing_is_named() {
    for (name, is_certified) in [("key", false), ("certificate", true), ("sigstore", true)] {
        let bundle = read(&format!("model-signing/{name}.bundle.json")).unwrap();
        let Content::Envelope(signed) = bundle.content() else {
            panic!("{bundle:?}")
        };
        let statement = Statement::parse(signed.envelope().payload()).unwrap();
        assert_eq!(statement.predicate_type(), "https://model_signing/signature/v1.0");
        assert_eq!(
            matches!(bundle.key_material(), KeyMaterial::Certificates(_)),
            is_certified
        );
        check_distinct(bundle.log_entries()).unwrap();
    }
    for (name, missing) in [
        ("missing-envelope", "dsseEnvelope or messageSignature"),
        ("missing-verification-material", "verificationMaterial"),
    ] {
        assert_matches!(
            read(&format!("model-signing/{name}.bundle.json")),
            Err(BundleError::Missing { member }) if member == missing
        );
    }
    assert_matches!(read("model-signing/empty.bundle.json"), Err(BundleError::Json { .. }));
    // without entries it can be read; that there must be one is for the policy to say
    assert_eq!(
        read("model-signing/missing-tlog-entries.bundle.json")
            .unwrap()
            .log_entries()
            .len(),
        0
    );
    let other = read("model-signing/wrong-predicate.bundle.json").unwrap();
    let Content::Envelope(signed) = other.content() else {
        panic!("{other:?}")
    };
    let statement = Statement::parse(signed.envelope().payload()).unwrap();
    assert_eq!(statement.predicate_type(), "https://example.com/wrong-predicate/v1.0");
}
