//! `sign`: what is written, where, and what is refused.

pub(crate) mod countersign;
mod files;
pub(crate) mod index;
mod refusals;

use serde_json::Value;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{LEGACY, SIGN, VERIFY, layers, payloads, push, push_index, referrers, signature_tag, signer};

#[test]
fn a_bundle_is_attached_as_a_referrer_by_default() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let outcome = user.run(&format!("{SIGN} {}", registry.name("app:v1")));
    assert_outcome!(
        outcome.redacted(registry.host()),
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
    let attached = referrers(&registry, "app", &digest);
    assert_eq!(attached.len(), 1);
    let name = registry.name(&format!("app@{}", attached[0].digest));
    assert_outcome!(
        user.run(&format!("manifest {name}")),
        str![[r#"
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"},"layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","size":651,"digest":"sha256:433de129c430112d7ab4825e1f7cd53327cbc98e37284072b32ba8178fb5407e"}],"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1","org.opencontainers.image.created":"2026-11-22T12:00:00Z"},"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":589,"digest":"sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849"},"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}--- exit 0

"#]]
    );
    assert_eq!(layers(&registry, "app", &digest), 0);
}

#[test]
fn a_signature_tag_has_cosigns_payload_and_configuration() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!("{SIGN} {LEGACY} {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Pushing signature to: REGISTRY/app
--- exit 0

"#]]
    );
    let payload = format!(
        r#"{{"critical":{{"identity":{{"docker-reference":"{}"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#,
        registry.name("app")
    );
    assert_eq!(payloads(&registry, "app", &digest), [payload]);
    assert!(referrers(&registry, "app", &digest).is_empty());
    let configuration = configuration(&registry, &digest);
    assert_eq!(configuration["created"], "0001-01-01T00:00:00Z");
    assert_eq!(configuration["rootfs"]["diff_ids"].as_array().map(Vec::len), Some(1));
}

