//! What `attest` does not do.

use snapbox::str;

use super::claimant;
use crate::assert_outcome;
use crate::registry::Registry;
use crate::signing::{ATTEST, push, referrers};

#[test]
fn a_type_that_is_neither_name_nor_uri_is_refused() {
    let outcome = claimant().run(&format!("{ATTEST} --predicate claim.json --type foo localhost:1/app"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Error: invalid predicate type: foo
help: `countersign attest --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn either_a_predicate_or_a_statement_is_needed_and_not_both() {
    let user = claimant();
    let none = user.run(&format!("{ATTEST} localhost:1/app"));
    assert_outcome!(
        none,
        str![[r#"
--- stderr
Error: at least one of the flags in the group [predicate statement] is required
help: `countersign attest --help` shows how it is used
--- exit 1

"#]]
    );
    let both = user.run(&format!(
        "{ATTEST} --predicate claim.json --statement claim.json localhost:1/app"
    ));
    assert!(
        both.stderr
            .starts_with("Error: --predicate and --statement exclude each other\n"),
        "{both}"
    );
}

#[test]
fn a_claim_without_what_its_type_needs_is_refused() {
    let outcome = claimant().run(&format!(
        "{ATTEST} --predicate claim.json --type slsaprovenance localhost:1/app"
    ));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: claim.json
Error: claim.json
  caused by: predicate of type slsaprovenance: required field builder missing
--- exit 1

"#]]
    );
}

#[test]
fn a_claim_that_is_not_json_is_refused() {
    let user = claimant();
    user.write("claim.json", "SPDXVersion: SPDX-2.3\n");
    let outcome = user.run(&format!(
        "{ATTEST} --predicate claim.json --type spdxjson localhost:1/app"
    ));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: claim.json
Error: claim.json
  caused by: invalid JSON payload for predicate type spdxjson
  caused by: expected value at line 1 column 1
--- exit 1

"#]]
    );
}

#[test]
fn a_claim_over_the_limit_is_refused() {
    let user = claimant().with_variable("COSIGN_MAX_ATTACHMENT_SIZE", "10B");
    let outcome = user.run(&format!("{ATTEST} --predicate claim.json --type vuln localhost:1/app"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: claim.json
Error: claim.json is larger than the limit of 10 bytes
--- exit 21

"#]]
    );
}

#[test]
fn a_statement_about_another_image_is_refused_and_nothing_is_attached() {
    let (registry, user) = (Registry::open(), claimant());
    let digest = push(&user, &registry, "app:v1", "hello");
    user.write(
        "statement.json",
        r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00"}}],"predicateType":"https://example.com/t","predicate":{}}"#,
    );
    let image = registry.name(&format!("app@{digest}"));
    let outcome = user.run(&format!("{ATTEST} --statement statement.json {image}"));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
Using payload from: statement.json
Error: the statement is not about REGISTRY/app@DIGEST: none of its subjects has this digest
--- exit 1

"#]]
    );
    assert!(referrers(&registry, "app", &digest).is_empty());
}

#[test]
fn a_statement_of_another_type_than_asked_for_is_refused() {
    let user = claimant();
    user.write(
        "statement.json",
        r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://example.com/t"}"#,
    );
    let outcome = user.run(&format!(
        "{ATTEST} --statement statement.json --type vuln localhost:1/app"
    ));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: statement.json
Error: --type: the statement has predicate type https://example.com/t, expected https://cosign.sigstore.dev/attestation/vuln/v1
help: `countersign attest --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn a_file_that_is_no_statement_is_refused() {
    let outcome = claimant().run(&format!("{ATTEST} --statement claim.json localhost:1/app"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: claim.json
Error: claim.json is not an in-toto statement
  caused by: statement is malformed
  caused by: missing field `_type` at line 2 column 28
--- exit 1

"#]]
    );
}

#[test]
fn a_log_a_certificate_and_a_bundle_that_is_not_made_are_refused() {
    let user = claimant();
    for (flags, reason) in [
        (
            "attest --key a.key --predicate claim.json",
            "the services to sign with could not be had",
        ),
        (
            "attest --key a.key --tlog-upload=false --predicate claim.json --rekor-entry-type dsse",
            "--rekor-entry-type is for a Rekor 1, and none is named",
        ),
        (
            "attest --key a.key --tlog-upload=false --predicate claim.json --identity-token x",
            "--identity-token: a key signs, so that nothing is certified",
        ),
        (
            "attest --key a.key --tlog-upload=false --predicate claim.json --format legacy --bundle x",
            "--bundle: no bundle is made",
        ),
        ("attest --tlog-upload=false --predicate claim.json", "a key is needed"),
    ] {
        let outcome = user.run(&format!("{flags} localhost:1/app@sha256:{}", "0".repeat(64)));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(
            outcome.stderr.contains(&format!("Error: {reason}")),
            "{flags}: {outcome}"
        );
    }
}

#[test]
fn a_claim_from_standard_input_leaves_none_for_the_password() {
    let user = crate::harness::User::new().answering("{}");
    let outcome = user.run("attest --key a.key --tlog-upload=false --predicate - localhost:1/app");
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: standard input
Error: standard input is what is claimed, so the key's password must be in COSIGN_PASSWORD
help: `countersign attest --help` shows how it is used
--- exit 1

"#]]
    );
}
