//! Evidence beside a signature, in files as cosign 2 writes them: what a workflow on GitHub signed with the public instance, taken
//! apart; `data/ORIGIN.md` says where it is from.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::certificate::Certificate;
use serde_json::Value;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::{Outcome, User};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sigstore-conformance");
const IDENTITY: &str =
    "--certificate-identity-regexp ^https://.*$ --certificate-oidc-issuer https://token.actions.githubusercontent.com";

fn suite(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(SUITE).join(name)).expect("it is there")
}

/// A user with the signature `s` of the file `a.txt`, the certificate as PEM (`c.pem`), as base64 of that (`c.b64`) and as DER, at
/// a time at which it is valid.
fn user() -> User {
    let user = User::new().at("2024-03-19T17:30:00Z");
    let bundle = suite("bundle-verify/happy-path-v0.3/bundle.sigstore.json");
    let json: Value = serde_json::from_slice(&bundle).expect("a bundle is JSON");
    let text = |path: &str| {
        json.pointer(path)
            .and_then(Value::as_str)
            .expect("it is there")
            .to_owned()
    };
    let der = STANDARD
        .decode(text("/verificationMaterial/certificate/rawBytes"))
        .expect("it is base64");
    let pem = Certificate::from_der(&der).expect("it is a certificate").to_pem();
    user.write("s", text("/messageSignature/signature"));
    user.write("c.b64", STANDARD.encode(&pem));
    user.write("c.pem", pem);
    user.write("c.der", der);
    user.write("bundle.json", bundle);
    user.write("a.txt", suite("bundle-verify/a.txt"));
    user.write("root.json", suite("trusted_root.production.json"));
    user.write("other.pem", crate::golden::file("keys/byo.crt"));
    user
}

fn verify(user: &User, flags: &str) -> Outcome {
    user.run(&format!(
        "verify-blob --trusted-root root.json {IDENTITY} {flags} a.txt"
    ))
}

#[test]
fn a_certificate_beside_the_signature_says_who_signed() {
    let user = user();
    for certificate in ["c.pem", "c.b64", "c.der"] {
        let outcome = verify(
            &user,
            &format!("--insecure-ignore-tlog --certificate {certificate} --signature s"),
        );
        assert_eq!(outcome.exit, 0, "{certificate}: {outcome}");
    }
    let late = user.clone().at("2024-03-19T17:40:00Z");
    let late = verify(&late, "--insecure-ignore-tlog --certificate c.pem --signature s");
    assert_eq!(late.exit, 12, "{late}");
    let none = verify(&user, "--insecure-ignore-tlog --signature s");
    assert!(none.stderr.contains("no certificate found on signature"), "{none}");
    let another = verify(&user, "--insecure-ignore-tlog --certificate other.pem --signature s");
    assert!(
        another.stderr.contains("signature does not verify with key"),
        "{another}"
    );
}

#[test]
fn a_signature_without_its_log_entry_is_told_how_to_find_it() {
    let user = user();
    assert_outcome!(
        verify(&user, "--offline --certificate c.pem --signature s"),
        str![[r#"
--- stderr
Error: a.txt: the signature is not accepted
  caused by: signature is in 0 trusted logs, expected 1
help: --rekor-url asks a Rekor 1 for the entry
--- exit 12

"#]]
    );
}

/// The log is asked only where nothing of a log is there: nobody listens at port 1, so that asking is an error.
#[test]
fn a_log_is_asked_only_where_there_is_no_entry() {
    let user = user();
    let nowhere = "--rekor-url http://127.0.0.1:1";
    let asked = verify(&user, &format!("{nowhere} --certificate c.pem --signature s"));
    assert_eq!(asked.exit, 20, "{asked}");
    assert!(asked.stderr.contains("transparency log gave no answer"), "{asked}");
    for flags in ["--bundle bundle.json", "--bundle bundle.json --certificate c.pem"] {
        let there = verify(&user, &format!("{nowhere} {flags}"));
        assert_eq!(there.exit, 0, "{flags}: {there}");
    }
    // who is not trusted is not asked for
    let stranger = user.run(&format!(
        "verify-blob --trusted-root root.json {nowhere} {IDENTITY} --certificate other.pem --signature s a.txt"
    ));
    assert_eq!(stranger.exit, 12, "{stranger}");
}

#[test]
fn what_is_beside_a_bundle_must_be_what_is_in_it() {
    let user = user();
    let another = verify(&user, "--bundle bundle.json --certificate other.pem");
    assert_eq!(another.exit, 12, "{another}");
    assert!(
        another
            .stderr
            .contains("signature comes with another certificate or key than the one given beside it"),
        "{another}"
    );
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let user = user();
    user.write("a.pub", crate::golden::file("keys/cosign.pub"));
    user.write("text", "text");
    for (line, told) in [
        (
            "--key a.pub --certificate c.pem --signature s",
            "--certificate and --key exclude each other",
        ),
        (
            "--key a.pub --sct text --signature s",
            "--sct and --key exclude each other",
        ),
        (
            "--trusted-root root.json --certificate-identity x --certificate-oidc-issuer y --insecure-ignore-sct --sct text --signature s",
            "--sct and --insecure-ignore-sct exclude each other",
        ),
        (
            "--key a.pub --offline --rekor-url http://127.0.0.1:1 --signature s",
            "--offline: --rekor-url is on the network",
        ),
        (
            "--trusted-root root.json --certificate-identity x --certificate-oidc-issuer y --offline --certificate http://127.0.0.1:1/c --signature s",
            "--offline: the certificate is on the network",
        ),
        (
            "--trusted-root root.json --certificate-identity x --certificate-oidc-issuer y --certificate text --signature s",
            "--certificate text: ",
        ),
        (
            "--trusted-root root.json --certificate-identity x --certificate-oidc-issuer y --sct text --signature s",
            "--sct text: timestamp has version 116, expected 0",
        ),
        (
            "--key a.pub --rekor-url http://127.0.0.1:1 --insecure-ignore-tlog --signature s",
            "--rekor-url is asked for log entries, and none are asked for",
        ),
        ("--key a.pub --rfc3161-timestamp absent --signature s", "reading absent"),
    ] {
        let outcome = user.run(&format!("verify-blob {line} a.txt"));
        assert_eq!(outcome.exit, 1, "{line}: {outcome}");
        assert!(outcome.stderr.contains(told), "{line}: {outcome}");
    }
}

/// A flag that names a timestamp asks for one.
#[test]
fn a_timestamp_beside_a_signature_must_be_believed() {
    let user = user();
    user.write("stamp", br#"{"SignedRFC3161Timestamp":"MAA="}"#);
    let outcome = verify(
        &user,
        "--insecure-ignore-tlog --certificate c.pem --signature s --rfc3161-timestamp stamp",
    );
    assert_eq!(outcome.exit, 12, "{outcome}");
    assert!(outcome.stderr.contains("timestamp is not accepted"), "{outcome}");
    let none = verify(&user, "--bundle bundle.json --rfc3161-timestamp stamp");
    assert_eq!(none.exit, 12, "{none}");
}
