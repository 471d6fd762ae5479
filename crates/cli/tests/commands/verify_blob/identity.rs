//! Whom a certificate names, by a bundle that a workflow on GitHub signed with the public instance; `data/ORIGIN.md` says
//! where it is from.

use std::path::Path;

use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sigstore-conformance");
const SUBJECT: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Verifies with `flags` beside the bundle and the root of the public instance.
fn verify(flags: &[&str]) -> Outcome {
    let user = User::new().at("2026-11-23T00:00:00Z");
    for (name, path) in [
        ("bundle.json", "bundle-verify/happy-path-v0.3/bundle.sigstore.json"),
        ("root.json", "trusted_root.production.json"),
        ("a.txt", "bundle-verify/a.txt"),
    ] {
        user.write(name, std::fs::read(Path::new(SUITE).join(path)).expect("it is there"));
    }
    let mut arguments = vec!["verify-blob", "--bundle", "bundle.json", "--trusted-root", "root.json"];
    arguments.extend(flags);
    arguments.push("a.txt");
    user.run_as("countersign", &arguments)
}

/// As [`verify`], with the identity that the certificate names.
fn verify_claims(flags: &[&str]) -> Outcome {
    let identity = ["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER];
    verify(&[&identity, flags].concat())
}

#[test]
fn the_identity_that_a_certificate_names_is_accepted() {
    let outcome = verify_claims(&[]);
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, "Verified OK\n"));
}

#[test]
fn another_identity_or_issuer_is_refused_by_what_was_found() {
    let another = verify(&["--certificate-identity", "x", "--certificate-oidc-issuer", ISSUER]);
    assert_outcome!(
        another,
        str![[r#"
--- stderr
Error: a.txt: the signature is not accepted
  caused by: identity is "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main" by "https://token.actions.githubusercontent.com", expected "x" by "https://token.actions.githubusercontent.com"
--- exit 12

"#]]
    );
    // a part of an exact text is not the text
    for (subject, issuer) in [(SUBJECT, "https://token.actions"), (&SUBJECT[1..], ISSUER)] {
        let outcome = verify(&["--certificate-identity", subject, "--certificate-oidc-issuer", issuer]);
        assert_eq!(outcome.exit, 12, "{outcome}");
    }
}

#[test]
fn an_expression_may_match_a_part_and_a_warning_says_so() {
    let by = |expression: &str| {
        verify(&[
            "--certificate-identity-regexp",
            expression,
            "--certificate-oidc-issuer",
            ISSUER,
        ])
    };
    let open = by("extremely-dangerous");
    assert_eq!(open.exit, 0, "{open}");
    assert_eq!(
        open.stderr,
        "WARNING: --certificate-identity-regexp: the expression may match any part of the text: anchor it with ^ and $\nVerified OK\n"
    );
    let closed = by("^https://github\\.com/sigstore-conformance/.*$");
    assert_eq!((closed.exit, closed.stderr.as_str()), (0, "Verified OK\n"));
    assert_eq!(by("^extremely-dangerous$").exit, 12);
    let none = by("(");
    assert_eq!(none.exit, 1, "{none}");
    assert!(none.stderr.contains("\"(\" is no regular expression"), "{none}");
}

#[test]
fn an_exact_identity_and_an_expression_must_both_match() {
    let both = |exact: &str, expression: &str| {
        let identity = [
            "--certificate-identity",
            exact,
            "--certificate-identity-regexp",
            expression,
        ];
        verify(&[&identity[..], &["--certificate-oidc-issuer", ISSUER]].concat()).exit
    };
    assert_eq!(both(SUBJECT, "^https://.*$"), 0);
    assert_eq!(both(SUBJECT, "^http://.*$"), 12);
    assert_eq!(both("x", "^https://.*$"), 12);
}

#[test]
fn each_claim_of_a_workflow_must_be_as_it_is_asked_for() {
    for (claim, value) in [
        ("trigger", "workflow_dispatch"),
        ("sha", "c7b3dfb335f051e1c86bda4c716fac97df62ad81"),
        ("name", "Extremely dangerous OIDC beacon"),
        (
            "repository",
            "sigstore-conformance/extremely-dangerous-public-oidc-beacon",
        ),
        ("ref", "refs/heads/main"),
    ] {
        let flag = format!("--certificate-github-workflow-{claim}");
        let right = verify_claims(&[&flag, value]);
        assert_eq!(right.exit, 0, "{right}");
        let wrong = verify_claims(&[&flag, "x"]);
        assert_eq!(wrong.exit, 12, "{wrong}");
        assert!(wrong.stderr.contains(&format!("{value:?}, expected")), "{wrong}");
    }
}

#[test]
fn half_an_identity_is_none() {
    for (flags, told) in [
        (
            ["--certificate-identity", SUBJECT],
            "--certificate-oidc-issuer or --certificate-oidc-issuer-regexp is required for verification in keyless mode",
        ),
        (
            ["--certificate-oidc-issuer", ISSUER],
            "--certificate-identity or --certificate-identity-regexp is required for verification in keyless mode",
        ),
    ] {
        let outcome = verify(&flags);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn without_a_log_the_certificate_must_be_valid_now() {
    let unlogged = verify_claims(&["--insecure-ignore-tlog"]);
    assert_eq!(unlogged.exit, 12, "{unlogged}");
    assert!(unlogged.stderr.contains("not at 2026-11-23T00:00:00Z"), "{unlogged}");
}
