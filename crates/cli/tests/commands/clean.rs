mod unsteady;

use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_oci::media_type;
use serde_json::json;
use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{bundle, envelope, image, tagged};
use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::signing::{A, B, SIGN, VULNERABILITIES, push, push_manifest, referrers, signer};

/// Attaches everything there is to an image: signatures, attestations and SBOMs in both formats, and a stranger's artifact.
fn attach_all(user: &User, registry: &Registry, digest: &str) {
    let name = registry.name(&format!("app@{digest}"));
    user.write("1.json", bundle(digest, A, VULNERABILITIES));
    user.write("2.json", envelope(digest, B, VULNERABILITIES).to_json());
    user.write("sbom.json", "{}");
    for line in [
        format!("{SIGN} --format both {name}"),
        format!("attach attestation --attestation 1.json --attestation 2.json {name}"),
        format!("attach sbom --sbom sbom.json {name}"),
        format!("attach sbom --sbom sbom.json --registry-referrers-mode oci-1-1 {name}"),
    ] {
        let outcome = user.run(&line);
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    stranger(registry, digest, "other");
}

/// A manifest that refers to an image and is none of ours.
fn stranger(registry: &Registry, digest: &str, kind: &str) -> String {
    let client = registry.client();
    let name = registry.name(&format!("app@{digest}")).parse().expect("this is a name");
    let subject = registry.wait(client.head(&name)).expect("the registry answers");
    let content = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": format!("application/{kind}"),
        "config": {"mediaType": media_type::OCI_EMPTY, "size": 2, "digest": countersign_core::Digest::sha256(b"{}")},
        "layers": [], "subject": subject,
    });
    let bytes = serde_json::to_vec(&content).expect("a value is JSON");
    let by_digest = name.repository().digest(countersign_core::Digest::sha256(&bytes));
    let empty = countersign_oci::Upload::bytes("{}");
    use countersign_oci::Store;
    registry
        .wait(client.push_blob(name.repository(), &empty))
        .expect("the registry takes it");
    push_manifest(registry, &by_digest, &content, media_type::OCI_MANIFEST)
}

/// What is attached: the tags there are, and the artifact types of the referrers.
fn left(registry: &Registry, digest: &str) -> Vec<String> {
    let tags = ["sig", "att", "sbom"]
        .into_iter()
        .filter(|suffix| tagged(registry, digest, suffix).is_some());
    let kinds = referrers(registry, "app", digest).into_iter().map(|referrer| {
        let said = referrer.annotations.get("dev.sigstore.bundle.predicateType").cloned();
        match said.or(referrer.artifact_type).unwrap_or_default().as_str() {
            SIGN_PREDICATE_TYPE => "sign",
            VULNERABILITIES => "vuln",
            "application/vnd.dev.cosign.artifact.sbom.v1+json" => "sbom referrer",
            _ => "other",
        }
    });
    let mut all: Vec<String> = tags.chain(kinds).map(str::to_owned).collect();
    all.sort_unstable();
    all
}

