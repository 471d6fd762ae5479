//! What is printed for programs.

use snapbox::str;

use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, push, signer};

#[test]
fn success_is_a_versioned_object() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --format both -a env=prod {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} --output json {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
{"schemaVersion":1,"images":[{"image":"REGISTRY/app:v1","digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849","verified":true,"signatures":[{"place":"referrer sha256:1b7d752a85d98eaa856f9e0f367fe4c798712cb728aa825e870438a7e894a217","format":"bundle","key":"/RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=","critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{"env":"prod"}},{"place":"sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.sig layer 0","format":"legacy","key":"/RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=","critical":{"identity":{"docker-reference":"REGISTRY/app"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"cosign container image signature"},"optional":{"env":"prod"}}],"refused":[]}]}
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
--- exit 0

"#]]
    );
}

#[test]
fn failure_is_a_versioned_object_of_the_same_shape() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let (image, absent) = (registry.name("app:v1"), registry.name("app:v2"));
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let verify = "verify --key b.pub --insecure-ignore-tlog --output json";
    let outcome = user.run(&format!("{verify} {image} {absent}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
{"schemaVersion":1,"images":[{"image":"REGISTRY/app:v1","digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849","verified":false,"signatures":[],"refused":[{"place":"referrer sha256:ac19462d459824795beb759d1354ac26864210f6d85843acc866bb9314b70a56","reason":"signature does not verify with key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk= (the bundle names key \"/RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=\"): signature is not this ed25519 key's over these bytes"}],"error":{"code":"none-match","message":"no matching signatures: none of the 1 attached to REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849 satisfies the policy","details":["  referrer sha256:ac19462d459824795beb759d1354ac26864210f6d85843acc866bb9314b70a56: signature does not verify with key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk= (the bundle names key \"/RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=\"): signature is not this ed25519 key's over these bytes"],"causes":[],"help":["`countersign tree REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` lists what is attached"],"exit":12}},{"image":"REGISTRY/app:v2","verified":false,"signatures":[],"refused":[],"error":{"code":"not-found","message":"image tag not found: REGISTRY/app:v2","details":[],"causes":[],"help":[],"exit":11}}]}
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
--- exit 12

"#]]
    );
}

#[test]
fn a_failure_before_any_image_is_an_object_too() {
    let outcome = signer().run("verify --key env://NO_KEY --insecure-ignore-tlog -o json localhost:1/app");
    assert_outcome!(
        outcome,
        str![[r#"
{"schemaVersion":1,"error":{"code":"failed","message":"environment variable NO_KEY is not set","details":[],"causes":[],"help":[],"exit":1}}
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
--- exit 1

"#]]
    );
}

#[test]
fn text_is_a_payload_a_line() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    for annotation in ["env=prod", "env=test"] {
        assert_eq!(user.run(&format!("{SIGN} {LEGACY} -a {annotation} {image}")).exit, 0);
    }
    let outcome = user.run(&format!("{VERIFY} --output text {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
{"critical":{"identity":{"docker-reference":"REGISTRY/app"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"cosign container image signature"},"optional":{"env":"prod"}}
{"critical":{"identity":{"docker-reference":"REGISTRY/app"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"cosign container image signature"},"optional":{"env":"test"}}
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
fn results_go_to_the_output_file_and_the_check_list_to_stderr() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let outcome = user.run(&format!("--output-file out.json {VERIFY} {image}"));
    assert_eq!((outcome.exit, outcome.text()), (0, ""));
    assert!(
        outcome.stderr.contains("The following checks were performed"),
        "{outcome}"
    );
    assert!(user.read("out.json").starts_with(b"\n[{"));
}
