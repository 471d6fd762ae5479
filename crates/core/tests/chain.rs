//! Countersignatures of the real cosign are links of a chain, and of nothing else.

use std::collections::BTreeMap;

use countersign_core::bundle::Bundle;
use countersign_core::chain::{BrokenLink, ChainError, Countersigners, Covers, Link};
use countersign_core::key::PublicKey;
use countersign_core::payload::simple_signing;
use countersign_core::policy::{Claim, LogRule, Policy, Quorum, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, VerifiedSignature};
use countersign_core::{Artifact, Digest, verify};
use serde_json::Value;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("data/chain/", $name)).as_slice()
    };
}

const KEYS: [&[u8]; 2] = [file!("cosign.pub"), file!("k2.pub")];

fn signers() -> Vec<(String, TrustedSigner)> {
    let keys = KEYS.iter().enumerate();
    keys.map(|(number, pem)| {
        let key = PublicKey::from_pem(pem).expect("this is a key");
        (number.to_string(), TrustedSigner::key(key))
    })
    .collect()
}

/// Judges a bundle by either key, with an annotation.
fn judged(bundle: &Bundle, of: &Digest, annotation: (&str, &str)) -> Result<VerifiedSignature, Rejection> {
    let (name, value) = annotation;
    let claim = Claim::signature(BTreeMap::from([(name.to_owned(), value.to_owned())]));
    let signers = signers().into_iter().map(|(_, signer)| signer).collect();
    let policy = Policy::new(TrustedSigner::AnyOf(signers), claim, LogRule::InsecurelyIgnored);
    let now = "2026-11-26T00:00:00Z".parse().expect("this is a time");
    verify(
        bundle,
        &Artifact::new(of.clone()),
        &policy,
        &TrustedRoot::default(),
        now,
    )
}

fn bundle(json: &[u8]) -> Bundle {
    Bundle::from_json(json).expect("this is a bundle")
}

fn subject(manifest: &[u8]) -> Digest {
    let manifest: Value = serde_json::from_slice(manifest).expect("it is JSON");
    let digest = manifest["subject"]["digest"].as_str().expect("it refers to something");
    digest.parse().expect("this is a digest")
}

#[test]
fn a_bundle_of_a_bundle_is_a_chain() {
    let image = Digest::sha256(file!("app.manifest.json"));
    let [signature, counter] = [
        file!("app.bundle.manifest.json"),
        file!("app.counterbundle.manifest.json"),
    ];
    let holders = [signature, counter].map(Digest::sha256);
    let signed = judged(&bundle(file!("app.bundle.sigstore.json")), &image, ("sig", "v3")).expect("it is signed");
    let first = Link::new(&image, &holders[0], Some(&subject(signature)), signed).expect("it is a link");
    let countersignature = bundle(file!("app.counterbundle.sigstore.json"));
    let signed = judged(&countersignature, &holders[0], ("sig", "counter")).expect("it is signed");
    let second = Link::new(&holders[0], &holders[1], Some(&subject(counter)), signed.clone()).expect("it is a link");
    let one = std::num::NonZero::<usize>::MIN;
    let asked = Countersigners::new(Quorum::new(one, signers()).expect("two keys"), Covers::All);
    let links = [first, second];
    assert!(asked.judge(&holders[..1], &links, None).is_ok());
    let alone = asked.judge(&holders[..1], &links[..1], None);
    assert!(
        matches!(&alone, Err(ChainError::Uncovered { signature, .. }) if *signature == holders[0]),
        "{alone:?}"
    );
    // it is no signature of the image, whatever it is attached to
    let of_image = judged(&countersignature, &image, ("sig", "counter"));
    assert!(
        matches!(&of_image, Err(Rejection::DigestMismatch { expected, .. }) if *expected == image),
        "{of_image:?}"
    );
    let moved = Link::new(&image, &holders[1], Some(&image), signed);
    assert!(matches!(moved, Err(BrokenLink::OtherClaim { .. })), "{moved:?}");
}

#[test]
fn a_signature_tag_of_a_signature_tag_is_a_chain() {
    let signature = Digest::sha256(file!("app.sig.v2.manifest.json"));
    let annotations = BTreeMap::from([("sig".to_owned(), "counter".to_owned())]);
    let payload = simple_signing::payload("127.0.0.1:5763/b/app", &signature, &annotations);
    let manifest: Value = serde_json::from_slice(file!("app.countersig.v2.manifest.json")).expect("it is JSON");
    let layer = &manifest["layers"][0];
    assert_eq!(layer["digest"], Digest::sha256(&payload).to_string());
    let annotations: BTreeMap<String, String> =
        serde_json::from_value(layer["annotations"].clone()).expect("annotations are texts");
    let bundle = Bundle::from_legacy_layer(payload, &annotations).expect("this is a signature");
    let signed = judged(&bundle, &signature, ("sig", "counter")).expect("it is signed");
    let holder = Digest::sha256(file!("app.countersig.v2.manifest.json"));
    assert!(Link::new(&signature, &holder, None, signed).is_ok());
}

#[test]
fn one_statement_about_several_is_a_signature_of_each_with_its_own_annotations() {
    let bundle = bundle(file!("multi-subject.bundle.json"));
    let digests = [
        (
            "idx",
            "de2b0b5751757ebee416b57d3168323c76ae4a1bf22f0c4b77b8525c44771025",
        ),
        ("c1", "7e614b9d21485fcb73419d682c0da6d6760945455b98473d2c22643254925b80"),
        ("c2", "cc822781ff75a1189b5b55e3c87735f5faba5cc530d1b5c48f2d8642d72076c1"),
    ];
    for (name, hex) in digests {
        let digest: Digest = format!("sha256:{hex}").parse().expect("this is a digest");
        let signed = judged(&bundle, &digest, ("a", name)).expect("it is signed");
        assert_eq!(signed.digest(), Some(&digest));
        // no annotation is lent by a neighbour
        let other = if name == "c1" { "c2" } else { "c1" };
        let lent = judged(&bundle, &digest, ("a", other));
        assert!(matches!(&lent, Err(Rejection::AnnotationMismatch { .. })), "{lent:?}");
    }
}
