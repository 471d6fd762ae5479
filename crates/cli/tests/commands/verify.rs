//! `verify`: what is accepted, what is printed, and how a failure ends.

mod attached;
mod bases;
mod chain;
mod depth;
mod failures;
pub(crate) mod local;
mod many;
mod output;
mod platform;
mod policy;

use snapbox::str;

use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, judged, push, push_index, signer};

#[test]
fn a_bundle_is_verified_and_the_check_list_never_claims_the_log() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} -a env=prod {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} -a env=prod {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{"env":"prod"}}]
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
fn a_signature_tag_is_verified_and_the_check_list_never_claims_the_log() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
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
--- exit 0

"#]]
    );
}

#[test]
fn images_of_both_formats_are_verified_in_either_order() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "bundle:v1", "bundle");
    push(&user, &registry, "legacy:v1", "legacy");
    let (bundle, legacy) = (registry.name("bundle:v1"), registry.name("legacy:v1"));
    assert_eq!(user.run(&format!("{SIGN} {bundle}")).exit, 0);
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {legacy}")).exit, 0);
    for (names, formats) in [
        (format!("{bundle} {legacy}"), ["bundle", "legacy"]),
        (format!("{legacy} {bundle}"), ["legacy", "bundle"]),
    ] {
        let outcome = user.run(&format!("{VERIFY} -o json {names}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        assert_eq!(judged(&outcome)["signatures"], formats, "{outcome}");
    }
}

#[test]
fn every_image_is_judged_and_the_worst_is_the_exit_code() {
    let (registry, user) = (Registry::open(), signer());
    for name in ["signed:v1", "unsigned:v1", "other:v1"] {
        push(&user, &registry, name, name);
    }
    let (signed, unsigned) = (registry.name("signed:v1"), registry.name("unsigned:v1"));
    let (other, absent) = (registry.name("other:v1"), registry.name("absent:v1"));
    assert_eq!(user.run(&format!("{SIGN} {signed}")).exit, 0);
    let by_b = format!("sign --key b.key --tlog-upload=false {other}");
    assert_eq!(user.run(&by_b).exit, 0);
    let outcome = user.run(&format!("{VERIFY} {absent} {unsigned} {other} {signed}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/signed:v1"},"image":{"docker-manifest-digest":"sha256:4180fda6140ea58cbaf2b19f5774ed86c6b3777abc8369acf4fd4f94e7420dde"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: image tag not found: REGISTRY/absent:v1
Error: no signatures found for REGISTRY/unsigned@sha256:61d270baa2b722afa6b2f34ba11a262f6b22a2c6b55ecf9e8651fbf5d979a039
help: `countersign sign --key KEY REGISTRY/unsigned@sha256:61d270baa2b722afa6b2f34ba11a262f6b22a2c6b55ecf9e8651fbf5d979a039` signs it; `countersign tree REGISTRY/unsigned@sha256:61d270baa2b722afa6b2f34ba11a262f6b22a2c6b55ecf9e8651fbf5d979a039` lists what is attached
Error: no matching signatures: none of the 1 attached to REGISTRY/other@sha256:da9a8a95e8a7758edbc29c0ade0572edc3b1eca8200ca3c1aa88734ba1a6b247 satisfies the policy
  referrer sha256:1e089b67b4cbd69b66c08c75dabe09a3479dc4253a3400bd99d57d3bddd5744c: signature does not verify with key /RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI= (the bundle names key "R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk="): signature is not this ed25519 key's over these bytes
help: `countersign tree REGISTRY/other@sha256:da9a8a95e8a7758edbc29c0ade0572edc3b1eca8200ca3c1aa88734ba1a6b247` lists what is attached

Verification for REGISTRY/signed:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
--- exit 12

"#]]
    );
}

#[test]
fn claims_are_not_checked_when_asked_not_to() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --format both {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} -a env=prod {image}"));
    assert_eq!(outcome.exit, 12, "{outcome}");
    let outcome = user.run(&format!("{VERIFY} --check-claims=false -a env=prod {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert!(!outcome.stderr.contains("claims were validated"), "{outcome}");
    assert!(!outcome.stderr.contains("annotations were verified"), "{outcome}");
}

#[test]
fn a_given_signature_is_judged_instead_of_what_is_attached() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let other = push(&user, &registry, "app:v2", "other");
    let image = registry.name(&format!("app@{digest}"));
    let files = "--upload=false --output-signature s --output-payload p";
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {files} {image}")).exit, 0);
    let signature = String::from_utf8(user.read("s")).expect("base64 is text");
    for signature in ["s", signature.trim()] {
        let outcome = user.run(&format!("{VERIFY} --signature {signature} --payload p {image}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    let of_other = registry.name(&format!("app@{other}"));
    let outcome = user.run(&format!("{VERIFY} --signature s --payload p {of_other}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: no matching signatures: none of the 1 attached to REGISTRY/app@sha256:ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f satisfies the policy
  given signature: signed digest is sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849, expected sha256:ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f
help: `countersign tree REGISTRY/app@sha256:ad6bfae24b1136c2ebd96cb49970c3bbe89dd4b8d23298cfa50ef962314d260f` lists what is attached
--- exit 12

"#]]
    );
}

#[test]
fn everything_beneath_an_index_is_verified_by_its_own_signatures() {
    let (registry, user) = (Registry::open(), signer());
    let amd64 = push(&user, &registry, "app:amd64", "amd64");
    let arm64 = push(&user, &registry, "app:arm64", "arm64");
    push_index(&registry, "app:v1", &[(&amd64, "amd64"), (&arm64, "arm64")]);
    let index = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {index}")).exit, 0);
    assert_eq!(user.run(&format!("{VERIFY} {index}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} -r {index}"));
    assert_eq!(outcome.exit, 10, "{outcome}");
    assert_eq!(user.run(&format!("{SIGN} -r {LEGACY} {index}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} --recursive {index}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(outcome.stderr.matches("Verification for").count(), 3, "{outcome}");
}

#[test]
fn a_platform_is_verified_by_its_own_signature_or_by_that_of_its_index() {
    let (registry, user) = (Registry::open(), signer());
    let amd64 = push(&user, &registry, "app:amd64", "amd64");
    let arm64 = push(&user, &registry, "app:arm64", "arm64");
    push_index(&registry, "app:v1", &[(&amd64, "amd64"), (&arm64, "arm64")]);
    let index = registry.name("app:v1");
    let arm64 = registry.name(&format!("app@{arm64}"));
    assert_eq!(user.run(&format!("{SIGN} {arm64}")).exit, 0);
    let own = user.run(&format!("{VERIFY} --platform linux/arm64 {index}"));
    assert_eq!(own.exit, 0, "{own}");
    let neither = user.run(&format!("{VERIFY} --platform linux/amd64 {index}"));
    assert_eq!(neither.exit, 10, "{neither}");
    assert_eq!(user.run(&format!("{SIGN} {index}")).exit, 0);
    let vouched = user.run(&format!("{VERIFY} --platform linux/amd64 {index}"));
    assert_outcome!(
        vouched.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"sha256:529df05a78166ef6d369c645d722a672aecf73cd4cb9b5483a53c554b67124fe"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}]
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
The index sha256:529df05a78166ef6d369c645d722a672aecf73cd4cb9b5483a53c554b67124fe is signed; it lists sha256:f793128e04ccb94136e107d4182bb9ca41371e90567dec598c20421e565f1356, which has no such signature of its own.
--- exit 0

"#]]
    );
}

#[test]
fn a_platform_that_an_index_does_not_have_is_told_with_those_it_has() {
    let (registry, user) = (Registry::open(), signer());
    let amd64 = push(&user, &registry, "app:amd64", "amd64");
    let arm64 = push(&user, &registry, "app:arm64", "arm64");
    push_index(&registry, "app:v1", &[(&amd64, "amd64"), (&arm64, "arm64")]);
    let index = registry.name("app:v1");
    let absent = user.run(&format!("{VERIFY} --platform linux/s390x {index}"));
    assert_outcome!(
        absent.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature.
Error: REGISTRY/app:v1 has no image for linux/s390x, it has linux/amd64, linux/arm64
--- exit 1

"#]]
    );
}

#[test]
fn the_signature_tag_alone_counts_when_asked() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} --new-bundle-format=false {image}"));
    assert_eq!(outcome.exit, 10, "{outcome}");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY} --new-bundle-format=false {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
}

#[test]
fn under_cosigns_name_the_output_is_cosigns() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let arguments = [
        "verify",
        "-o",
        "json",
        "--key",
        "a.pub",
        "--insecure-ignore-tlog",
        &image,
    ];
    let outcome = user.run_as("cosign", &arguments);
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"

[{"critical":{"identity":{"docker-reference":"REGISTRY/app:v1"},"image":{"docker-manifest-digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"type":"https://sigstore.dev/cosign/sign/v1"},"optional":{}}]
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
fn what_every_kind_of_key_signs_verifies_without_further_flags() {
    let registry = Registry::open();
    for kind in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] {
        let user = signer();
        let generated = user.run(&format!("generate-key-pair --type {kind}"));
        assert_eq!(generated.exit, 0, "{generated}");
        for format in ["bundle", "legacy"] {
            let name = format!("{kind}/{format}:v1");
            push(&user, &registry, &name, &name);
            let image = registry.name(&name);
            let sign = format!("sign --key cosign.key --tlog-upload=false --format {format} {image}");
            let signed = user.run(&sign);
            assert_eq!(signed.exit, 0, "{kind} {format}: {signed}");
            let verified = user.run(&format!("verify --key cosign.pub --insecure-ignore-tlog {image}"));
            assert_eq!(verified.exit, 0, "{kind} {format}: {verified}");
        }
    }
}

#[test]
fn a_signature_digest_can_be_asked_for_when_signing_and_verifying() {
    let (registry, user) = (Registry::open(), signer());
    assert_eq!(user.run("generate-key-pair --type ecdsa-p384").exit, 0);
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let flags = "--signature-digest-algorithm sha384";
    let signed = user.run(&format!("sign --key cosign.key --tlog-upload=false {flags} {image}"));
    assert_eq!(signed.exit, 0, "{signed}");
    let verify = "verify --key cosign.pub --insecure-ignore-tlog";
    for (flags, exit) in [("", 0), (flags, 0), ("--signature-digest-algorithm sha256", 12)] {
        let outcome = user.run(&format!("{verify} {flags} {image}"));
        assert_eq!(outcome.exit, exit, "{flags}: {outcome}");
    }
}
