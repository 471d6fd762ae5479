//! `attest`: what is signed, where it goes, and what is refused.

mod refusals;
mod replace;

use serde_json::Value;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::signing::{ATTEST, VERIFY_ATTESTATION, attestation_layers, push, push_index, referrers, signer};

/// A claim whose numbers, blanks and empty members a parser would change.
pub(super) const CLAIM: &str = "{ \"n\": 12345678901234567890.10,\n  \"off\": false, \"none\": {} }";

/// A user with a claim in the file `claim.json`.
pub(super) fn claimant() -> User {
    let user = signer();
    user.write("claim.json", CLAIM);
    user
}

/// The predicates of a kind that the image has by key `a`, a line each.
pub(super) fn predicates(user: &User, kind: &str, image: &str) -> Outcome {
    user.run(&format!("{VERIFY_ATTESTATION} --type {kind} -o predicate {image}"))
}

#[test]
fn a_bundle_is_attached_as_a_referrer_with_its_predicate_type() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!("{ATTEST} --predicate claim.json --type vuln {image}"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: claim.json
--- exit 0

"#]]
    );
    let attached = referrers(&registry, "app", &digest);
    assert_eq!(attached.len(), 1);
    let annotations = &attached[0].annotations;
    assert_eq!(annotations["dev.sigstore.bundle.content"], "dsse-envelope");
    assert_eq!(
        annotations["dev.sigstore.bundle.predicateType"],
        "https://cosign.sigstore.dev/attestation/vuln/v1"
    );
    assert!(attestation_layers(&registry, "app", &digest).is_empty());
}

#[test]
fn an_attestation_tag_has_cosigns_layer() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!(
        "{ATTEST} --new-bundle-format=false --predicate claim.json --type openvex {image}"
    ));
    assert_eq!(outcome.exit, 0, "{outcome}");
    let layers = attestation_layers(&registry, "app", &digest);
    assert_eq!(layers.len(), 1);
    assert_eq!(layers[0].media_type, "application/vnd.dsse.envelope.v1+json");
    assert_eq!(
        serde_json::to_string(&layers[0].annotations).expect("texts are JSON"),
        r#"{"dev.cosignproject.cosign/signature":"","predicateType":"https://openvex.dev/ns"}"#
    );
    assert!(referrers(&registry, "app", &digest).is_empty());
}

#[test]
fn the_claim_is_signed_as_it_is_written() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    for kind in ["spdxjson", "cyclonedx", "vuln", "openvex", "https://example.com/t/v1"] {
        let attested = user.run(&format!(
            "{ATTEST} --format both --predicate claim.json --type {kind} {image}"
        ));
        assert_eq!(attested.exit, 0, "{attested}");
    }
    let printed = predicates(&user, "vuln", &image);
    assert_eq!(printed.text(), format!("{CLAIM}\n{CLAIM}\n"));
    let statement = user.run(&format!(
        "{VERIFY_ATTESTATION} --type https://example.com/t/v1 -o statement {image}"
    ));
    let expected = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v0.1","subject":[{{"name":"{}","digest":{{"sha256":"{}"}}}}],"predicateType":"https://example.com/t/v1","predicate":{CLAIM}}}"#,
        registry.name("app"),
        digest.trim_start_matches("sha256:"),
    );
    assert_eq!(statement.text(), format!("{expected}\n{expected}\n"));
}

/// cosign 3 drops the identifier, and all that is false or empty.
#[test]
fn a_provenance_keeps_what_is_false_empty_or_unknown() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let claim = r#"{"builder":{"id":"b"},"buildType":"t","invocation":{},"metadata":{"buildInvocationID":"7","completeness":{"parameters":false},"reproducible":false},"materials":[],"more":12345678901234567890}"#;
    user.write("slsa.json", claim);
    for kind in ["slsaprovenance", "slsaprovenance02"] {
        let attested = user.run(&format!(
            "{ATTEST} --replace --format both --predicate slsa.json --type {kind} {image}"
        ));
        assert_eq!(attested.exit, 0, "{attested}");
        assert_eq!(predicates(&user, kind, &image).text(), format!("{claim}\n{claim}\n"));
    }
}

#[test]
fn a_custom_claim_is_wrapped_with_the_time_and_is_the_default() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    user.write("note.txt", "not <JSON>\n");
    assert_eq!(user.run(&format!("{ATTEST} --predicate note.txt {image}")).exit, 0);
    let printed = predicates(&user, "custom", &image);
    assert_eq!(
        printed.text(),
        "{\"Data\":\"not \\u003cJSON\\u003e\\n\",\"Timestamp\":\"2026-11-22T12:00:00Z\"}\n"
    );
}

