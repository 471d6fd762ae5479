//! Signatures of images.

use std::collections::BTreeMap;

use countersign_core::bundle::{Bundle, Content, Format, KeyMaterial, Version};
use countersign_core::key::SignatureDigest;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, VerifiedSignature};
use countersign_core::{Artifact, verify};
use jiff::Timestamp;

use crate::data::{bundle, bundle_file, digest, evidence, file, layer, public_key, text};

/// Artefact, number of the signature, key, signed digest.
const SIGNED: &[(&str, usize, &str, &str)] = &[
    (
        "v2-annotations",
        1,
        "cosign",
        "2a1ae8f77a017d23a8af3bfef81cd06edbb6112c6ab36a73f1a07c8b5c336955",
    ),
    (
        "v2-attached-signature",
        1,
        "p256",
        "b4a99d03d2cffdccc162075a089daa0fe273470d3ed7c60407273aac7cedecaf",
    ),
    (
        "v2-container-identity",
        1,
        "cosign",
        "a85493bfa083308f6e06cd63db795014bc1b6ee27a1cd7bb5f0150c6709c8e4d",
    ),
    ("v2-key", 1, "cosign", V2_KEY),
    (
        "v2-key-no-tlog",
        1,
        "cosign",
        "9f61671c19af2238b4486c1828c27126fa559df2fa1ccdbf07d1e8c21158e2f5",
    ),
    (
        "v2-key-p384",
        1,
        "p384",
        "0022d0eb244ecd48278fe036cfaffc6972d97acef45982ea81e0c67ce2927ceb",
    ),
    (
        "v2-key-rsa2048",
        1,
        "rsa2048",
        "7b51b4149a2acbf7dc816f58fb0d9b305f607d23e303cb5c74ea4640c812df13",
    ),
    (
        "v2-key-rsa3072",
        1,
        "rsa3072",
        "eb32ab618439ad6363265bbe6738b352940f90ca57735b2162e91b1a6ceaab9c",
    ),
    (
        "v2-key-rsa4096",
        1,
        "rsa4096",
        "509cff1f50ad060c2375e6a316cf1e075ba8b15fb477e521dfff88a919290536",
    ),
    (
        "v2-key-tsa",
        1,
        "cosign",
        "a41a690a6871f6f7466c2e3ac95f32bf8f47fa65dd65a7452e39f913d6ae9b3a",
    ),
    (
        "v2-new-bundle",
        1,
        "cosign",
        "c4a5a0a59e8904d46612dfd3d430f18ec08cf1500dc2a0832673d7261a9fb0ce",
    ),
    ("v2-three-signatures", 1, "cosign", V2_THREE),
    ("v2-three-signatures", 2, "other", V2_THREE),
    ("v3-annotations", 1, "cosign", V3_ANNOTATIONS),
    ("v3-key", 1, "cosign", V3_KEY),
    (
        "v3-key-ed25519",
        1,
        "ed25519",
        "4e21a0f49d2ab1dce3e11add3ac386960c04a518907f7d2100ba49f6bee74b78",
    ),
    ("v3-key-p384", 1, "p384", V3_P384),
    (
        "v3-key-p521",
        1,
        "p521",
        "f84944dc5fb0e76eb79822802260cac119bfdc07eaafb05a4b7ab2cad054dd1d",
    ),
    (
        "v3-key-rsa2048",
        1,
        "rsa2048",
        "3a325c5252e826d02259d9d1c1c3fc32c8ab5c1b61243642f7cf6d77a54dd286",
    ),
    (
        "v3-key-rsa4096",
        1,
        "rsa4096",
        "cde5f2e436a3a87409dc33233113a6c955484948a3daf0445b034d2054032779",
    ),
    ("v3-three-signatures", 2, "other", V3_THREE),
    ("v3-three-signatures", 3, "cosign", V3_THREE),
];

const V2_KEY: &str = "8594ae8a7f30f0f4bd50bc2a37af4bb5d148865c364e3ac9dc6bf1e4c62a46f2";
const V2_THREE: &str = "dcf924a8c53554b613d9592374478ad7046b7f9087a3d28ebe55a2a82bdb4a68";
const V3_ANNOTATIONS: &str = "418c160a863b9fb0703513b45936db69bcb8f0acff8af2c76c232986c6b7f28c";
const V3_ATTESTATION: &str = "50023cf697276944ad2cf6443935ed1ca236b7ded5083b231b3d2460b45dc17e";
const V3_KEY: &str = "13e07a6d397a679299cf07b70cb847bbd818303c9e425efdf1ce47c4dc0b288f";
const V3_P384: &str = "4045036b84ffd3050a5648634ffb847cf357f1733879111378e472c2c0464311";
const V3_THREE: &str = "5a8e01640dac63b1a290b5a1e80fca9a1c0a5454d0da29bff24aec892a07d894";

