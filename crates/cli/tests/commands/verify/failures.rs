//! How a failure ends: what is said, once, and with which exit code.

use snapbox::str;

use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, payloads, push, referrers, signer};

const IMAGE: &str = "localhost:1/app:v1";

#[test]
fn an_unsigned_image_is_told_once_and_ends_with_10() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let outcome = user.run(&format!("{VERIFY} {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no signatures found for REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849
help: `countersign sign --key KEY REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` signs it; `countersign tree REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` lists what is attached
--- exit 10

"#]]
    );
}

#[test]
fn a_tag_that_does_not_exist_is_told_once_and_ends_with_11() {
    let registry = Registry::open();
    let outcome = signer().run(&format!("{VERIFY} {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: image tag not found: REGISTRY/app:v1
--- exit 11

"#]]
    );
}

#[test]
fn a_wrong_key_is_told_once_and_ends_with_12_in_the_bundle_format() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let outcome = user.run(&format!("verify --key b.pub --insecure-ignore-tlog {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no matching signatures: none of the 1 attached to REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849 satisfies the policy
  referrer sha256:ac19462d459824795beb759d1354ac26864210f6d85843acc866bb9314b70a56: signature does not verify with key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk= (the bundle names key "/RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI="): signature is not this ed25519 key's over these bytes
help: `countersign tree REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` lists what is attached
--- exit 12

"#]]
    );
}

#[test]
fn a_wrong_key_is_told_once_and_ends_with_12_in_the_legacy_format() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    let outcome = user.run(&format!("verify --key b.pub --insecure-ignore-tlog {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no matching signatures: none of the 1 attached to REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849 satisfies the policy
  sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.sig layer 0: signature does not verify with key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk=: signature is not this ed25519 key's over these bytes
help: `countersign tree REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849` lists what is attached
--- exit 12

"#]]
    );
}

#[test]
fn a_wrong_annotation_ends_with_12_in_both_formats() {
    for format in ["bundle", "legacy"] {
        let (registry, user) = (Registry::open(), signer());
        push(&user, &registry, "app:v1", "hello");
        let image = registry.name("app:v1");
        assert_eq!(
            user.run(&format!("{SIGN} --format {format} -a env=test {image}")).exit,
            0
        );
        let outcome = user.run(&format!("{VERIFY} -a env=prod {image}"));
        assert_eq!(outcome.exit, 12, "{outcome}");
        assert!(
            outcome.stderr.contains("prod") && outcome.stderr.contains("test"),
            "{outcome}"
        );
    }
}

#[test]
fn a_registry_that_is_down_is_never_an_unsigned_image() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let host = registry.host().to_owned();
    drop(registry);
    let by_tag = user.run(&format!("{VERIFY} {host}/app:v1"));
    assert_outcome!(
        by_tag.redacted(&host),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: HEAD http://REGISTRY/v2/app/manifests/v1: could not connect: Connection refused (os error 111)
--- exit 20

"#]]
    );
    let by_digest = user.run(&format!("{VERIFY} {host}/app@{digest}"));
    assert_eq!(by_digest.exit, 20, "{by_digest}");
}

#[test]
fn a_registry_that_wants_credentials_is_never_an_unsigned_image() {
    let registry = Registry::private("user", "password");
    let outcome = signer().run(&format!("{VERIFY} {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 22, "{outcome}");
}

#[test]
fn a_damaged_bundle_is_never_an_unsigned_image() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --bundle b.json {image}")).exit, 0);
    registry.damage(&user.read("b.json"));
    let outcome = user.run(&format!("{VERIFY} {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no matching signatures: none of the 1 attached to REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849 satisfies the policy
  referrer sha256:ac19462d459824795beb759d1354ac26864210f6d85843acc866bb9314b70a56: blob REGISTRY/app@sha256:433de129c430112d7ab4825e1f7cd53327cbc98e37284072b32ba8178fb5407e: content does not match its digest: expected sha256:433de129c430112d7ab4825e1f7cd53327cbc98e37284072b32ba8178fb5407e, found sha256:af38bb5f955c0b5a4f1c20e02766af4334754f6f6af041b9c1500f9cfe2332f9
--- exit 21

"#]]
    );
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
}

#[test]
fn a_damaged_payload_is_never_an_unsigned_image() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} -a env=prod {image}")).exit, 0);
    registry.damage(payloads(&registry, "app", &digest)[0].as_bytes());
    let outcome = user.run(&format!("{VERIFY} {image}"));
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(outcome.stderr.contains("does not match its digest"), "{outcome}");
}

#[test]
fn a_damaged_bundle_beside_a_good_one_is_told_and_does_not_count() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --bundle b.json {image}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} -a run=2 {image}")).exit, 0);
    registry.damage(&user.read("b.json"));
    let outcome = user.run(&format!("{VERIFY} {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert!(outcome.stderr.contains("Also attached, and not counted:"), "{outcome}");
}

#[test]
fn a_log_is_not_forgotten_in_silence() {
    assert_outcome!(
        signer().run(&format!("verify --key a.pub {IMAGE}")),
        str![[r#"
--- stderr
Error: whom to trust could not be had
  caused by: neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept
help: without the network: --trusted-root says in a file whom to trust, and --key with --insecure-ignore-tlog verifies with a key alone
--- exit 1

"#]]
    );
}

#[test]
fn a_flag_that_needs_a_service_is_refused_by_name() {
    let user = signer();
    for flag in [
        "--rekor-url=https://rekor.example",
        "--certificate=c.pem",
        "--sct=c.pem",
        "--sk",
    ] {
        let outcome = user.run(&format!("{VERIFY} {flag} {IMAGE}"));
        let name = flag.split('=').next().expect("there is a first part");
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(&format!("Error: {name}")), "{outcome}");
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let user = signer();
    for flags in [
        "--signature s",
        "--payload p",
        "--signature s --payload p --recursive",
        "--signature s --payload p --platform linux/amd64",
        "--recursive --platform linux/amd64",
        "--max-workers 0",
        "--platform linux",
        "--trusted-root no.json",
        "--certificate-identity mary@example.com --certificate-oidc-issuer https://issuer.example",
        "--ca-roots a.pub --certificate-chain a.pub",
        "--ca-intermediates a.pub",
        "--offline --key https://keys.example/a.pub",
        "--signature-digest-algorithm sha224",
    ] {
        let outcome = user.run(&format!("{VERIFY} {flags} {IMAGE}"));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
    }
}

#[test]
fn a_key_that_is_none_is_named() {
    let user = signer();
    user.write("empty.pub", "");
    for (key, said) in [
        ("empty.pub", "empty.pub"),
        ("no.pub", "no.pub"),
        ("env://NO_KEY", "NO_KEY"),
    ] {
        let outcome = user.run(&format!("verify --insecure-ignore-tlog --key {key} {IMAGE}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
    assert_outcome!(
        user.run(&format!("verify --insecure-ignore-tlog {IMAGE}")),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: --certificate-identity or --certificate-identity-regexp is required for verification in keyless mode
help: `countersign verify --help` shows how it is used
--- exit 1

"#]]
    );
}
