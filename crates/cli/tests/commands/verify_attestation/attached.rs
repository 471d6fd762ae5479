//! Which of the things that are attached count.

use countersign_oci::store::Condition;
use countersign_oci::{Reference, Repository, Store, Upload};
use serde_json::{Value, json};
use snapbox::str;

use super::claimant;
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{A, ATTEST, B, LEGACY, SIGN, VERIFY_ATTESTATION, attest, push, push_manifest, signer};

/// The formats of the attestations of a kind that are accepted.
fn accepted(user: &User, kind: &str, image: &str) -> Vec<String> {
    let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type {kind} -o json {image}"));
    let object: Value = serde_json::from_slice(&outcome.stdout).expect("it is JSON");
    let found = object["images"][0]["attestations"].as_array().expect("a list");
    found
        .iter()
        .map(|one| one["format"].as_str().expect("a text").to_owned())
        .collect()
}

#[test]
fn bundles_and_the_tag_are_one_set_of_candidates() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let by_b = "attest --key b.key --tlog-upload=false --predicate claim.json --type vuln";
    assert_eq!(user.run(&format!("{by_b} {image}")).exit, 0);
    let by_a = format!("{ATTEST} {LEGACY} --predicate claim.json --type vuln");
    assert_eq!(user.run(&format!("{by_a} {image}")).exit, 0);
    assert_eq!(accepted(&user, "vuln", &image), ["legacy"]);
    let tag_only = user.run(&format!(
        "verify-attestation --key b.pub --insecure-ignore-tlog --new-bundle-format=false --type vuln {image}"
    ));
    assert_eq!(tag_only.exit, 12, "{tag_only}");
    assert_eq!(
        user.run(&format!(
            "verify-attestation --key b.pub --insecure-ignore-tlog --type vuln {image}"
        ))
        .exit,
        0
    );
}

#[test]
fn a_signature_is_no_attestation() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    assert_eq!(user.run(&format!("{SIGN} --format both {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY_ATTESTATION} {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the attestation.
Error: no matching attestations: no attestations found for REGISTRY/app@DIGEST
  referrer DIGEST: expected an attestation, found a signature
help: `countersign tree REGISTRY/app@DIGEST` lists what is attached
--- exit 10

"#]]
    );
}

#[test]
fn an_envelope_that_is_stored_as_a_plain_referrer_is_found() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let flags = format!("{ATTEST} {LEGACY} --no-upload --predicate claim.json --type vuln");
    let envelope = user.run(&format!("{flags} {image}")).stdout;
    let repository: Repository = registry.name("app").parse().expect("this is a repository");
    let subject: Reference = image.parse().expect("this is a name");
    let client = registry.client();
    let (layer, subject) = registry.wait(async {
        let blob = Upload::bytes(envelope.clone());
        client.push_blob(&repository, &blob).await.expect("it is taken");
        let empty = Upload::bytes("{}");
        client.push_blob(&repository, &empty).await.expect("it is taken");
        let subject = client.manifest(&subject).await.expect("it exists").descriptor();
        (
            countersign_oci::manifest::Descriptor::of("application/vnd.dsse.envelope.v1+json", &envelope),
            subject,
        )
    });
    let config = countersign_oci::manifest::Descriptor::of("application/vnd.oci.empty.v1+json", b"{}");
    let referrer = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.attestation", "config": config, "layers": [layer], "subject": subject});
    let bytes = serde_json::to_vec(&referrer).expect("it is JSON");
    let manifest = countersign_oci::manifest::Manifest::parse(bytes.into(), "").expect("a manifest");
    let name = repository.digest(manifest.digest().clone());
    registry
        .wait(client.push_manifest(&name, &manifest, Condition::Always))
        .expect("it is taken");
    assert_eq!(accepted(&user, "vuln", &image), ["legacy"]);
}

#[test]
fn an_attestation_of_another_image_is_refused_unless_claims_are_not_checked() {
    let (registry, user) = (Registry::open(), claimant());
    let victim = push(&user, &registry, "app:v1", "hello");
    let attested = push(&user, &registry, "app:v2", "other");
    let flags = format!("{ATTEST} {LEGACY} --predicate claim.json --type vuln");
    assert_eq!(user.run(&format!("{flags} {}", registry.name("app:v2"))).exit, 0);
    let tag = |digest: &str| -> Reference {
        let tag = registry.name(&format!("app:{}.att", digest.replace(':', "-")));
        tag.parse().expect("this is a name")
    };
    let manifest = registry.manifest(&tag(&attested)).expect("the tag exists");
    let content: Value = serde_json::from_slice(manifest.bytes()).expect("a manifest is JSON");
    push_manifest(&registry, &tag(&victim), &content, manifest.media_type());
    let image = registry.name("app:v1");
    let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type vuln {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the attestation.
Error: no matching attestations: none of the 1 attached to REGISTRY/app@DIGEST satisfies the policy
  sha256-12855f31fb82d131741ee664ab601a6b88ef93e4857e74d6b89bc4ba58319849.att layer 0: signed digest is DIGEST, expected DIGEST
help: `countersign tree REGISTRY/app@DIGEST` lists what is attached
--- exit 12

"#]]
    );
    let unchecked = user.run(&format!(
        "{VERIFY_ATTESTATION} --type vuln --check-claims=false {image}"
    ));
    assert_eq!(unchecked.exit, 0, "{unchecked}");
    assert!(!unchecked.stderr.contains("claims were validated"), "{unchecked}");
}

#[test]
fn attestations_by_others_are_refused_with_their_reason_beside_ours() {
    let (registry, user) = (Registry::open(), signer());
    push(&user, &registry, "app:v1", "hello");
    attest(&registry, "app:v1", A);
    attest(&registry, "app:v1", B);
    let outcome = user.run(&format!(
        "{VERIFY_ATTESTATION} --type vuln -o predicate {}",
        registry.name("app:v1")
    ));
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert_eq!(outcome.text(), "{\"scanner\":{\"result\":[]}}\n");
    let (_, refused) = outcome
        .stderr
        .split_once("Also attached, and not counted:\n")
        .expect("the other one is told of");
    assert!(refused.contains("signature does not verify with key"), "{refused}");
}

#[test]
fn an_image_in_a_folder_is_attested_and_verified_in_both_formats() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    crate::verify::local::save(&user, &registry, "app:v1");
    drop(registry);
    let unsigned = user.run(&format!("{VERIFY_ATTESTATION} --local-image layout"));
    assert_eq!(unsigned.exit, 10, "{unsigned}");
    let attested = user.run(&format!(
        "{ATTEST} --format both --predicate claim.json --type vuln oci:layout:v1"
    ));
    assert_eq!(attested.exit, 0, "{attested}");
    for name in ["--local-image layout", "oci:layout", "oci:layout:v1"] {
        let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type vuln -o predicate {name}"));
        assert_eq!(outcome.text(), "{\"n\": 1.0}\n{\"n\": 1.0}\n", "{name}: {outcome}");
    }
}