#[test]
fn both_formats_are_written_at_once() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let outcome = user.run(&format!("{SIGN} --format both {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(layers(&registry, "app", &digest), 1);
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
}

#[test]
fn annotations_are_signed_sorted_in_both_formats() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let outcome = user.run(&format!("{SIGN} --format both -a z=1,b=<&> -a e=f=g {image}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let payload = &payloads(&registry, "app", &digest)[0];
    let expected = r#""optional":{"b":"\u003c\u0026\u003e","e":"f=g","z":"1"}}"#;
    assert!(payload.ends_with(expected), "{payload}");
    let verified = user.run(&format!("{VERIFY} -o json -a e=f=g -a z=1 {image}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn an_annotation_without_a_value_is_refused() {
    let outcome = signer().run(&format!("{SIGN} -a author localhost:1/app"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Error: unable to parse annotation: author
help: `countersign sign --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn everything_beneath_an_index_is_signed() {
    let (registry, user) = (Registry::open(), signer());
    let amd64 = push(&user, &registry, "app:amd64", "amd64");
    let arm64 = push(&user, &registry, "app:arm64", "arm64");
    let index = push_index(&registry, "app:v1", &[(&amd64, "amd64"), (&arm64, "arm64")]);
    for format in ["bundle", "legacy"] {
        let outcome = user.run(&format!("{SIGN} --format {format} -r {}", registry.name("app:v1")));
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    for digest in [&index, &amd64, &arm64] {
        assert_eq!(referrers(&registry, "app", digest).len(), 1, "{digest}");
        assert_eq!(layers(&registry, "app", digest), 1, "{digest}");
    }
}

#[test]
fn without_recursive_only_the_index_is_signed() {
    let (registry, user) = (Registry::open(), signer());
    let amd64 = push(&user, &registry, "app:amd64", "amd64");
    let index = push_index(&registry, "app:v1", &[(&amd64, "amd64")]);
    assert_eq!(user.run(&format!("{SIGN} {}", registry.name("app:v1"))).exit, 0);
    assert_eq!(referrers(&registry, "app", &index).len(), 1);
    assert!(referrers(&registry, "app", &amd64).is_empty());
}

#[test]
fn several_images_are_signed_in_one_run() {
    let (registry, user) = (Registry::open(), signer());
    let one = push(&user, &registry, "one:v1", "one");
    let two = push(&user, &registry, "two:v1", "two");
    let (first, second) = (registry.name("one:v1"), registry.name("two:v1"));
    let outcome = user.run(&format!("{SIGN} --format both {first} {second}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    for (repository, digest) in [("one", &one), ("two", &two)] {
        assert_eq!(layers(&registry, repository, digest), 1);
        assert_eq!(referrers(&registry, repository, digest).len(), 1);
    }
}

#[test]
fn nothing_is_signed_when_one_of_the_images_does_not_exist() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let (there, absent) = (registry.name("app:v1"), registry.name("app:v2"));
    let outcome = user.run(&format!("{SIGN} {there} {absent}"));
    assert_eq!(outcome.exit, 11, "{outcome}");
    assert!(referrers(&registry, "app", &digest).is_empty());
}

#[test]
fn signing_again_adds_a_bundle_but_never_the_same_layer() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    for annotation in ["", "", "-a env=prod"] {
        let outcome = user.run(&format!("{SIGN} {LEGACY} {annotation} {image}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    assert_eq!(layers(&registry, "app", &digest), 2);
    assert_eq!(user.run(&format!("{SIGN} {image}")).exit, 0);
    let later = user.clone().with_variable("COSIGN_ANNOTATIONS", "run=2");
    assert_eq!(later.run(&format!("{SIGN} {image}")).exit, 0);
    assert_eq!(referrers(&registry, "app", &digest).len(), 2);
}

#[test]
fn what_this_key_has_signed_is_skipped_when_asked() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    assert_eq!(user.run(&format!("{SIGN} --skip-existing {image}")).exit, 0);
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
    let again = user.run(&format!("{SIGN} --skip-existing {image}"));
    assert_outcome!(
        again.redacted(registry.host()),
        str![[r#"
--- stderr
Skipping REGISTRY/app@sha256:12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849: signed by this key already (referrer sha256:ac19462d459824795beb759d1354ac26864210f6d85843acc866bb9314b70a56)
--- exit 0

"#]]
    );
    let other_key = format!("sign --key b.key --tlog-upload=false --skip-existing {image}");
    assert_eq!(user.run(&other_key).exit, 0);
    assert_eq!(referrers(&registry, "app", &digest).len(), 2);
    let other_annotations = format!("{SIGN} --skip-existing -a env=prod {image}");
    assert_eq!(user.run(&other_annotations).exit, 0);
    assert_eq!(referrers(&registry, "app", &digest).len(), 3);
}

#[test]
fn only_the_format_that_is_missing_is_written_when_asked_to_skip() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} {LEGACY} {image}")).exit, 0);
    for _ in 0..2 {
        let outcome = user.run(&format!("{SIGN} --format both --skip-existing {image}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        assert_eq!(layers(&registry, "app", &digest), 1);
        assert_eq!(referrers(&registry, "app", &digest).len(), 1);
    }
}

#[test]
fn each_container_identity_makes_a_layer() {
    let (registry, user) = (Registry::open(), signer());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let outcome = user.run(&format!(
        "{SIGN} {LEGACY} --sign-container-identity example.com/one,example.com/two {image}"
    ));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let payloads = payloads(&registry, "app", &digest);
    assert_eq!(payloads.len(), 2);
    assert!(payloads[0].contains(r#""docker-reference":"example.com/one""#));
    assert!(payloads[1].contains(r#""docker-reference":"example.com/two""#));
    let verified = user.run(&format!("{VERIFY} {image}"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn the_creation_time_is_recorded_when_asked() {
    for (epoch, expected) in [("1700000000", "2023-11-14T22:13:20Z"), ("", "2026-11-22T12:00:00Z")] {
        let (registry, user) = (Registry::open(), signer().with_variable("SOURCE_DATE_EPOCH", epoch));
        let digest = push(&user, &registry, "app:v1", "hello");
        let image = registry.name("app:v1");
        let outcome = user.run(&format!("{SIGN} {LEGACY} --record-creation-timestamp {image}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        assert_eq!(configuration(&registry, &digest)["created"], expected);
    }
}

#[test]
fn dockers_media_types_are_written_when_asked() {
    let (registry, user) = (
        Registry::open(),
        signer().with_variable("COSIGN_DOCKER_MEDIA_TYPES", "1"),
    );
    let digest = push(&user, &registry, "app:v1", "hello");
    assert_eq!(
        user.run(&format!("{SIGN} {LEGACY} {}", registry.name("app:v1"))).exit,
        0
    );
    let manifest = registry
        .manifest(&signature_tag(&registry, "app", &digest))
        .expect("it was signed");
    assert_eq!(
        manifest.media_type(),
        "application/vnd.docker.distribution.manifest.v2+json"
    );
}

#[test]
fn an_attachment_is_signed_instead_of_the_image() {
    let (registry, user) = (Registry::open(), signer());
    let image = push(&user, &registry, "app:v1", "hello");
    let sbom = push(
        &user,
        &registry,
        &format!("app:{}.sbom", image.replace(':', "-")),
        "an SBOM",
    );
    let name = registry.name("app:v1");
    for format in ["bundle", "legacy"] {
        let outcome = user.run(&format!("{SIGN} --format {format} --attachment sbom {name}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    assert_eq!(layers(&registry, "app", &sbom), 1);
    assert_eq!(referrers(&registry, "app", &sbom).len(), 1);
    assert_eq!(layers(&registry, "app", &image), 0);
    assert_eq!(user.run(&format!("{VERIFY} --attachment sbom {name}")).exit, 0);
    assert_eq!(user.run(&format!("{VERIFY} {name}")).exit, 10);
}

#[test]
fn an_attachment_that_does_not_exist_is_not_found() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let outcome = user.run(&format!("{SIGN} --attachment sbom {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 11, "{outcome}");
}

#[test]
fn signatures_go_to_the_repository_that_the_environment_names() {
    let registry = Registry::open();
    let user = signer().with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    let digest = push(&user, &registry, "app:v1", "hello");
    let outcome = user.run(&format!(
        "{SIGN} --format both {}",
        registry.name(&format!("app@{digest}"))
    ));
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
Pushing signature to: REGISTRY/signatures
--- exit 0

"#]]
    );
    assert_eq!(referrers(&registry, "signatures", &digest).len(), 1);
    assert_eq!(layers(&registry, "signatures", &digest), 1);
    assert!(referrers(&registry, "app", &digest).is_empty());
    assert_eq!(layers(&registry, "app", &digest), 0);
    let verified = user.run(&format!("{VERIFY} -o json {}", registry.name("app:v1")));
    assert_eq!(verified.exit, 0, "{verified}");
    let elsewhere = signer().run(&format!("{VERIFY} {}", registry.name("app:v1")));
    assert_eq!(elsewhere.exit, 10, "{elsewhere}");
}

#[test]
fn under_cosigns_name_it_speaks_of_cosign() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let arguments = ["sign", "--key", "a.key", "--tlog-upload=false", &image];
    let outcome = user.run_as("/usr/local/bin/cosign", &arguments);
    assert_outcome!(
        outcome.redacted(registry.host()),
        str![[r#"
--- stderr
WARNING: Image reference REGISTRY/app:v1 uses a tag, not a digest, to identify the image to sign.
    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to cosign. The digest that the tag has now is signed.
Pushing signature to: REGISTRY/app
--- exit 0

"#]]
    );
}

/// The configuration of the signature tag of a digest in the repository `app`.
fn configuration(registry: &Registry, digest: &str) -> Value {
    let tag = signature_tag(registry, "app", digest);
    let manifest = registry.manifest(&tag).expect("it was signed");
    let config = manifest.content().config.as_ref().expect("there is a configuration");
    let bytes = registry.blob(tag.repository(), &config.digest);
    serde_json::from_slice(&bytes).expect("a configuration is JSON")
}

/// Signs an image and says how that ended.
fn exit(user: &User, line: &str) -> u8 {
    user.run(&format!("{SIGN} {line}")).exit
}
