//! `verify-attestation`: what is accepted, what is printed, and how a failure ends.

mod attached;
mod failures;
mod policy;
mod timestamps;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use snapbox::{IntoData, str};

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{A, ATTEST, VERIFY_ATTESTATION, attest, push, signer};

/// A user with a claim in the file `claim.json`.
pub(super) fn claimant() -> User {
    let user = signer();
    user.write("claim.json", r#"{"n": 1.0}"#);
    user
}

#[test]
fn an_envelope_a_line_is_printed_and_the_check_list_never_claims_the_log() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    let flags = "--format both --predicate claim.json --type vuln";
    assert_eq!(user.run(&format!("{ATTEST} {flags} {image}")).exit, 0);
    let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type vuln {image}"));
    let lines: Vec<&str> = outcome.text().lines().collect();
    assert_eq!(lines.len(), 2, "one for each format: {outcome}");
    assert_eq!(lines[0], lines[1]);
    let envelope: Value = serde_json::from_str(lines[0]).expect("an envelope is JSON");
    let payload = STANDARD
        .decode(envelope["payload"].as_str().expect("a text"))
        .expect("base64");
    assert!(String::from_utf8_lossy(&payload).ends_with(r#""predicate":{"n": 1.0}}"#));
    assert!(lines[0].starts_with(r#"{"payload":""#) && lines[0].contains(r#","signatures":[{"sig":""#));
    let told = outcome.stderr.replace(registry.host(), "REGISTRY");
    snapbox::assert_data_eq!(
        told,
        str![[r#"
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the attestation.

Verification for REGISTRY/app:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key

"#]]
        .raw()
    );
}

#[test]
fn every_form_of_output_is_of_what_was_verified() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    let image = registry.name("app:v1");
    for kind in ["vuln", "https://example.com/t"] {
        let flags = format!("--predicate claim.json --type {kind}");
        assert_eq!(user.run(&format!("{ATTEST} {flags} {image}")).exit, 0);
    }
    let printed = |form: &str| {
        let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type vuln -o {form} {image}"));
        assert_eq!(outcome.exit, 0, "{outcome}");
        outcome
    };
    assert_eq!(printed("predicate").text(), "{\"n\": 1.0}\n");
    assert!(
        printed("statement")
            .text()
            .starts_with(r#"{"_type":"https://in-toto.io/Statement/v0.1","#)
    );
    assert!(printed("text").text().starts_with(r#"{"payload":""#));
    let object: Value = serde_json::from_slice(&printed("json").stdout).expect("it is JSON");
    let image = &object["images"][0];
    assert_eq!(
        (&object["schemaVersion"], &image["verified"]),
        (&1.into(), &true.into())
    );
    assert_eq!(image["attestations"][0]["format"], "bundle");
    assert_eq!(
        image["attestations"][0]["predicateType"],
        "https://cosign.sigstore.dev/attestation/vuln/v1"
    );
    assert_eq!(image["attestations"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        image["refused"][0]["reason"],
        r#"attestation has predicate type "https://example.com/t", expected https://cosign.sigstore.dev/attestation/vuln/v1"#
    );
    let failed = user.run(&format!("{VERIFY_ATTESTATION} -o json {}", registry.name("none:v1")));
    let object: Value = serde_json::from_slice(&failed.stdout).expect("it is JSON");
    assert_eq!(object["images"][0]["error"]["code"], "not-found");
    assert_eq!((failed.exit, &*failed.stderr.lines().count().to_string()), (11, "1"));
}

#[test]
fn called_cosign_json_is_an_envelope_a_line() {
    let (registry, user) = (Registry::open(), claimant());
    push(&user, &registry, "app:v1", "hello");
    attest(&registry, "app:v1", A);
    let image = registry.name("app:v1");
    let line = format!("verify-attestation --key a.pub --insecure-ignore-tlog --type vuln -o json {image}");
    let outcome = user.run_as("cosign", &line.split(' ').collect::<Vec<_>>());
    assert_eq!(outcome.exit, 0, "{outcome}");
    assert!(outcome.text().starts_with(r#"{"payload":""#), "{outcome}");
}

#[test]
fn every_image_is_judged_and_the_worst_is_the_exit_code() {
    let (registry, user) = (Registry::open(), claimant());
    for name in ["good:v1", "bare:v1", "other:v1"] {
        push(&user, &registry, name, name);
    }
    attest(&registry, "good:v1", A);
    let other = format!("{ATTEST} --predicate claim.json {}", registry.name("other:v1"));
    assert_eq!(user.run(&other).exit, 0);
    let names = ["absent:v1", "bare:v1", "other:v1", "good:v1"].map(|name| registry.name(name));
    let outcome = user.run(&format!(
        "{VERIFY_ATTESTATION} --type vuln -o predicate {}",
        names.join(" ")
    ));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
{"scanner":{"result":[]}}
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the attestation.
Error: image tag not found: REGISTRY/absent:v1
Error: no matching attestations: no attestations found for REGISTRY/bare@DIGEST
help: `countersign tree REGISTRY/bare@DIGEST` lists what is attached
Error: none of the attestations matched the predicate type: vuln, found: https://cosign.sigstore.dev/attestation/v1 (REGISTRY/other@DIGEST)
  referrer DIGEST: attestation has predicate type "https://cosign.sigstore.dev/attestation/v1", expected https://cosign.sigstore.dev/attestation/vuln/v1
help: `countersign tree REGISTRY/other@DIGEST` lists what is attached

Verification for REGISTRY/good:v1 --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
--- exit 12

"#]]
    );
}
