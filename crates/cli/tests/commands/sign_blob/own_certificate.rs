//! A certificate of one's own authority, with a key; `core/tests/data/golden/ORIGIN.md` says where they are from.

use serde_json::Value;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::registry::Registry;
use crate::signing::push;

/// A user with the key `byo.key`, its certificate and that of the authority, when they are valid.
pub(crate) fn owner() -> User {
    let user = User::new()
        .at("2026-11-24T00:00:00Z")
        .with_variable("COSIGN_PASSWORD", "");
    for name in ["byo.key", "byo.crt", "byo-ca.crt", "cosign.key", "byo.pub"] {
        user.write(name, crate::golden::file(&format!("keys/{name}")));
    }
    user.write("hello.txt", "hello\n");
    user
}

const SIGN: &str = "sign-blob --key byo.key --tlog-upload=false";
const WITNESSED: &str = "--insecure-ignore-sct --insecure-ignore-tlog --certificate-identity byo@example.com --certificate-oidc-issuer-regexp ^.*$";

#[test]
fn the_certificate_is_in_the_bundle_and_says_who_signed() {
    let user = owner();
    assert_outcome!(
        user.run(&format!(
            "{SIGN} --certificate byo.crt --certificate-chain byo-ca.crt hello.txt"
        )),
        str![[r#"
--- stderr
Using payload from: hello.txt
Wrote bundle to file hello.txt.sigstore.json
--- exit 0

"#]]
    );
    let bundle: Value = serde_json::from_slice(&user.read("hello.txt.sigstore.json")).expect("a bundle is JSON");
    assert!(
        bundle.pointer("/verificationMaterial/certificate/rawBytes").is_some(),
        "{bundle}"
    );
    for trust in ["--certificate-chain byo-ca.crt", "--ca-roots byo-ca.crt"] {
        let outcome = user.run(&format!("verify-blob {trust} {WITNESSED} hello.txt"));
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    let other = WITNESSED.replace("byo@", "other@");
    let outcome = user.run(&format!("verify-blob --ca-roots byo-ca.crt {other} hello.txt"));
    assert_eq!(outcome.exit, 12, "{outcome}");
}

#[test]
fn cosign_2_finds_certificate_and_chain_where_it_looks_for_them() {
    let (user, registry) = (owner(), Registry::open());
    let old = "--new-bundle-format=false --output-signature s --output-certificate c";
    let signed = user.run(&format!("{SIGN} --certificate byo.crt {old} hello.txt"));
    assert_eq!(signed.exit, 0, "{signed}");
    let verified = user.run(&format!(
        "verify-blob --ca-roots byo-ca.crt {WITNESSED} --signature s --certificate c hello.txt"
    ));
    assert_eq!(verified.exit, 0, "{verified}");
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    for format in ["", "--new-bundle-format=false"] {
        let line = format!(
            "sign --key byo.key --tlog-upload=false {format} --certificate byo.crt --certificate-chain byo-ca.crt {image}"
        );
        let signed = user.run(&line);
        assert_eq!(signed.exit, 0, "{signed}");
        let verified = user.run(&format!("verify --ca-roots byo-ca.crt {WITNESSED} {image}"));
        assert_eq!(verified.exit, 0, "{verified}");
    }
}

#[test]
fn what_is_printed_as_text_says_whom_the_certificate_names() {
    let (user, registry) = (owner(), Registry::open());
    let digest = push(&user, &registry, "app:v1", "hello");
    let image = registry.name(&format!("app@{digest}"));
    let sign = format!("sign --key byo.key --tlog-upload=false --certificate byo.crt {image}");
    assert_eq!(user.run(&sign).exit, 0);
    let verified = user.run(&format!("verify -o text --ca-roots byo-ca.crt {WITNESSED} {image}"));
    assert_eq!(verified.exit, 0, "{verified}");
    assert!(
        verified.stderr.ends_with("Certificate subject: byo@example.com\n"),
        "{verified}"
    );
}

#[test]
fn a_certificate_that_is_none_of_the_key_is_refused() {
    let user = owner();
    user.write("text", "text");
    user.write("fulcio.pem", crate::golden::file("trust/fulcio-root.pem"));
    for (flags, told) in [
        (
            "--key cosign.key --certificate byo.crt",
            "the certificate is of another key than the one that signs",
        ),
        ("--key byo.key --certificate text", "--certificate text: "),
        (
            "--key byo.key --certificate byo.crt --certificate-chain fulcio.pem",
            "the certificate is not one to sign with",
        ),
        ("--certificate byo.crt", "--certificate is of a key: pass --key with it"),
        (
            "--key byo.key --certificate-chain byo-ca.crt",
            "required flag(s) \"certificate\" not set",
        ),
        (
            "--key byo.key --certificate byo.crt --issue-certificate",
            "--certificate and --issue-certificate exclude each other",
        ),
        (
            "--key byo.key --signing-algorithm ecdsa-sha2-256-nistp256",
            "--signing-algorithm is of a new key",
        ),
        ("--signing-algorithm ed448", "expected one of ecdsa-sha2-256-nistp256, "),
    ] {
        let outcome = user.run(&format!("sign-blob --tlog-upload=false {flags} hello.txt"));
        assert_eq!(outcome.exit, 1, "{flags}: {outcome}");
        assert!(outcome.stderr.contains(told), "{flags}: {outcome}");
    }
    let late = user.clone().at("2037-01-01T00:00:00Z");
    let late = late.run(&format!("{SIGN} --certificate byo.crt hello.txt"));
    assert!(late.stderr.contains("certificate is valid"), "{late}");
}