/// Lines in order, for the order of referrers is the one of their digests.
fn sorted(outcome: &Outcome) -> Vec<&str> {
    let mut lines: Vec<&str> = outcome.text().lines().chain(outcome.stderr.lines()).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn each_type_goes_in_both_formats_and_nothing_else() {
    for (kind, expected) in [
        ("signature", &["att", "other", "sbom", "sbom referrer", "vuln"][..]),
        ("attestation", &["other", "sbom", "sbom referrer", "sig", "sign"]),
        ("sbom", &["att", "other", "sig", "sign", "vuln"]),
        ("referrer", &["att", "other", "sbom", "sbom referrer", "sig"]),
        ("all", &["other"]),
    ] {
        let user = signer();
        let (registry, digest, name) = image(&user);
        attach_all(&user, &registry, &digest);
        let outcome = user.run(&format!("clean --force --type {kind} {name}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        assert_eq!(left(&registry, &digest), expected, "{kind}");
        let again = user.run(&format!("clean --force --type {kind} {name}"));
        assert_eq!((again.exit, sorted(&again).len()), (0, 1), "{again}");
        assert!(again.stderr.starts_with("Nothing to remove from "), "{again}");
    }
}

#[test]
fn what_goes_is_told_and_what_would_go_is_listed() {
    let user = signer();
    let (registry, digest, _) = image(&user);
    attach_all(&user, &registry, &digest);
    let name = registry.name("app:v1");
    let dry = user.run(&format!("clean --dry-run {name}"));
    assert_eq!((dry.exit, dry.stderr.as_str()), (0, ""));
    let shown = dry
        .redacted(registry.host())
        .redacted(&digest.replace(':', "-"))
        .hiding_digests();
    snapbox::assert_data_eq!(
        sorted(&shown).join("\n"),
        snapbox::IntoData::raw(str![[r#"
REGISTRY/app:REGISTRY.att	attestations
REGISTRY/app:REGISTRY.sbom	sbom
REGISTRY/app:REGISTRY.sig	signatures
REGISTRY/app@DIGEST	attestation
REGISTRY/app@DIGEST	sbom
REGISTRY/app@DIGEST	signature
"#]])
    );
    assert_eq!(left(&registry, &digest).len(), 7);
    let removed = user.run(&format!("clean -f {name}"));
    let shown = removed
        .redacted(registry.host())
        .redacted(&digest.replace(':', "-"))
        .hiding_digests();
    snapbox::assert_data_eq!(
        sorted(&shown).join("\n"),
        snapbox::IntoData::raw(str![[r#"
Removed REGISTRY/app:REGISTRY.att from REGISTRY/app:v1
Removed REGISTRY/app:REGISTRY.sbom from REGISTRY/app:v1
Removed REGISTRY/app:REGISTRY.sig from REGISTRY/app:v1
Removed REGISTRY/app@DIGEST from REGISTRY/app:v1
Removed REGISTRY/app@DIGEST from REGISTRY/app:v1
Removed REGISTRY/app@DIGEST from REGISTRY/app:v1
"#]])
    );
}

#[test]
fn without_force_it_asks() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    assert_eq!(user.run(&format!("{SIGN} {name}")).exit, 0);
    assert_outcome!(
        user.answering("n\n").run(&format!("clean {name}")),
        str![[r#"
--- stderr
WARNING: this will remove all signatures, SBOMs and attestations from the image
Are you sure you would like to continue? [y/N] Error: user declined the prompt
--- exit 1

"#]]
    );
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
    let agreed = user.answering("y\n").run(&format!("clean --type signature {name}"));
    assert_eq!(agreed.exit, 0, "{agreed}");
    assert!(
        agreed
            .stderr
            .starts_with("WARNING: this will remove all signatures from the image\n"),
        "{agreed}"
    );
    assert_eq!(referrers(&registry, "app", &digest), []);
}

#[test]
fn from_a_fallback_index_only_our_entries_go() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let other = stranger(&registry, &digest, "other");
    assert_eq!(user.run(&format!("{SIGN} {name}")).exit, 0);
    let gone = stranger(&registry, &digest, "gone");
    let entries: Vec<_> = referrers(&registry, "app", &digest)
        .iter()
        .map(|entry| json!(entry))
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries});
    let tag = registry.name(&format!("app:{}", digest.replace(':', "-")));
    let tag = tag.parse().expect("this is a name");
    push_manifest(&registry, &tag, &index, media_type::OCI_INDEX);
    let gone = registry.name(&format!("app@{gone}")).parse().expect("this is a name");
    registry
        .wait(registry.client().delete(&gone))
        .expect("it can be deleted");
    let outcome = user.run(&format!("clean --force {name}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let list = registry.manifest(&tag).expect("the list stays");
    let left: Vec<String> = list.manifests().iter().map(|entry| entry.digest.to_string()).collect();
    assert_eq!(left, [other]);
}

#[test]
fn it_looks_where_the_environment_and_the_prefix_say() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    let there = user
        .clone()
        .with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    let signed = there.run(&format!("{SIGN} --format both --attachment-tag-prefix p- {name}"));
    assert_eq!(signed.exit, 0, "{signed}");
    assert!(user.run(&format!("clean --force {name}")).stderr.starts_with("Nothing"));
    assert!(
        there
            .run(&format!("clean --force --type sbom {name}"))
            .stderr
            .starts_with("Nothing")
    );
    let outcome = there.run(&format!("clean --force --attachment-tag-prefix p- {name}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
    assert_eq!(referrers(&registry, "signatures", &digest), []);
}

#[test]
fn a_registry_that_does_not_delete_is_an_error() {
    let user = signer();
    let (registry, digest, _) = image(&user);
    let name = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --format both {name}")).exit, 0);
    let registry = registry.read_only();
    let outcome = user.run(&format!("clean --force {}", registry.name("app:v1")));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(outcome.stderr.contains("not allowed: UNSUPPORTED"), "{outcome}");
    assert!(outcome.stderr.contains("WARNING: could not delete "), "{outcome}");
    assert_eq!(referrers(&registry, "app", &digest).len(), 1);
}

#[test]
fn a_registry_that_does_not_answer_is_never_nothing_to_remove() {
    let user = signer();
    let (registry, _, name) = image(&user);
    let repository = registry.name("app");
    drop(registry);
    assert_eq!(user.run(&format!("clean --force {name}")).exit, 20);
    assert_eq!(user.run(&format!("clean --force --orphans {repository}")).exit, 20);
}

/// A registry where `app:v1` is there and `app:v2` is gone, both with everything attached.
fn half_gone(user: &User) -> (Registry, String, String) {
    let (registry, live, _) = image(user);
    let gone = push(user, &registry, "app:v2", "two");
    for digest in [&live, &gone] {
        attach_all(user, &registry, digest);
    }
    let index = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": referrers(&registry, "app", &gone),
    });
    let tag = registry.name(&format!("app:{}", gone.replace(':', "-")));
    push_manifest(
        &registry,
        &tag.parse().expect("this is a name"),
        &index,
        media_type::OCI_INDEX,
    );
    let name = registry.name(&format!("app@{gone}")).parse().expect("this is a name");
    registry
        .wait(registry.client().delete(&name))
        .expect("it can be deleted");
    (registry, live, gone)
}

#[test]
fn orphans_are_what_hangs_on_images_that_are_gone() {
    let user = signer();
    let (registry, live, gone) = half_gone(&user);
    let before = left(&registry, &live);
    let repository = registry.name("app");
    let dry = user.run(&format!("clean --orphans --dry-run {repository}"));
    assert_eq!((dry.exit, dry.stderr.as_str()), (0, ""));
    let stem = gone.replace(':', "-");
    assert_eq!(dry.text().matches(&stem).count(), 4, "{dry}");
    assert!(!dry.text().contains(&live.replace(':', "-")), "{dry}");
    let outcome = user.answering("y\n").run(&format!("clean --orphans {repository}"));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert!(
        outcome.stderr.contains(
            "WARNING: this will remove all signatures, SBOMs and attestations of images that are not there any more"
        ),
        "{outcome}"
    );
    // The list still has the stranger's entry.
    assert!(
        outcome
            .stderr
            .contains(&format!("Kept {repository}:{stem}: it lists other referrers")),
        "{outcome}"
    );
    assert_eq!(left(&registry, &live), before);
    assert_eq!(left(&registry, &gone), ["other"]);
}

#[test]
fn a_list_of_referrers_without_entries_goes_with_its_image() {
    let user = signer();
    let (registry, _, _) = image(&user);
    let gone = countersign_core::Digest::sha256(b"gone");
    let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": []});
    let tag = registry.name(&format!("app:sha256-{}", gone.hex()));
    let tag = tag.parse().expect("this is a name");
    push_manifest(&registry, &tag, &index, media_type::OCI_INDEX);
    let kept = user.run(&format!("clean --orphans -f --type sbom {}", registry.name("app")));
    assert!(kept.stderr.starts_with("Nothing to remove"), "{kept}");
    let outcome = user.run(&format!("clean --orphans -f {}", registry.name("app")));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert!(registry.manifest(&tag).is_none());
}

#[test]
fn an_image_under_a_tag_of_its_digest_is_no_orphan() {
    let user = signer();
    let (registry, digest, name) = image(&user);
    assert_eq!(user.run(&format!("{SIGN} --format both {name}")).exit, 0);
    // As `cosign copy` leaves it.
    assert_eq!(user.run(&format!("tag {name} {}", digest.replace(':', "-"))).exit, 0);
    let outcome = user.run(&format!("clean --orphans -f {}", registry.name("app")));
    assert!(outcome.stderr.starts_with("Nothing to remove"), "{outcome}");
}

#[test]
fn images_are_looked_for_in_every_repository_that_is_named() {
    let user = signer();
    let registry = Registry::open();
    let there = user
        .clone()
        .with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    for repository in ["one", "two"] {
        push(&user, &registry, &format!("{repository}:v1"), repository);
        let signed = there.run(&format!(
            "{SIGN} --format legacy {}",
            registry.name(&format!("{repository}:v1"))
        ));
        assert_eq!(signed.exit, 0, "{signed}");
    }
    let (one, two) = (registry.name("one"), registry.name("two"));
    let both = there.run(&format!("clean --orphans --dry-run {one} {two}"));
    assert_eq!((both.exit, both.text()), (0, ""), "{both}");
    let half = there.run(&format!("clean --orphans --dry-run {one}"));
    assert_eq!(half.text().lines().count(), 1, "{half}");
    // One that cannot be seen is not one without images.
    let unseen = there.run(&format!("clean --orphans -f {}", registry.name("three")));
    assert_eq!(unseen.exit, 11, "{unseen}");
}

#[test]
fn what_a_bundle_is_is_read_from_it_where_the_manifest_does_not_say() {
    for (predicate_type, kind, other) in [
        (SIGN_PREDICATE_TYPE, "signature", "attestation"),
        (VULNERABILITIES, "attestation", "signature"),
    ] {
        let user = signer();
        let (registry, digest, name) = image(&user);
        user.write("a.json", bundle(&digest, A, predicate_type));
        assert_eq!(user.run(&format!("attach signature --bundle a.json {name}")).exit, 0);
        let listed = &referrers(&registry, "app", &digest)[0];
        let manifest = registry
            .name(&format!("app@{}", listed.digest))
            .parse()
            .expect("this is a name");
        let manifest = registry.manifest(&manifest).expect("it is listed");
        let mut content: serde_json::Value = serde_json::from_slice(manifest.bytes()).expect("it is JSON");
        content["annotations"] = json!({});
        assert_eq!(user.run(&format!("clean -f {name}")).exit, 0);
        let bytes = serde_json::to_vec(&content).expect("a value is JSON");
        let bare = registry.name(&format!("app@{}", countersign_core::Digest::sha256(&bytes)));
        push_manifest(
            &registry,
            &bare.parse().expect("this is a name"),
            &content,
            media_type::OCI_MANIFEST,
        );
        let kept = user.run(&format!("clean -f --type {other} {name}"));
        assert!(kept.stderr.starts_with("Nothing to remove"), "{kept}");
        assert_eq!(referrers(&registry, "app", &digest).len(), 1);
        assert_eq!(user.run(&format!("clean -f --type {kind} {name}")).exit, 0);
        assert_eq!(referrers(&registry, "app", &digest), []);
    }
}

#[test]
fn a_type_that_is_none_is_refused() {
    assert_outcome!(
        User::new().run("clean --type signatures reg.local/a"),
        str![[r#"
--- stderr
Error: invalid argument "signatures" for "--type" flag: expected signature or attestation or sbom or referrer or all
help: did you mean signature?
help: `countersign clean --help` shows how it is used
--- exit 1

"#]]
    );
}
