//! Policies: how the program that judges by them is found, asked and believed. The plug-in itself has its tests in
//! `plugins/policy-rego`, and both together in `interop`.

use std::os::unix::fs::PermissionsExt;

use snapbox::str;

use super::claimant;
use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{ATTEST, VERIFY_ATTESTATION, push};

/// A program with the plug-in's manners: it allows what says that it is fine.
const PROGRAM: &str = r#"#!/bin/sh
if /bin/grep -q '"fine": true'; then
  echo '{"allowed":true}'
else
  echo '{"allowed":false,"reasons":["it is not fine","so says '"$(/usr/bin/basename "$1")"'"]}'
fi
"#;

/// A user with an empty policy in `policy.rego`, and `program` as the plug-in.
fn judging(program: &str) -> User {
    let user = claimant();
    user.write("policy.rego", "package signature\n");
    std::fs::create_dir(user.path("programs")).expect("the folder is writable");
    let path = user.path("programs/countersign-policy-rego");
    std::fs::write(&path, program).expect("the folder is writable");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("the file is ours");
    let folder = user.path("programs").display().to_string();
    user.with_variable("PATH", &folder)
}

/// Attests two claims of one type, one of which is fine.
fn attest(user: &User, registry: &Registry, claims: &[&str]) -> String {
    let image = registry.name(&format!("app@{}", push(user, registry, "app:v1", "hello")));
    for claim in claims {
        user.write("claim.json", claim);
        let attested = user.run(&format!("{ATTEST} --predicate claim.json --type vuln {image}"));
        assert_eq!(attested.exit, 0, "{attested}");
    }
    image
}

#[test]
fn a_statement_that_satisfies_the_policy_is_verified() {
    let (registry, user) = (Registry::open(), judging(PROGRAM));
    let image = attest(&user, &registry, &[r#"{"fine": true}"#]);
    let outcome = user.run(&format!(
        "{VERIFY_ATTESTATION} --type vuln --policy policy.rego -o predicate {image}"
    ));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
{"fine": true}
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the attestation.
will be validating against Rego policies: [FOLDER/policy.rego]

Verification for REGISTRY/app@DIGEST --
The following checks were performed on each of these signatures:
  - The cosign claims were validated
  - The signatures were verified against the specified public key
--- exit 0

"#]]
    );
}

#[test]
fn one_statement_that_does_not_satisfy_the_policy_fails_the_image() {
    let (registry, user) = (Registry::open(), judging(PROGRAM));
    let image = attest(&user, &registry, &[r#"{"fine": true}"#, r#"{"fine": false}"#]);
    let outcome = user.run(&format!(
        "{VERIFY_ATTESTATION} --type vuln --policy policy.rego {image}"
    ));
    assert_outcome!(
        outcome.redacted(registry.host()).hiding_digests(),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the attestation.
will be validating against Rego policies: [FOLDER/policy.rego]
Error: 2 validation errors occurred: what is claimed of REGISTRY/app@DIGEST does not satisfy the policy
  referrer DIGEST: it is not fine
  referrer DIGEST: so says policy.rego
--- exit 12

"#]]
    );
}

#[test]
fn a_program_that_fails_is_no_verdict() {
    for (program, words) in [
        (
            "#!/bin/sh\necho 'no such rule' >&2; exit 1\n",
            "came to no verdict: no such rule",
        ),
        (
            "#!/bin/sh\necho maybe\n",
            "came to no verdict: its answer is expected value",
        ),
        ("#!/bin/sh\nexit 0\n", "came to no verdict: its answer is EOF"),
    ] {
        let (registry, user) = (Registry::open(), judging(program));
        let image = attest(&user, &registry, &["{}"]);
        let outcome = user.run(&format!(
            "{VERIFY_ATTESTATION} --type vuln --policy policy.rego {image}"
        ));
        assert_eq!((outcome.exit, outcome.text()), (1, ""), "{outcome}");
        assert!(outcome.stderr.contains(words), "{outcome}");
    }
}

#[test]
fn a_program_that_is_not_there_is_told_of_with_where_to_get_it() {
    let (registry, user) = (Registry::open(), claimant().with_variable("PATH", "/nonexistent"));
    let image = attest(&user, &registry, &["{}"]);
    for (policy, program, help) in [
        (
            "policy.rego",
            "countersign-policy-rego",
            "help: `cargo install --path plugins/policy-rego",
        ),
        ("policy.cue", "cue", "help: https://cuelang.org/"),
    ] {
        user.write(policy, "package signature\n");
        let outcome = user.run(&format!("{VERIFY_ATTESTATION} --type vuln --policy {policy} {image}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        let error = format!(
            "Error: {program}, which judges by these policies, is neither beside this program nor on PATH\n{help}"
        );
        assert!(outcome.stderr.contains(&error), "{outcome}");
    }
}

#[test]
fn a_policy_that_is_neither_rego_nor_cue_or_not_there_is_refused() {
    let user = claimant();
    user.write("policy.txt", "");
    let outcome = user.run(&format!("{VERIFY_ATTESTATION} --policy policy.txt localhost:1/app"));
    assert!(
        outcome
            .stderr
            .contains("Error: invalid policy format, expected .cue or .rego: FOLDER/policy.txt\n"),
        "{outcome}"
    );
    let outcome = user.run(&format!("{VERIFY_ATTESTATION} --policy a.rego,b.cue localhost:1/app"));
    assert!(outcome.stderr.contains("Error: reading a.rego\n"), "{outcome}");
}

#[test]
fn a_statement_is_only_judged_once_its_signature_is() {
    let (registry, user) = (
        Registry::open(),
        judging("#!/bin/sh\ntouch \"$(dirname \"$0\")/asked\"\n"),
    );
    let image = attest(&user, &registry, &["{}"]);
    let outcome = user.run(&format!(
        "verify-attestation --key b.pub --insecure-ignore-tlog --type vuln --policy policy.rego {image}"
    ));
    assert_eq!(outcome.exit, 12, "{outcome}");
    assert!(!user.path("programs/asked").exists());
}