#[test]
fn an_spdx_text_is_a_json_string() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    user.write("sbom.spdx", "SPDXVersion: SPDX-2.3\n");
    let flags = "--format both --predicate sbom.spdx --type spdx";
    let attested = user.run(&format!("{ATTEST} {flags} {image}"));
    assert_eq!(attested.exit, 0, "{attested}");
    let text = "\"SPDXVersion: SPDX-2.3\\n\"\n";
    assert_eq!(predicates(&user, "spdx", &image).text(), format!("{text}{text}"));
}

#[test]
fn the_claim_may_come_from_standard_input() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{}", push(&user, &registry, "app:v1", "hello")));
    let outcome = user
        .answering(CLAIM)
        .run(&format!("{ATTEST} --predicate - --type vuln {image}"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: standard input
--- exit 0

"#]]
    );
    assert_eq!(predicates(&user, "vuln", &image).text(), format!("{CLAIM}\n"));
}

#[test]
fn a_whole_statement_is_signed_byte_for_byte() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let statement = format!(
        "{{\"_type\": \"https://in-toto.io/Statement/v1\",\n \"subject\":[{{\"digest\":{{\"sha256\":\"{}\"}}}}], \"predicateType\":\"https://example.com/t\"}}\n",
        digest.trim_start_matches("sha256:")
    );
    user.write("statement.json", &statement);
    let attested = user.run(&format!("{ATTEST} --statement statement.json {image}"));
    assert_eq!(attested.exit, 0, "{attested}");
    let printed = user.run(&format!(
        "{VERIFY_ATTESTATION} --type https://example.com/t -o statement {image}"
    ));
    assert_eq!(printed.text(), format!("{statement}\n"));
    assert_eq!(predicates(&user, "https://example.com/t", &image).text(), "null\n");
}

#[test]
fn everything_beneath_an_index_and_every_image_is_attested() {
    let (registry, user) = (Registry::open(), claimant());
    let amd64 = push(&user, &registry, "app:amd64", "amd64");
    let index = push_index(&registry, "app:v1", &[(&amd64, "amd64")]);
    let other = push(&user, &registry, "other:v1", "other");
    let (app, second) = (registry.name("app:v1"), registry.name("other:v1"));
    let outcome = user.run(&format!(
        "{ATTEST} -r --format both --predicate claim.json --type vuln {app} {second}"
    ));
    assert_eq!(outcome.exit, 0, "{outcome}");
    for (repository, digest) in [("app", &index), ("app", &amd64), ("other", &other)] {
        assert_eq!(referrers(&registry, repository, digest).len(), 1, "{digest}");
        assert_eq!(attestation_layers(&registry, repository, digest).len(), 1, "{digest}");
    }
}

#[test]
fn nothing_is_attached_without_upload_and_the_attestation_is_printed() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let printed = user.run(&format!(
        "{ATTEST} --no-upload --format both --predicate claim.json --type vuln {image}"
    ));
    assert_eq!(printed.exit, 0, "{printed}");
    let lines: Vec<Value> = printed
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["dsseEnvelope"], lines[1]);
    assert!(referrers(&registry, "app", &digest).is_empty());
    assert!(attestation_layers(&registry, "app", &digest).is_empty());
}

#[test]
fn the_bundle_is_written_to_a_file_too() {
    let (registry, user) = (Registry::open(), claimant());
    let image = registry.name(&format!("app@{}", push(&user, &registry, "app:v1", "hello")));
    let outcome = user.run(&format!(
        "{ATTEST} --no-upload --bundle out.json --predicate claim.json --type vuln {image}"
    ));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: claim.json
Wrote bundle to file out.json
--- exit 0

"#]]
    );
    let bundle: Value = serde_json::from_slice(&user.read("out.json")).expect("a bundle is JSON");
    assert_eq!(bundle["dsseEnvelope"]["payloadType"], "application/vnd.in-toto+json");
    assert_eq!(user.mode("out.json"), 0o600);
}

#[test]
fn attestations_go_to_the_repository_that_the_environment_names() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let elsewhere = user
        .clone()
        .with_variable("COSIGN_REPOSITORY", &registry.name("elsewhere"));
    let attested = elsewhere.run(&format!(
        "{ATTEST} --format both --predicate claim.json --type vuln {image}"
    ));
    assert_eq!(attested.exit, 0, "{attested}");
    assert_eq!(referrers(&registry, "elsewhere", &digest).len(), 1);
    assert_eq!(attestation_layers(&registry, "elsewhere", &digest).len(), 1);
    assert_eq!(predicates(&elsewhere, "vuln", &image).text().lines().count(), 4);
    assert_eq!(predicates(&user, "vuln", &image).exit, 10);
}

#[test]
fn attesting_twice_keeps_both() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    user.write("other.json", "{}");
    for claim in ["claim.json", "other.json"] {
        let flags = format!("--format both --predicate {claim} --type vuln");
        assert_eq!(user.run(&format!("{ATTEST} {flags} {image}")).exit, 0);
    }
    assert_eq!(referrers(&registry, "app", &digest).len(), 2);
    assert_eq!(attestation_layers(&registry, "app", &digest).len(), 2);
}
