//! `sign-blob`.

mod memory;
pub(crate) mod own_certificate;
mod refusals;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Digest;
use countersign_core::bundle::{Bundle, Content};
use serde_json::Value;
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::signing::signer;

/// The flags of every signature: a key, and no log.
pub(crate) const SIGN_BLOB: &str = "sign-blob --key a.key --tlog-upload=false";
/// The flags of every verification.
pub(crate) const VERIFY_BLOB: &str = "verify-blob --key a.pub --insecure-ignore-tlog";

/// A signer with a file.
pub(crate) fn writer() -> User {
    let user = signer();
    user.write("hello.txt", "hello\n");
    user
}

/// A signer with a file, and an ECDSA key called `a`.
pub(crate) fn ecdsa_writer() -> User {
    let user = User::new().with_key("a").with_key("b");
    user.write("hello.txt", "hello\n");
    user
}

fn signature_in(bundle: &[u8]) -> Vec<u8> {
    let bundle = Bundle::from_json(bundle).expect("it is a bundle");
    let Content::Message(message) = bundle.content() else {
        panic!("{bundle:?}")
    };
    message.signature().as_bytes().to_vec()
}

#[test]
fn a_file_is_signed_and_its_bundle_lies_beside_it() {
    let user = writer();
    assert_outcome!(
        user.run(&format!("{SIGN_BLOB} hello.txt")),
        str![[r#"
--- stderr
Using payload from: hello.txt
Wrote bundle to file hello.txt.sigstore.json
--- exit 0

"#]]
    );
    assert_eq!(user.mode("hello.txt.sigstore.json"), 0o600);
    let bundle: Value = serde_json::from_slice(&user.read("hello.txt.sigstore.json")).expect("a bundle is JSON");
    let digest = STANDARD.encode(Digest::sha256(b"hello\n").bytes());
    assert_eq!(
        bundle["messageSignature"]["messageDigest"],
        serde_json::json!({"algorithm": "SHA2_256", "digest": digest})
    );
    let verified = user.run(&format!("{VERIFY_BLOB} hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn each_of_several_files_has_a_bundle_of_its_own() {
    let user = writer();
    user.write("other.txt", "other");
    let signed = user.run(&format!("{SIGN_BLOB} hello.txt other.txt"));
    assert_eq!(signed.exit, 0, "{signed}");
    for file in ["hello.txt", "other.txt"] {
        let verified = user.run(&format!("{VERIFY_BLOB} {file}"));
        assert_eq!(verified.exit, 0, "{file}: {verified}");
    }
    let mixed = user.run(&format!("{VERIFY_BLOB} --bundle other.txt.sigstore.json hello.txt"));
    assert_eq!(mixed.exit, 12, "{mixed}");
}

#[test]
fn bundle_and_signature_are_both_written_where_both_are_asked_for() {
    let user = ecdsa_writer();
    assert_outcome!(
        user.run(&format!("{SIGN_BLOB} --bundle b.json --output-signature s hello.txt")),
        str![[r#"
--- stderr
Using payload from: hello.txt
Wrote bundle to file b.json
Wrote signature to file s
--- exit 0

"#]]
    );
    let raw = STANDARD.decode(user.read("s")).expect("base64 without a line end");
    assert_eq!(raw, signature_in(&user.read("b.json")));
    assert!(!user.path("hello.txt.sigstore.json").exists());
    for evidence in ["--bundle b.json", "--signature s"] {
        let verified = user.run(&format!("{VERIFY_BLOB} {evidence} hello.txt"));
        assert_eq!(verified.exit, 0, "{evidence}: {verified}");
    }
}

#[test]
fn a_signature_alone_is_written_where_only_it_is_asked_for() {
    let user = writer();
    let outcome = user.run(&format!("{SIGN_BLOB} --output-signature s hello.txt"));
    assert_outcome!(
        outcome,
        str![[r#"
--- stderr
Using payload from: hello.txt
Wrote signature to file s
--- exit 0

"#]]
    );
    assert!(!user.path("hello.txt.sigstore.json").exists());
    let old = user.run(&format!("{SIGN_BLOB} --output t --b64=false hello.txt"));
    assert_eq!(
        old.stderr,
        "WARNING: the '--output' flag is deprecated and will be removed in the future. Use '--output-signature'\n\
         Using payload from: hello.txt\nWrote signature to file t\n"
    );
    assert_eq!(STANDARD.decode(user.read("s")).expect("base64"), user.read("t"));
}

#[test]
fn the_old_format_prints_the_signature() {
    let user = writer();
    let sign = format!("{SIGN_BLOB} --new-bundle-format=false");
    let printed = user.run(&format!("{sign} hello.txt"));
    assert_eq!(
        (printed.exit, printed.stderr.as_str()),
        (0, "Using payload from: hello.txt\n")
    );
    let line = printed.text().strip_suffix('\n').expect("a line").to_owned();
    let raw = user.run(&format!("{sign} --b64=false hello.txt")).stdout;
    assert_eq!(STANDARD.decode(&line).expect("base64"), raw);
    let verified = user.run(&format!("{VERIFY_BLOB} --signature {line} hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
    assert!(!user.path("hello.txt.sigstore.json").exists());
    let quiet = user.run(&format!("{sign} --output-signature s hello.txt"));
    assert_eq!(quiet.text(), "");
    assert_eq!(user.read("s"), line.as_bytes());
}

#[test]
fn the_old_format_has_a_bundle_file_of_its_own() {
    let user = writer();
    let outcome = user.run(&format!(
        "{SIGN_BLOB} --new-bundle-format=false --bundle b.json hello.txt"
    ));
    let line = outcome.text().trim_end().to_owned();
    assert_eq!(
        String::from_utf8(user.read("b.json")).expect("JSON is text"),
        format!(r#"{{"base64Signature":"{line}"}}"#)
    );
    let verified = user.run(&format!("{VERIFY_BLOB} --bundle b.json hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
}

#[test]
fn standard_input_is_signed() {
    for user in [writer(), ecdsa_writer()] {
        let user = user.typing("hello\n");
        let outcome = user.run(&format!("{SIGN_BLOB} --bundle b.json -"));
        assert_outcome!(
            outcome,
            str![[r#"
--- stderr
Wrote bundle to file b.json
--- exit 0

"#]]
        );
        for file in ["hello.txt", "-"] {
            let verified = user.run(&format!("{VERIFY_BLOB} --bundle b.json {file}"));
            assert_eq!(verified.exit, 0, "{file}: {verified}");
        }
    }
}

#[test]
fn the_digest_that_is_chosen_names_the_file_in_the_bundle() {
    let user = ecdsa_writer();
    for (digest, name) in [("sha256", "SHA2_256"), ("sha384", "SHA2_384"), ("sha512", "SHA2_512")] {
        let flag = format!("--signature-digest-algorithm {digest}");
        let signed = user.run(&format!("{SIGN_BLOB} {flag} hello.txt"));
        assert_eq!(signed.exit, 0, "{signed}");
        let bundle: Value = serde_json::from_slice(&user.read("hello.txt.sigstore.json")).expect("JSON");
        assert_eq!(bundle["messageSignature"]["messageDigest"]["algorithm"], name);
        let verified = user.run(&format!("{VERIFY_BLOB} {flag} hello.txt"));
        assert_eq!(verified.exit, 0, "{verified}");
        let usual = user.run(&format!("{VERIFY_BLOB} hello.txt"));
        assert_eq!(usual.exit, if digest == "sha256" { 0 } else { 12 }, "{usual}");
    }
}

#[test]
fn what_every_kind_of_key_signs_verifies_without_further_flags() {
    let user = writer();
    // of a short file everything is known, of a longer one what its signature needs
    user.write("long.txt", "long\n".repeat(10_000));
    for kind in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] {
        let made = user.run(&format!(
            "generate-key-pair -y --type {kind} --output-key-prefix {kind}"
        ));
        assert_eq!(made.exit, 0, "{made}");
        for file in ["hello.txt", "long.txt"] {
            let signed = user.run(&format!("sign-blob --key {kind}.key --tlog-upload=false {file}"));
            assert_eq!(signed.exit, 0, "{signed}");
            let verify = format!("verify-blob --key {kind}.pub --insecure-ignore-tlog");
            let verified = user.run(&format!("{verify} {file}"));
            assert_eq!(verified.exit, 0, "{kind}, {file}: {verified}");
            let another = user.run(&format!("{verify} --bundle {file}.sigstore.json a.pub"));
            assert_eq!(another.exit, 12, "{kind}, {file}: {another}");
        }
    }
}

#[test]
fn a_bundle_that_is_there_is_replaced_whole() {
    let user = writer();
    user.write("hello.txt.sigstore.json", "x".repeat(10_000));
    let signed = user.run(&format!("{SIGN_BLOB} hello.txt"));
    assert_eq!(signed.exit, 0, "{signed}");
    assert!(Bundle::from_json(&user.read("hello.txt.sigstore.json")).is_ok());
}
