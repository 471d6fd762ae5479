use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};
use crate::registry::Registry;

/// A user with two key pairs, and `app:v1` pushed and signed by the first as the flags say.
fn signed(registry: &Registry, flags: &str) -> User {
    let user = User::new().with_key("cosign").with_key("other");
    user.write("hello.txt", "hello\n");
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("push {name} hello.txt")).exit, 0);
    let line = format!("sign --key cosign.key --tlog-upload=false -y {flags} {name}");
    let outcome = user.run(&line);
    assert_eq!(outcome.exit, 0, "{}", outcome.stderr);
    user
}

fn verify(user: &User, registry: &Registry, flags: &str) -> Outcome {
    let name = registry.name("app:v1");
    user.run(&format!("verify --insecure-ignore-tlog {flags} {name}"))
        .redacted(registry.host())
}

#[test]
fn a_bundle_is_told_in_cosigns_words() {
    let registry = Registry::open();
    let user = signed(&registry, "");
    assert_outcome!(
        verify(&user, &registry, "--key cosign.pub"),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"sha256:9bda4d8ee4f32e66604c89539ac90cd34b2c4cfa5a8993b7287b1bf645549d96"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}]
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
fn a_signature_of_the_old_format_is_told_in_cosigns_words() {
    let registry = Registry::open();
    let user = signed(&registry, "--new-bundle-format=false -a env=prod");
    assert_outcome!(
        verify(&user, &registry, "--key cosign.pub -a env=prod"),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app"},"image":{"docker-manifest-digest":"sha256:9bda4d8ee4f32e66604c89539ac90cd34b2c4cfa5a8993b7287b1bf645549d96"},"type":"cosign container image signature"},"optional":{"env":"prod"}}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The specified annotations were verified.
  - The cosign claims were validated
  - The signatures were verified against the specified public key
--- exit 0

"#]]
    );
}

#[test]
fn either_format_is_enough_whoever_made_the_other() {
    let registry = Registry::open();
    let user = signed(&registry, "--new-bundle-format=false");
    let name = registry.name("app:v1");
    let line = format!("sign --key other.key --tlog-upload=false -y {name}");
    assert_eq!(user.run(&line).exit, 0);
    assert_eq!(verify(&user, &registry, "--key cosign.pub").exit, 0);
    assert_eq!(verify(&user, &registry, "--key other.pub").exit, 0);
}

#[test]
fn a_signature_by_another_key_ends_with_12_in_both_formats() {
    for flags in ["", "--new-bundle-format=false"] {
        let registry = Registry::open();
        let user = signed(&registry, flags);
        let outcome = verify(&user, &registry, "--key other.pub");
        assert_eq!(outcome.exit, 12, "{flags}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, b"");
    }
}

#[test]
fn a_missing_annotation_ends_with_12() {
    let registry = Registry::open();
    let user = signed(&registry, "-a env=prod");
    assert_eq!(verify(&user, &registry, "--key cosign.pub -a env=prod").exit, 0);
    assert_eq!(verify(&user, &registry, "--key cosign.pub -a env=test").exit, 12);
}

#[test]
fn an_image_without_signature_ends_with_10_and_one_that_is_missing_with_11() {
    let registry = Registry::open();
    let user = signed(&registry, "");
    let name = registry.name("plain:v1");
    assert_eq!(user.run(&format!("push {name} hello.txt --artifact-type a/b")).exit, 0);
    let unsigned = user.run(&format!("verify --key cosign.pub --insecure-ignore-tlog {name}"));
    assert_eq!(unsigned.exit, 10, "{}", unsigned.stderr);
    let missing = registry.name("plain:v2");
    let outcome = user.run(&format!("verify --key cosign.pub --insecure-ignore-tlog {missing}"));
    assert_eq!(outcome.exit, 11, "{}", outcome.stderr);
}

#[test]
fn a_registry_that_is_gone_is_not_an_image_without_signature() {
    let registry = Registry::open();
    let user = signed(&registry, "");
    let name = registry.name("app:v1");
    drop(registry);
    let outcome = user.run(&format!("verify -t 20s --key cosign.pub --insecure-ignore-tlog {name}"));
    assert_eq!(outcome.exit, 20, "{}", outcome.stderr);
}

#[test]
fn json_that_is_asked_for_is_a_versioned_object_for_success_and_failure() {
    let registry = Registry::open();
    let user = signed(&registry, "");
    for (key, verified, exit) in [("cosign.pub", true, 0), ("other.pub", false, 12)] {
        let outcome = verify(&user, &registry, &format!("--output json --key {key}"));
        let object: serde_json::Value = serde_json::from_slice(&outcome.stdout).expect("this is JSON");
        assert_eq!(object["schemaVersion"], 1);
        assert_eq!(object["images"][0]["verified"], verified, "{object}");
        assert_eq!(outcome.exit, exit);
    }
}

#[test]
fn under_cosigns_name_json_has_cosigns_shape() {
    let registry = Registry::open();
    let user = signed(&registry, "");
    let name = registry.name("app:v1");
    let line = [
        "verify",
        "--key",
        "cosign.pub",
        "--insecure-ignore-tlog",
        "-o",
        "json",
        &name,
    ];
    let outcome = user.run_as("cosign", &line);
    let array: serde_json::Value = serde_json::from_slice(&outcome.stdout).expect("this is JSON");
    assert_eq!(array[0]["critical"]["type"], "https://sigstore.dev/cosign/sign/v1");
}

#[test]
fn without_consent_or_key_nothing_is_verified() {
    let registry = Registry::open();
    let user = signed(&registry, "");
    let name = registry.name("app:v1");
    let outcome = user.run(&format!("verify --key cosign.pub {name}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: verifying with a transparency log is not possible yet: pass --insecure-ignore-tlog to verify with the key alone
help: `countersign verify --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        verify(&user, &registry, ""),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: a key is needed: pass --key with a file, env://NAME or https://…
help: `countersign verify --help` shows how it is used
--- exit 1

"#]]
    );
}