#[test]
fn what_cosign_signed_is_accepted_with_its_key() {
    for (id, number, key, hex) in SIGNED {
        let accepted = judge(id, *number, key, hex, &[]).unwrap_or_else(|rejection| panic!("{id}: {rejection}"));
        assert_eq!(accepted.digest(), Some(&digest(hex)), "{id}");
        assert_eq!(accepted.key().hint(), public_key(key).hint(), "{id}");
        assert_eq!(accepted.claimed_digest(), Some(digest(hex).as_str()), "{id}");
    }
}

#[test]
fn what_cosign_signed_is_rejected_with_another_key() {
    for (id, number, key, hex) in SIGNED {
        let another = if *key == "other" { "cosign" } else { "other" };
        let rejection = judge(id, *number, another, hex, &[]).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::SignatureMismatch { key, .. } if *key == public_key(another).hint()),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn what_cosign_signed_is_rejected_for_another_artifact() {
    let another = "0".repeat(64);
    for (id, number, key, hex) in SIGNED {
        let rejection = judge(id, *number, key, &another, &[]).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::DigestMismatch { expected, found }
                if *expected == digest(&another) && found.shown() == [digest(hex).as_str().into()] && found.more() == 0),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn signed_annotations_are_accepted_and_others_rejected() {
    for (id, hex) in [
        (
            "v2-annotations",
            "2a1ae8f77a017d23a8af3bfef81cd06edbb6112c6ab36a73f1a07c8b5c336955",
        ),
        ("v3-annotations", V3_ANNOTATIONS),
    ] {
        let accepted = judge(id, 1, "cosign", hex, &[("env", "prod")]).unwrap();
        assert_eq!(accepted.annotations().unwrap()["env"], "prod", "{id}");
        let rejection = judge(id, 1, "cosign", hex, &[("env", "dev")]).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::AnnotationMismatch { key, expected, found }
                if (key.as_str(), expected.as_str(), found.as_str()) == ("env", "dev", "prod")),
            "{id}: {rejection:?}"
        );
        let rejection = judge(id, 1, "cosign", hex, &[("env", "prod"), ("place", "x")]).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::AnnotationMissing { key, expected } if (key.as_str(), expected.as_str()) == ("place", "x")),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn an_attestation_of_cosign_is_no_signature() {
    let rejection = judge("v3-attest-vuln", 1, "cosign", V3_ATTESTATION, &[]).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::PredicateType { expected: "https://sigstore.dev/cosign/sign/v1", found }
            if found.as_str() == "https://cosign.sigstore.dev/attestation/vuln/v1"),
        "{rejection:?}"
    );
}

