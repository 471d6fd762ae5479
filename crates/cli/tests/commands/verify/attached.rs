//! Which of the things that are attached count.

use serde_json::{Value, json};
use snapbox::str;

use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{
    A, B, LEGACY, SIGN, VERIFY, attest, judged, layers, push, referrers, replace_layers, signature_tag, signer,
};

/// Signs with key `b`.
const SIGN_B: &str = "sign --key b.key --tlog-upload=false";

#[test]
fn a_bundle_by_another_key_does_not_hide_the_signature_tag() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN_B} {image}")).exit, 0);
    let by_a = user.run(&format!("{VERIFY} {image}"));
    assert_outcome!(
        by_a.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"cosign container image signature"},"optional":null}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
Also attached, and not counted:
  referrer sha256:a6010517ac53c4ee20e2fa3a427cef788d0b3eb712eca73a00b4628dbe4c219f: signature does not verify with key /RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI= (the bundle names key "R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk="): signature is not this ed25519 key's over these bytes
--- exit 0

"#]]
    );
    let by_b = user.run(&format!("verify --key b.pub --insecure-ignore-tlog {image}"));
    assert_eq!(by_b.exit, 0, "{by_b}");
}

#[test]
fn a_signature_tag_by_another_key_does_not_hide_the_bundle() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN_B} {LEGACY} {image}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} -o json {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(judged(&outcome)["signatures"], ["bundle"]);
}

#[test]
fn all_signatures_by_the_key_are_printed_from_both_places() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    for flags in ["--format both", "--format both -a env=prod"] {
        assert_eq!(user.run(&format!("{SIGN} {flags} {image}")).exit, 0);
    }
    let outcome = user.run(&format!("{VERIFY} -o json {image}"));
    assert_eq!(judged(&outcome)["signatures"], ["bundle", "bundle", "legacy", "legacy"]);
    let outcome = user.run(&format!("{VERIFY} -o json -a env=prod {image}"));
    assert_eq!(judged(&outcome)["signatures"], ["bundle", "legacy"]);
    assert_eq!(judged(&outcome)["refused"].len(), 2);
}

#[test]
fn an_attestation_is_no_signature() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    attest(&registry, "app:v1", A);
    let image = registry.name("app:v1");
    let outcome = user.run(&format!("{VERIFY} {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no signatures found for REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849
  referrer sha256:6acf38960817205dea249af18adf2a4e92fa7fc2803c920f33c3ecf4303414d4: signed statement has predicate type "https://cosign.sigstore.dev/attestation/vuln/v1", expected https://sigstore.dev/cosign/sign/v1
help: `countersign sign --key KEY REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` signs it; `countersign tree REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` lists what is attached
--- exit 10

"#]]
    );
}

#[test]
fn an_attestation_counts_as_a_signature_only_when_asked() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    attest(&registry, "app:v1", A);
    let image = registry.name("app:v1");
    let outcome = user.run(&format!("{VERIFY} --insecure-accept-attestation {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"https://cosign.sigstore.dev/attestation/vuln/v1"},"optional":{}}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
--- exit 0

"#]]
    );
}

#[test]
fn an_attestation_does_not_hide_a_signature() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    for seed in [A, B] {
        attest(&registry, "app:v1", seed);
    }
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} -o json {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(judged(&outcome)["signatures"], ["legacy"]);
    assert_eq!(judged(&outcome)["refused"].len(), 2);
}

#[test]
fn a_signature_of_another_image_is_refused() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let other = push(&user, &registry, "app:v2", "other");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    let own = registry
        .manifest(&signature_tag(&registry, "app", &digest))
        .expect("it was signed");
    let content: Value = serde_json::from_slice(own.bytes()).expect("a manifest is JSON");
    let tag = signature_tag(&registry, "app", &other);
    crate::signing::push_manifest(&registry, &tag, &content, own.media_type());
    let outcome = user.run(&format!("{VERIFY} {}", registry.name("app:v2")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no matching signatures: none of the 1 attached to REGISTRY/app@sha256:ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f satisfies the policy
  sha256-ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f.sig layer 0: signed digest is sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849, expected sha256:ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f
help: `countersign tree REGISTRY/app@sha256:ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f` lists what is attached
--- exit 12

"#]]
    );
}

#[test]
fn a_signature_tag_of_too_many_layers_is_an_error_when_verifying_and_when_signing() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    let tag = signature_tag(&registry, "app", &digest);
    let manifest = registry.manifest(&tag).expect("it was signed");
    let layer = serde_json::to_value(&manifest.layers()[0]).expect("a layer is JSON");
    replace_layers(&registry, &tag, &json!(vec![layer.clone(); 1000]));
    assert_eq!(user.run(&format!("{VERIFY} {image}")).exit, 0);
    replace_layers(&registry, &tag, &json!(vec![layer; 1001]));
    let verified = user.run(&format!("{VERIFY} {image}"));
    assert_outcome!(
        verified.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: REGISTRY/app@DIGEST: what is attached could not be read
  caused by: signature manifest DIGEST of 1001 layers is larger than the limit of 1000 layers
--- exit 21

"#]]
    );
    let signed = user.run(&format!("{SIGN_B} {LEGACY} {image}"));
    assert_outcome!(
        signed.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
Pushing signature to: REGISTRY/app
Error: attaching the signature to REGISTRY/app@DIGEST
  caused by: signature manifest is larger than the limit of 1000 layers
--- exit 21

"#]]
    );
    assert_eq!(layers(&registry, "app", &digest), 1001);
}

#[test]
fn a_layer_without_a_signature_does_not_hide_its_neighbour() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    let tag = signature_tag(&registry, "app", &digest);
    let manifest = registry.manifest(&tag).expect("it was signed");
    let whole = serde_json::to_value(&manifest.layers()[0]).expect("a layer is JSON");
    let mut bare = whole.clone();
    bare["annotations"] = json!({});
    replace_layers(&registry, &tag, &json!([bare, whole]));
    let outcome = user.run(&format!("{VERIFY} {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"cosign container image signature"},"optional":null}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
Also attached, and not counted:
  sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.sig layer 0: dev.cosignproject.cosign/signature is missing
--- exit 0

"#]]
    );
}

#[test]
fn what_is_attached_elsewhere_is_found_only_there() {
    let registry = Registry::open();
    let prefixed = signer().with_variable("COSIGN_ATTACHMENT_TAG_PREFIX", "team-");
    let digest = push(&prefixed, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(prefixed.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    assert_eq!(prefixed.run(&format!("{VERIFY} {image}")).exit, 0);
    assert_eq!(signer().run(&format!("{VERIFY} {image}")).exit, 10);
    assert!(referrers(&registry, "app", &digest).is_empty());
}
