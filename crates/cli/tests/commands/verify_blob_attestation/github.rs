//! GitHub's own instance, which has no log and no SCTs but timestamps; `data/ORIGIN.md` says where its bundles are from.

use std::fs;
use std::path::Path;

use crate::harness::{Outcome, User};

/// A bundle, the type of its statement, and what it is about.
struct Case {
    name: &'static str,
    kind: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        name: "gh-github_provenance_demo-0.0.12-py3-none-any-bundle",
        kind: "https://slsa.dev/provenance/v1",
    },
    Case {
        name: "java-github-private-no-tlog",
        kind: "https://slsa.dev/provenance/v1",
    },
    Case {
        name: "rust-github-private-attestation",
        kind: "https://in-toto.io/attestation/release/v0.2",
    },
];

const FLAGS: [&str; 3] = [
    "--insecure-ignore-tlog",
    "--insecure-ignore-sct",
    "--use-signed-timestamps",
];

/// Verifies a bundle for a digest, by default its own.
fn verify(case: &Case, flags: &[&str], other: Option<&str>) -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/github");
    let read = |name: &str| fs::read_to_string(folder.join(case.name).join(name)).expect("it is there");
    let user = User::new().at("2026-11-23T00:00:00Z");
    user.write("bundle.json", read("bundle.sigstore.json"));
    user.write(
        "root.json",
        fs::read(folder.join("trusted_root.json")).expect("it is there"),
    );
    let digest = read("digest");
    let digest = other.unwrap_or_else(|| digest.trim().trim_start_matches("sha256:"));
    let (identity, issuer) = (read("identity"), read("issuer"));
    let mut line = vec![
        "verify-blob-attestation",
        "--bundle",
        "bundle.json",
        "--trusted-root",
        "root.json",
    ];
    line.extend(["--digest", digest, "--digestAlg", "sha256", "--type", case.kind]);
    line.extend(["--certificate-identity", identity.trim()]);
    // one of them is for a service of GitHub's, whose certificate names no issuer
    match issuer.trim() {
        "" => line.extend(["--certificate-oidc-issuer-regexp", ".*"]),
        issuer => line.extend(["--certificate-oidc-issuer", issuer]),
    }
    line.extend(flags);
    user.run_as("countersign", &line)
}

#[test]
fn what_is_stamped_and_neither_logged_nor_seen_is_accepted_when_that_is_asked_for() {
    for case in &CASES {
        let outcome = verify(case, &FLAGS, None);
        assert_eq!(outcome.exit, 0, "{}: {outcome}", case.name);
        assert!(outcome.stderr.ends_with("Verified OK\n"), "{}: {outcome}", case.name);
    }
}

#[test]
fn each_of_what_is_missing_must_be_waived_by_its_own_flag() {
    for case in &CASES {
        for (flags, missing) in [
            (&FLAGS[1..], "signature is in 0 trusted logs, expected 1"),
            (
                &[FLAGS[0], FLAGS[2]][..],
                "certificate holds no signed certificate timestamp",
            ),
        ] {
            let outcome = verify(case, flags, None);
            assert_eq!(outcome.exit, 12, "{}: {outcome}", case.name);
            assert!(outcome.stderr.contains(missing), "{}: {outcome}", case.name);
        }
    }
}

#[test]
fn it_is_about_its_artifact_only() {
    for case in &CASES {
        let other = "0".repeat(64);
        let outcome = verify(case, &FLAGS, Some(&other));
        assert_eq!(outcome.exit, 12, "{}: {outcome}", case.name);
        assert!(outcome.stderr.contains("signed digest is"), "{}: {outcome}", case.name);
    }
}
