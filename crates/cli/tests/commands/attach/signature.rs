use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_oci::Descriptor;
use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{ATTACH, bundle, bundles, image, signed_elsewhere, tagged};
use crate::golden;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{A, B, LEGACY, SIGN, VERIFY, layers, signer};

fn layer(registry: &Registry, digest: &str) -> Descriptor {
    let (_, manifest) = tagged(registry, digest, "sig").expect("the tag is there");
    manifest.layers()[0].clone()
}

#[test]
fn a_signature_of_another_tool_is_attached_in_silence_and_verifies() {
    let user = signer();
    let (_registry, _, name) = signed_elsewhere(&user);
    assert_outcome!(
        user.run(&format!("{ATTACH} {name}")),
        str![[r#"
--- exit 0

"#]]
    );
    let verified = user.run(&format!("{VERIFY} {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn without_a_payload_the_one_that_cosign_makes_is_meant() {
    let user = signer();
    let (registry, _, name) = signed_elsewhere(&user);
    let attached = user.run(&format!("attach signature --signature a.sig {name}"));
    assert_outcome!(
        attached.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: using obsolete implied signature payload data (with digested reference REGISTRY/app@DIGEST); specify it explicitly with --payload instead
--- exit 0

"#]]
    );
    let verified = user.run(&format!("{VERIFY} {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn the_signature_is_read_from_standard_input() {
    let user = signer();
    let (_registry, _, name) = signed_elsewhere(&user);
    let text = String::from_utf8(user.read("a.sig")).expect("base64 is text");
    let attached = user
        .answering(&text)
        .run(&format!("attach signature --signature - --payload payload.json {name}"));
    assert_eq!(attached.exit, 0, "{attached}");
    let verified = user.run(&format!("{VERIFY} {name}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn signatures_that_are_there_are_kept_and_none_is_added_twice() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    let signed = user.run(&format!("sign --key b.key --tlog-upload=false {LEGACY} {name}"));
    assert_eq!(signed.exit, 0, "{signed}");
    let before = layer(&registry, &digest);
    for _ in 0..2 {
        let attached = user.run(&format!("{ATTACH} {name}"));
        assert_eq!(attached.exit, 0, "{attached}");
    }
    assert_eq!(layers(&registry, "app", &digest), 2);
    assert_eq!(layer(&registry, &digest), before);
}

#[test]
fn the_manifest_is_the_one_that_cosign_writes() {
    let blob = |hex| golden::file(&format!("layouts/v2-attached-signature/blobs/sha256/{hex}"));
    let expected = blob("db12955aa3fccfb82f110851ed1b4f514c905dbca4c5a9be4c5cd2dec72f7599");
    let manifest: serde_json::Value = serde_json::from_slice(&expected).expect("a manifest is JSON");
    let signature = &manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"];
    let user = User::new();
    let (registry, digest, name) = image(&user);
    user.write("a.sig", signature.as_str().expect("it is text"));
    user.write(
        "payload.json",
        blob("3392778d41d3292247f3e1639f933f82c66d611b9bdbeea5a030ccdae6f56dee"),
    );
    let attached = user.run(&format!("{ATTACH} {name}"));
    assert_eq!(attached.exit, 0, "{attached}");
    let (_, manifest) = tagged(&registry, &digest, "sig").expect("the tag is there");
    assert_eq!(manifest.bytes(), &expected);
}

#[test]
fn certificates_timestamps_and_log_entries_are_stored_as_cosign_stores_them() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    user.write("leaf.pem", "-----BEGIN CERTIFICATE-----\n");
    user.write("stamp.tsr", [0x30, 0]);
    user.write(
        "rekor.json",
        r#"{"base64Signature":"x","rekorBundle":{"SignedEntryTimestamp":"eA==","Payload":{}}}"#,
    );
    let flags = "--certificate leaf.pem --tsr stamp.tsr --rekor-response rekor.json";
    let attached = user.run(&format!("{ATTACH} {flags} {name}"));
    assert_eq!(attached.exit, 0, "{attached}");
    let annotations = layer(&registry, &digest).annotations;
    let expected = [
        (
            "dev.sigstore.cosign/certificate",
            "-----BEGIN CERTIFICATE-----\n".to_owned(),
        ),
        ("dev.sigstore.cosign/chain", String::new()),
        (
            "dev.sigstore.cosign/bundle",
            r#"{"SignedEntryTimestamp":"eA==","Payload":{}}"#.to_owned(),
        ),
        (
            "dev.sigstore.cosign/rfc3161timestamp",
            format!(r#"{{"SignedRFC3161Timestamp":"{}"}}"#, STANDARD.encode([0x30, 0])),
        ),
    ];
    for (name, value) in expected {
        assert_eq!(annotations.get(name), Some(&value), "{name}");
    }
    assert_eq!(annotations.len(), 5);
}

#[test]
fn a_log_entry_that_is_not_there_is_told() {
    let user = signer();
    let (_registry, _, name) = signed_elsewhere(&user);
    user.write("rekor.json", r#"{"base64Signature":"x"}"#);
    let attached = user.run(&format!("{ATTACH} --rekor-response rekor.json {name}"));
    assert_eq!(attached.exit, 1);
    assert!(
        attached.stderr.contains("rekor.json: expected JSON with a rekorBundle"),
        "{attached}"
    );
}

#[test]
fn a_bundle_becomes_a_referrer_byte_for_byte() {
    for flag in ["--payload", "--bundle"] {
        let user = signer();
        let (registry, digest, name) = image(&user);
        let json = bundle(&digest, A, SIGN_PREDICATE_TYPE);
        user.write("a.sigstore.json", &json);
        assert_outcome!(
            user.run(&format!("attach signature {flag} a.sigstore.json {name}")),
            str![[r#"
--- exit 0

"#]]
        );
        let stored = bundles(&registry, &digest);
        assert_eq!(String::from_utf8_lossy(&stored[0].1), json);
        let annotations = &stored[0].0.content().annotations;
        assert_eq!(annotations["dev.sigstore.bundle.predicateType"], SIGN_PREDICATE_TYPE);
        assert!(tagged(&registry, &digest, "sig").is_none());
        let verified = user.run(&format!("{VERIFY} {name}"));
        assert_eq!(verified.exit, 0, "{verified}");
    }
}

#[test]
fn attachments_go_where_the_environment_and_the_prefix_say() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    user.write("a.sigstore.json", bundle(&digest, A, SIGN_PREDICATE_TYPE));
    let user = user.with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    for line in [
        format!("{ATTACH} --attachment-tag-prefix here- {name}"),
        format!("attach signature --bundle a.sigstore.json {name}"),
    ] {
        let attached = user.run(&line);
        assert_eq!(attached.exit, 0, "{attached}");
    }
    let tag = format!("signatures:here-{}.sig", digest.replace(':', "-"));
    assert!(
        registry
            .manifest(&registry.name(&tag).parse().expect("this is a name"))
            .is_some()
    );
    assert_eq!(crate::signing::referrers(&registry, "signatures", &digest).len(), 1);
    assert_eq!(crate::signing::referrers(&registry, "app", &digest), []);
}

#[test]
fn what_a_bundle_has_no_use_for_is_refused() {
    let user = signer();
    let (_registry, digest, name) = image(&user);
    user.write("a.sigstore.json", bundle(&digest, A, SIGN_PREDICATE_TYPE));
    for flag in ["--signature", "--certificate", "--tsr", "--rekor-response"] {
        let attached = user.run(&format!("attach signature --bundle a.sigstore.json {flag} x {name}"));
        assert_eq!(attached.exit, 1, "{flag}");
        let reason = format!("a.sigstore.json is a bundle, which has everything in it: {flag} has no meaning with it");
        assert!(attached.stderr.contains(&reason), "{attached}");
    }
}

#[test]
fn a_bundle_that_no_one_would_find_is_refused() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let good = bundle(&digest, B, SIGN_PREDICATE_TYPE);
    let old = good.replace("bundle.v0.3+json", "bundle+json;version=0.2");
    let blob = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}},"messageSignature":{"messageDigest":{},"signature":"AAAA"}}"#;
    let other = good.replace("application/vnd.in-toto+json", "application/json");
    for (content, reason) in [
        (old.as_str(), "only bundles of version 0.3 are read from a registry"),
        (blob, "bundle does not have DSSE envelope"),
        (
            &other,
            "invalid payloadType \"application/json\" on envelope. Expected application/vnd.in-toto+json",
        ),
        (
            r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#,
            "verificationMaterial is missing",
        ),
    ] {
        user.write("b.json", content);
        let attached = user.run(&format!("attach signature --payload b.json {name}"));
        assert_eq!(attached.exit, 1, "{attached}");
        assert!(attached.stderr.starts_with("Error: b.json\n"), "{attached}");
        assert!(attached.stderr.contains(reason), "{attached}");
    }
    assert_eq!(crate::signing::referrers(&registry, "app", &digest), []);
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    for (content, reason) in [
        (&b" \n"[..], "empty signature"),
        (b"?", "signature is not base64"),
        (b"\xff", "a.sig: expected text, found other bytes"),
    ] {
        user.write("a.sig", content);
        let attached = user.run(&format!("{ATTACH} {name}"));
        assert_eq!(attached.exit, 1, "{attached}");
        assert!(attached.stderr.contains(reason), "{attached}");
    }
    let missing = user.run(&format!("attach signature --payload payload.json {name}"));
    assert!(
        missing.stderr.contains(r#"required flag(s) "signature" not set"#),
        "{missing}"
    );
    assert_eq!(layers(&registry, "app", &digest), 0);
}

#[test]
fn signatures_are_attached_beside_those_of_a_signer_at_work() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    let attach = format!("{ATTACH} {name}");
    let sign = format!("sign --key b.key --tlog-upload=false {LEGACY} {name}");
    assert_eq!(user.run(&attach).exit, 0);
    assert_eq!(user.run(&sign).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} -a x=y {LEGACY} {name}")).exit, 0);
    assert_eq!(layers(&registry, "app", &digest), 3);
}
