//! `verify-blob-attestation`.

mod github;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use snapbox::str;

use crate::assert_outcome;
use crate::attest_blob::{ATTEST_BLOB, VERIFY, claimant};
use crate::golden;
use crate::sign_blob::SIGN_BLOB;

#[test]
fn another_file_or_type_or_key_is_not_accepted_and_ends_with_12() {
    let user = claimant();
    assert_eq!(user.run(&format!("{ATTEST_BLOB} --bundle b.json hello.txt")).exit, 0);
    let file = user.run(&format!("{VERIFY} --bundle b.json p.json"));
    assert_outcome!(
        file,
        str![[r#"
--- stderr
WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the blob attestation.
Error: p.json: the signature is not accepted
  caused by: signed digest is sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03, expected sha256:a6134aa857495bed24be22d601070ae92314dd7cbdc5e8968aff608fd075271a
--- exit 12

"#]]
    );
    let kind = user.run(&format!("{VERIFY} --bundle b.json hello.txt").replace("spdxjson", "vuln"));
    assert_eq!(kind.exit, 12, "{kind}");
    assert!(kind.stderr.contains("attestation has predicate type"), "{kind}");
    let key = user.run(&format!("{VERIFY} --bundle b.json hello.txt").replace("a.pub", "b.pub"));
    assert_eq!(key.exit, 12, "{key}");
}

#[test]
fn a_signature_over_a_file_is_no_claim_about_it_nor_the_reverse() {
    let user = claimant();
    assert_eq!(user.run(&format!("{SIGN_BLOB} --bundle s.json hello.txt")).exit, 0);
    assert_eq!(user.run(&format!("{ATTEST_BLOB} --bundle a.json hello.txt")).exit, 0);
    let claim = user.run(&format!("{VERIFY} --bundle s.json hello.txt"));
    assert_eq!(claim.exit, 12, "{claim}");
    let signature = user.run("verify-blob --key a.pub --insecure-ignore-tlog --bundle a.json hello.txt");
    assert_eq!(signature.exit, 12, "{signature}");
    assert!(
        signature
            .stderr
            .contains("expected a signature over the message itself"),
        "{signature}"
    );
}

#[test]
fn a_digest_stands_for_the_file() {
    let user = claimant();
    assert_eq!(user.run(&format!("{ATTEST_BLOB} --bundle b.json hello.txt")).exit, 0);
    let verify = format!("{VERIFY} --bundle b.json");
    let hex = Digest::sha256(b"hello\n").hex().to_owned();
    for (flags, exit) in [
        (format!("--digest {hex} --digestAlg sha256"), 0),
        (format!("--digest {} --digestAlg sha256", hex.to_uppercase()), 0),
        (format!("--digest {} --digestAlg sha256", Digest::sha256(b"").hex()), 12),
        (
            format!(
                "--digest {} --digestAlg sha512",
                Digest::of(Algorithm::Sha512, b"hello\n").hex()
            ),
            12,
        ),
        (format!("--digest {hex}"), 1),
        ("--digestAlg sha256".to_owned(), 1),
        (format!("--digest {hex} --digestAlg md5"), 1),
        (format!("--digest {hex} --digestAlg sha256 hello.txt"), 1),
        (String::new(), 1),
        ("--check-claims=false".to_owned(), 0),
        ("--check-claims=false p.json".to_owned(), 0),
        ("hello.txt hello.txt".to_owned(), 1),
    ] {
        let outcome = user.run(&format!("{verify} {flags}"));
        assert_eq!(outcome.exit, exit, "{flags}: {outcome}");
    }
}

/// The bundle file of cosign 2 alone; what it needs with `--signature` is among the golden artefacts.
#[test]
fn a_claim_in_a_bundle_file_of_cosign_2_is_verified() {
    let user = claimant();
    let (keys, blobs) = (golden::path("keys"), golden::path("blobs"));
    let verify = format!(
        "verify-blob-attestation --insecure-ignore-tlog --key {}/cosign.pub --bundle {blobs}/blob-v2-attest.json",
        keys.display(),
        blobs = blobs.display()
    );
    for (kind, file, exit) in [
        ("spdxjson", "hello", 0),
        ("vuln", "hello", 12),
        ("spdxjson", "other", 12),
    ] {
        let outcome = user.run(&format!("{verify} --type {kind} {}/{file}.txt", blobs.display()));
        assert_eq!(outcome.exit, exit, "{kind} {file}: {outcome}");
    }
}

/// cosign 2.6.1 and 3.1.2 trust the key in the file and pass over the one that they are told (GHSA-fx35-mq7g-6g98).
#[test]
fn a_key_in_a_bundle_file_never_stands_in_for_the_one_that_is_given() {
    let user = claimant();
    let attack = ATTEST_BLOB.replace("a.key", "b.key");
    let envelope = user
        .run(&format!("{attack} --new-bundle-format=false hello.txt"))
        .stdout;
    let (signature, held) = (
        STANDARD.encode(envelope.trim_ascii_end()),
        STANDARD.encode(user.read("b.pub")),
    );
    user.write(
        "b.json",
        format!(r#"{{"base64Signature":"{signature}","cert":"{held}"}}"#),
    );
    let outcome = user.run(&format!("{VERIFY} --bundle b.json hello.txt"));
    assert_eq!(outcome.exit, 12, "{outcome}");
    assert!(outcome.stderr.contains("caused by: evidence holds key"), "{outcome}");
    let its_own = user.run(&format!("{VERIFY} --bundle b.json hello.txt").replace("a.pub", "b.pub"));
    assert_eq!(its_own.exit, 0, "{its_own}");
}

#[test]
fn what_is_no_attestation_or_missing_is_told() {
    let user = claimant();
    user.write("empty.json", "{}");
    assert_eq!(user.run(&format!("{ATTEST_BLOB} --bundle b.json hello.txt")).exit, 0);
    assert_eq!(user.run(&format!("{ATTEST_BLOB} --bundle d.json p.json")).exit, 0);
    user.write("c.json", r#"{"base64Signature":"AAEC"}"#);
    for (flags, exit, told) in [
        ("--bundle empty.json hello.txt", 21, "mediaType is missing"),
        ("--bundle c.json hello.txt", 21, "envelope is malformed"),
        (
            "--bundle b.json --signature c.json hello.txt",
            21,
            "envelope is malformed",
        ),
        (
            "--bundle b.json --signature d.json hello.txt",
            1,
            "hold different attestations",
        ),
        ("--bundle absent.json hello.txt", 1, "reading absent.json"),
        ("--bundle b.json absent.txt", 1, "reading absent.txt"),
        ("hello.txt", 1, "pass --bundle or --signature"),
    ] {
        let outcome = user.run(&format!("{VERIFY} {flags}"));
        assert_eq!(outcome.exit, exit, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
    let log = user.run("verify-blob-attestation --key a.pub --bundle b.json hello.txt");
    assert!(log.stderr.contains("whom to trust could not be had"), "{log}");
}
