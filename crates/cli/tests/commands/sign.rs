use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};
use crate::registry::Registry;

/// A user with a key pair, and `app:v1` pushed.
fn prepared(registry: &Registry) -> User {
    let user = User::new().with_key("cosign");
    user.write("hello.txt", "hello\n");
    let pushed = user.run(&format!("push {} hello.txt", registry.name("app:v1")));
    assert_eq!(pushed.exit, 0, "{}", pushed.stderr);
    user
}

fn sign(user: &User, registry: &Registry, flags: &str) -> Outcome {
    let name = registry.name("app:v1");
    user.run(&format!("sign --key cosign.key --tlog-upload=false -y {flags} {name}"))
}

fn tree(user: &User, registry: &Registry) -> String {
    let outcome = user.run(&format!("tree {}", registry.name("app:v1")));
    String::from_utf8(outcome.stdout).expect("a tree is text")
}

#[test]
fn a_bundle_is_attached_and_the_tag_is_warned_of() {
    let registry = Registry::open();
    let user = prepared(&registry);
    assert_outcome!(
        sign(&user, &registry, "").redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Image reference REGISTRY/app:v1 uses a tag, not a digest, to identify the image to sign.
    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to countersign. The digest that the tag has now is signed.
Pushing signature to: REGISTRY/app
--- exit 0

"#]]
    );
    let tree = tree(&user, &registry);
    assert!(
        tree.contains("🔗 https://sigstore.dev/cosign/sign/v1") && !tree.contains("🔐"),
        "{tree}"
    );
}

#[test]
fn the_old_format_is_a_tag() {
    let registry = Registry::open();
    let user = prepared(&registry);
    assert_eq!(sign(&user, &registry, "--new-bundle-format=false").exit, 0);
    let tree = tree(&user, &registry);
    assert!(tree.contains("🔐 Signatures") && !tree.contains("🔗"), "{tree}");
}

#[test]
fn both_formats_at_once_are_for_migration() {
    let registry = Registry::open();
    let user = prepared(&registry);
    assert_eq!(sign(&user, &registry, "--format both").exit, 0);
    let tree = tree(&user, &registry);
    assert!(tree.contains("🔐 Signatures") && tree.contains("🔗"), "{tree}");
}

#[test]
fn what_this_key_has_signed_is_not_signed_again_where_asked() {
    let registry = Registry::open();
    let user = prepared(&registry);
    assert_eq!(sign(&user, &registry, "--skip-existing").exit, 0);
    let once = tree(&user, &registry);
    let again = sign(&user, &registry, "--skip-existing");
    assert_eq!(again.exit, 0, "{}", again.stderr);
    assert_eq!(tree(&user, &registry), once);
    assert_eq!(sign(&user, &registry, "--skip-existing -a env=prod").exit, 0);
    assert_ne!(tree(&user, &registry), once);
}

#[test]
fn attachments_may_be_in_another_repository() {
    let registry = Registry::open();
    let user = prepared(&registry).with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    assert_eq!(sign(&user, &registry, "--format both").exit, 0);
    let verify = format!(
        "verify --key cosign.pub --insecure-ignore-tlog {}",
        registry.name("app:v1")
    );
    assert_eq!(user.run(&verify).exit, 0);
    assert!(tree(&user, &registry).contains(&registry.name("signatures")));
}

#[test]
fn signing_wants_consent_to_go_without_a_log() {
    let registry = Registry::open();
    let user = prepared(&registry);
    let name = registry.name("app:v1");
    let outcome = user.run(&format!("sign --key cosign.key -y {name}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Error: signing with a transparency log is not possible yet: pass --tlog-upload=false, or --signing-config with a file that names no service
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
    assert!(tree(&user, &registry).contains("No Supply Chain"));
}

#[test]
fn a_flag_that_needs_a_service_is_refused() {
    let registry = Registry::open();
    let user = prepared(&registry);
    assert_outcome!(
        sign(&user, &registry, "--fulcio-url https://fulcio.example").redacted(registry.host()),
        str![[r#"
--- stderr
Error: --fulcio-url needs a certificate authority: this version works with keys only and contacts no service but the registry
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn without_key_or_image_nothing_is_signed() {
    assert_outcome!(
        User::new().run("sign --tlog-upload=false localhost:1/app"),
        str![[r#"
--- stderr
Error: a key is needed: pass --key with a file, env://NAME or https://…
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
    assert_outcome!(
        User::new().run("sign --key cosign.key --tlog-upload=false"),
        str![[r#"
--- stderr
Error: requires at least 1 arg(s), only received 0
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn an_image_that_does_not_exist_is_not_found() {
    let registry = Registry::open();
    let user = prepared(&registry);
    let name = registry.name("app:v2");
    let outcome = user.run(&format!("sign --key cosign.key --tlog-upload=false -y {name}"));
    assert_eq!(outcome.exit, 11, "{}", outcome.stderr);
}
