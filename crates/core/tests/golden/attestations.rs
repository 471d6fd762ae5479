//! Attestations of images.

use countersign_core::bundle::{Bundle, Format};
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, VerifiedSignature};
use countersign_core::{Artifact, verify};
use jiff::Timestamp;

use crate::data::{bundle, bundle_file, digest, layer, public_key, text};

/// Artefact, `--type`, predicate type, digest of the image.
const ATTESTED: &[(&str, &str, &str, &str)] = &[
    (
        "v2-attest-cyclonedx",
        "cyclonedx",
        "https://cyclonedx.org/bom",
        "3ae331fa4a38fa3c241c2cda2a435d0eacb903a76aa2af23e15aec1baf5a8301",
    ),
    (
        "v2-attest-example.com",
        "https://example.com/t/v1",
        "https://example.com/t/v1",
        "4e5bf1fd54bdbd22f28c599db2340eb53c5535bc193707bb0584ee1771b41182",
    ),
    (
        "v2-attest-slsaprovenance1",
        "slsaprovenance1",
        "https://slsa.dev/provenance/v1",
        "3548e5cc6b27b2e2933941e5c16bcf74388728819b7236cf12911a157319cfdf",
    ),
    (
        "v2-attest-spdxjson",
        "spdxjson",
        "https://spdx.dev/Document",
        "29f21e9682bcbd4c83a996c4a413d357538d38b5efef16c48a5deb45897bc5d8",
    ),
    (
        "v2-attest-vuln",
        "vuln",
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "08f175aad839f457607802b771fad3436dc893043e96889d1be225951fa04ca5",
    ),
    (
        "v3-attest-custom",
        "custom",
        "https://cosign.sigstore.dev/attestation/v1",
        "328011d0eca31de07943888c6f6a4cecd046ff16e7723c4700c29cbdaf5f481a",
    ),
    (
        "v3-attest-cyclonedx",
        "cyclonedx",
        "https://cyclonedx.org/bom",
        "03882fe96500335934ad1179e893f91655242f3477adbc94f67299e329a73407",
    ),
    (
        "v3-attest-example.com",
        "https://example.com/t/v1",
        "https://example.com/t/v1",
        "5fae4df4dda7dbd862031881600b631382ee910b135ea61e99d2b54ae52e9b60",
    ),
    (
        "v3-attest-slsaprovenance1",
        "slsaprovenance1",
        "https://slsa.dev/provenance/v1",
        "4f36166590a3bd2da72e4ec8aef07011374027e92122f6e6500efa65313d9ca0",
    ),
    (
        "v3-attest-vuln",
        "vuln",
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "50023cf697276944ad2cf6443935ed1ca236b7ded5083b231b3d2460b45dc17e",
    ),
];

/// Attestations with a certificate in the place of a key, and the digest of the image.
const KEYLESS: [(&str, &str); 2] = [
    (
        "v2-attest-keyless",
        "49953406c5f360b116543df1419516db6882d52d7a3b67139af070baca40ae1d",
    ),
    (
        "v3-attest-keyless",
        "c3977cbb413676e5d93234484d727c7404352d7c1d7ff195f1a36e9a40043140",
    ),
];

#[test]
fn what_cosign_attested_is_accepted_by_name_and_by_uri() {
    for (id, name, uri, hex) in ATTESTED {
        for wanted in [name, uri] {
            let accepted = judge(id, "cosign", wanted, hex).unwrap_or_else(|rejection| panic!("{id}: {rejection}"));
            assert_eq!(accepted.digest(), Some(&digest(hex)), "{id}");
            assert_eq!(accepted.predicate_type(), Some(*uri), "{id}");
            assert_eq!(accepted.format() == Format::LegacyLayer, id.starts_with("v2-"), "{id}");
            let predicate = accepted.predicate().expect("cosign writes one").get();
            assert!(text(accepted.payload_bytes()).contains(predicate), "{id}: {predicate}");
        }
    }
}

#[test]
fn what_cosign_attested_is_rejected_for_another_predicate_type() {
    for (id, name, uri, hex) in ATTESTED {
        let another = if *name == "vuln" { "cyclonedx" } else { "vuln" };
        let rejection = judge(id, "cosign", another, hex).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::OtherPredicateType { found, .. } if found.as_str() == *uri),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn what_cosign_attested_is_rejected_with_another_key() {
    for (id, name, _, hex) in ATTESTED {
        let rejection = judge(id, "other", name, hex).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::SignatureMismatch { key, .. } if *key == public_key("other").hint()),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn what_cosign_attested_is_rejected_for_another_artifact() {
    let another = "0".repeat(64);
    for (id, name, _, hex) in ATTESTED {
        let rejection = judge(id, "cosign", name, &another).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::DigestMismatch { found, .. } if found.shown() == [digest(hex).as_str().into()]),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn a_keyless_attestation_is_none_by_a_key() {
    for (id, hex) in KEYLESS {
        let rejection = judge(id, "cosign", "spdxjson", hex).unwrap_err();
        let is_expected = match id {
            "v2-attest-keyless" => matches!(rejection, Rejection::SignatureMismatch { .. }),
            _ => matches!(rejection, Rejection::CertificateNotKey),
        };
        assert!(is_expected, "{id}: {rejection:?}");
    }
}

#[test]
fn bundles_and_envelopes_are_written_as_cosign_3_wrote_them() {
    for (id, name, _, hex) in ATTESTED.iter().filter(|row| row.0.starts_with("v3-")) {
        let stored = bundle_file(id, 1);
        let written = Bundle::from_json(&stored).unwrap().to_json().unwrap();
        assert_eq!(text(&written), text(&stored), "{id}");
        let accepted = judge(id, "cosign", name, hex).unwrap();
        let envelope = accepted.envelope().expect("an attestation is in one").to_json();
        assert!(text(&stored).contains(text(&envelope)), "{id}: {}", text(&envelope));
    }
}

fn judge(id: &str, key: &str, predicate_type: &str, hex: &str) -> Result<VerifiedSignature, Rejection> {
    let policy = Policy::new(
        TrustedSigner::key(public_key(key)),
        Claim::attestation(predicate_type.parse().unwrap()),
        LogRule::InsecurelyIgnored,
    );
    verify(
        &evidence(id),
        &Artifact::new(digest(hex)),
        &policy,
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
}

fn evidence(id: &str) -> Bundle {
    if id.starts_with("v3-") {
        return bundle(id, 1);
    }
    let (envelope, annotations) = layer(id, ".att", 1);
    Bundle::from_legacy_attestation(&envelope, &annotations).unwrap()
}
