//! What `verify-blob` does not accept, and what it says then.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use snapbox::str;

use crate::assert_outcome;
use crate::sign_blob::{SIGN_BLOB, VERIFY_BLOB, ecdsa_writer, writer};

#[test]
fn another_file_is_told_with_both_digests_and_ends_with_12() {
    let user = writer();
    assert_eq!(user.run(&format!("{SIGN_BLOB} hello.txt")).exit, 0);
    user.write("hello.txt", "hello?");
    assert_outcome!(
        user.run(&format!("{VERIFY_BLOB} hello.txt")),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the blob.
Error: hello.txt: the signature is not accepted
  caused by: bundle names the message sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03, expected sha256:b45cf64669f2f8da6c6cc2db0329ec1a37d067b9ab7640c029cfd44eb4bf928a
--- exit 12

"#]]
    );
}

#[test]
fn another_key_is_told_with_both_keys_and_ends_with_12() {
    let user = writer();
    assert_eq!(user.run(&format!("{SIGN_BLOB} hello.txt")).exit, 0);
    assert_outcome!(
        user.run("verify-blob --key b.pub --insecure-ignore-tlog hello.txt"),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the blob.
Error: hello.txt: the signature is not accepted
  caused by: signature does not verify with key R96ljqAPrpQX7hnXZ1W/72kImQIRMu/7BP4fnk8MgFk= (the bundle names key "/RENMB0vB33hQUuPmfRBsUA/qyB7IFL70sBl5O6OfcI=")
  caused by: signature is not this ed25519 key's over these bytes
--- exit 12

"#]]
    );
}

/// cosign 2.6.1 and 3.1.2 trust the key in the file and pass over the one that they are told (GHSA-fx35-mq7g-6g98).
#[test]
fn a_key_in_a_bundle_file_never_stands_in_for_the_one_that_is_given() {
    let user = writer();
    let attack = "sign-blob --key b.key --tlog-upload=false --new-bundle-format=false";
    let signature = user.run(&format!("{attack} hello.txt")).text().trim().to_owned();
    let held = STANDARD.encode(user.read("b.pub"));
    user.write(
        "b.json",
        format!(r#"{{"base64Signature":"{signature}","cert":"{held}"}}"#),
    );
    let outcome = user.run(&format!("{VERIFY_BLOB} --bundle b.json hello.txt"));
    assert_eq!(outcome.exit, 12, "{outcome}");
    assert!(outcome.stderr.contains("caused by: evidence holds key"), "{outcome}");
    let its_own = user.run("verify-blob --key b.pub --insecure-ignore-tlog --bundle b.json hello.txt");
    assert_eq!(its_own.exit, 0, "{its_own}");
}

#[test]
fn what_a_digest_does_not_tell_is_no_verdict() {
    let (pure, plain) = (writer(), ecdsa_writer());
    assert_eq!(pure.run(&format!("{SIGN_BLOB} hello.txt")).exit, 0);
    let digest = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    let verify = format!("{VERIFY_BLOB} --bundle hello.txt.sigstore.json {digest}");
    assert_outcome!(
        pure.run(&verify),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the blob.
Error: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03: the signature is not accepted
  caused by: ed25519 key signs a message as it is, and only its digest is known
help: give the file itself
--- exit 1

"#]]
    );
    let sha512 = "--signature-digest-algorithm sha512";
    assert_eq!(plain.run(&format!("{SIGN_BLOB} {sha512} hello.txt")).exit, 0);
    let outcome = plain.run(&format!("{verify} {sha512}"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("ecdsa-p256 key signs the sha512 of a message, of which only the sha256 is known"),
        "{outcome}"
    );
}

#[test]
fn a_file_too_long_for_ed25519_is_no_verdict() {
    let user = writer();
    assert_eq!(user.run(&format!("{SIGN_BLOB} hello.txt")).exit, 0);
    let limited = user.with_variable("COSIGN_MAX_ATTACHMENT_SIZE", "5");
    let outcome = limited.run(&format!("{VERIFY_BLOB} hello.txt"));
    assert_eq!(outcome.exit, 1, "{outcome}");
    assert!(outcome.stderr.contains("longer than the limit of 5 bytes"), "{outcome}");
}

#[test]
fn no_signature_is_told_by_the_flags_that_give_one() {
    assert_outcome!(
        writer().run(&format!("{VERIFY_BLOB} hello.txt")),
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the blob.
Error: the signature is needed: pass --bundle or --signature, for there is no hello.txt.sigstore.json
help: `countersign verify-blob --help` shows how it is used
--- exit 1

"#]]
    );
}

#[test]
fn what_is_no_bundle_ends_with_21() {
    let user = writer();
    user.write("empty.json", "{}");
    user.write("text.json", "hello");
    assert_eq!(user.run(&format!("{SIGN_BLOB} hello.txt")).exit, 0);
    for (flags, cause) in [
        ("--bundle empty.json", "mediaType is missing"),
        ("--bundle text.json", "bundle is malformed"),
        (
            "--new-bundle-format=false --bundle hello.txt.sigstore.json",
            "bundle is malformed",
        ),
    ] {
        let outcome = user.run(&format!("{VERIFY_BLOB} {flags} hello.txt"));
        assert_eq!(outcome.exit, 21, "{outcome}");
        assert!(outcome.stderr.contains(&format!("caused by: {cause}")), "{outcome}");
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let user = writer();
    assert_eq!(user.run(&format!("{SIGN_BLOB} --bundle b.json hello.txt")).exit, 0);
    for (line, told) in [
        ("--bundle b.json absent.txt", "Error: reading absent.txt"),
        ("--bundle absent.json hello.txt", "Error: reading absent.json"),
        ("--bundle b.json .", "Error: reading ."),
        ("--signature not/base64! hello.txt", "Error: --signature is neither"),
        ("--bundle b.json", "Error: accepts 1 arg(s), received 0"),
        (
            "--bundle b.json hello.txt hello.txt",
            "Error: accepts 1 arg(s), received 2",
        ),
    ] {
        let outcome = user.run(&format!("{VERIFY_BLOB} {line}"));
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn a_log_and_a_certificate_are_not_forgotten_in_silence() {
    let user = writer();
    let log = user.run("verify-blob --key a.pub --bundle b.json hello.txt");
    assert!(log.stderr.contains("whom to trust could not be had"), "{log}");
    for flag in ["--rekor-url=https://rekor.example", "--certificate=c.pem", "--sk"] {
        let outcome = user.run(&format!("{VERIFY_BLOB} {flag} hello.txt"));
        let name = flag.split('=').next().expect("there is a first part");
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(&format!("Error: {name}")), "{outcome}");
    }
    let key = user.run("verify-blob --insecure-ignore-tlog hello.txt");
    assert!(
        key.stderr
            .contains("Error: --certificate-identity or --certificate-identity-regexp is required"),
        "{key}"
    );
}