#[test]
fn a_damaged_signature_is_rejected() {
    for (id, hex) in [
        ("damaged-v2-signature", V2_KEY),
        ("damaged-v3-bundle-signature", V3_KEY),
    ] {
        let rejection = judge(id, 1, "cosign", hex, &[]).unwrap_err();
        assert!(
            matches!(rejection, Rejection::SignatureMismatch { .. }),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn the_signature_of_another_image_is_rejected() {
    for (id, hex, signed) in [
        (
            "damaged-v2-transplanted",
            "0007401ed6f0029e58cddfb33aacba96fc0f5ac4d4f98ee52cb875fff3584479",
            V2_KEY,
        ),
        (
            "damaged-v3-transplanted",
            "b408f3727daa5a7639daed7d06a8d6bdd1db1a818e9c95271c21bf781eeb11c7",
            V3_KEY,
        ),
    ] {
        let rejection = judge(id, 1, "cosign", hex, &[]).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::DigestMismatch { expected, found }
                if *expected == digest(hex) && found.shown() == [digest(signed).as_str().into()]),
            "{id}: {rejection:?}"
        );
    }
}

#[test]
fn a_keyless_bundle_is_no_signature_by_a_key() {
    let rejection = judge("v3-three-signatures", 1, "cosign", V3_THREE, &[]).unwrap_err();
    assert!(matches!(rejection, Rejection::CertificateNotKey), "{rejection:?}");
}

#[test]
fn a_keyless_layer_is_judged_by_the_key() {
    let layer = evidence("v2-three-signatures", 3);
    assert!(
        matches!(layer.key_material(), KeyMaterial::Undeclared(chain) if chain.len() == 3),
        "{layer:?}"
    );
    let rejection = judge("v2-three-signatures", 3, "cosign", V2_THREE, &[]).unwrap_err();
    assert!(
        matches!(&rejection, Rejection::SignatureMismatch { named: None, .. }),
        "{rejection:?}"
    );
}

#[test]
fn a_signature_with_another_digest_than_asked_for_is_rejected() {
    let judged = |digest_asked| {
        let signer = TrustedSigner::key_with_digest(public_key("p384"), digest_asked);
        let policy = Policy::new(signer, Claim::signature(BTreeMap::new()), LogRule::InsecurelyIgnored);
        let artifact = Artifact::new(digest(V3_P384));
        verify(
            &bundle("v3-key-p384", 1),
            &artifact,
            &policy,
            &TrustedRoot::default(),
            Timestamp::UNIX_EPOCH,
        )
    };
    judged(SignatureDigest::Sha384).unwrap();
    let rejection = judged(SignatureDigest::Sha256).unwrap_err();
    assert!(
        matches!(rejection, Rejection::SignatureMismatch { .. }),
        "{rejection:?}"
    );
}

#[test]
fn accepted_evidence_can_be_printed_as_cosign_does() {
    let (stored, _) = layer("v2-annotations", ".sig", 1);
    let layer = judge(
        "v2-annotations",
        1,
        "cosign",
        "2a1ae8f77a017d23a8af3bfef81cd06edbb6112c6ab36a73f1a07c8b5c336955",
        &[],
    )
    .unwrap();
    assert_eq!(layer.format(), Format::LegacyLayer);
    assert_eq!(layer.payload_bytes(), stored);
    assert_eq!(layer.docker_reference(), Some("127.0.0.1:21012/g62/app"));
    assert_eq!(
        (layer.kind(), layer.predicate_type()),
        ("cosign container image signature", None)
    );
    let bundle = judge("v3-annotations", 1, "cosign", V3_ANNOTATIONS, &[]).unwrap();
    assert_eq!(bundle.format(), Format::Bundle(Version::V03));
    assert_eq!(bundle.docker_reference(), None);
    assert_eq!(bundle.predicate_type(), Some("https://sigstore.dev/cosign/sign/v1"));
    assert_eq!(
        serde_json::to_string(bundle.annotations().unwrap()).unwrap(),
        r#"{"env":"prod","team":"x"}"#
    );
}

#[test]
fn bundles_are_written_as_cosign_3_wrote_them() {
    for (id, number) in SIGNED
        .iter()
        .filter(|row| row.0.starts_with("v3-"))
        .map(|row| (row.0, row.1))
        .chain([("v3-three-signatures", 1)])
    {
        let written = bundle(id, number).to_json().unwrap();
        let stored = bundle_file(id, number);
        assert_eq!(text(&written), text(&stored), "{id}");
    }
    for name in ["blob-v3-key", "blob-v3-keyless-rekor1"] {
        let stored = file(&format!("blobs/{name}.json"));
        let written = Bundle::from_json(&stored).unwrap().to_json().unwrap();
        assert_eq!(text(&written), text(&stored), "{name}");
    }
}

#[test]
fn a_bundle_for_a_file_is_no_signature_of_an_image() {
    let bundle = Bundle::from_json(&file("blobs/blob-v3-key.json")).unwrap();
    let Content::Message(message) = bundle.content() else {
        panic!("{bundle:?}")
    };
    assert_eq!(message.digest().unwrap().algorithm(), "SHA2_256");
    let rejection = verify(
        &bundle,
        &Artifact::new(digest(V3_KEY)),
        &policy("cosign", &[]),
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
    .unwrap_err();
    assert!(matches!(rejection, Rejection::MessageSignature), "{rejection:?}");
}

fn judge(
    id: &str,
    number: usize,
    key: &str,
    hex: &str,
    annotations: &[(&str, &str)],
) -> Result<VerifiedSignature, Rejection> {
    let artifact = Artifact::new(digest(hex));
    verify(
        &evidence(id, number),
        &artifact,
        &policy(key, annotations),
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
}

fn policy(key: &str, annotations: &[(&str, &str)]) -> Policy {
    let annotations = annotations
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Policy::new(
        TrustedSigner::key(public_key(key)),
        Claim::signature(annotations),
        LogRule::InsecurelyIgnored,
    )
}
