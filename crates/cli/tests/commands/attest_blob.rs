//! `attest-blob`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Digest;
use serde_json::{Value, json};
use snapbox::str;

use crate::assert_outcome;
use crate::harness::User;
use crate::sign_blob::writer;

/// The flags of every attestation: a key, and no log.
pub(crate) const ATTEST_BLOB: &str = "attest-blob --key a.key --tlog-upload=false --type spdxjson --predicate p.json";
/// The flags of every verification.
pub(crate) const VERIFY: &str = "verify-blob-attestation --key a.pub --insecure-ignore-tlog --type spdxjson";

/// A signer with a file and what is claimed of it.
pub(crate) fn claimant() -> User {
    let user = writer();
    user.write("p.json", r#"{"spdxVersion":"SPDX-2.3","n":12345678901234567890}"#);
    user
}

fn statement(envelope: &Value) -> Value {
    let payload = envelope["payload"].as_str().expect("an envelope has a payload");
    serde_json::from_slice(&STANDARD.decode(payload).expect("base64")).expect("a statement is JSON")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("it is JSON")
}

#[test]
fn a_claim_about_a_file_is_signed_and_lies_beside_it() {
    let user = claimant();
    std::fs::create_dir(user.path("folder")).expect("the folder is writable");
    user.write("folder/hello.txt", "hello\n");
    assert_outcome!(
        user.run(&format!("{ATTEST_BLOB} folder/hello.txt")),
        str![[r#"
--- stderr
Using payload from: p.json
Wrote bundle to file folder/hello.txt.attestation.sigstore.json
--- exit 0

"#]]
    );
    assert_eq!(user.mode("folder/hello.txt.attestation.sigstore.json"), 0o600);
    let bundle = user.read("folder/hello.txt.attestation.sigstore.json");
    let statement = statement(&json(&bundle)["dsseEnvelope"]);
    assert_eq!(
        statement["subject"],
        json!([{"name": "hello.txt", "digest": {"sha256": Digest::sha256(b"hello\n").hex()}}])
    );
    assert_eq!(statement["predicate"]["n"], json!(12345678901234567890u64));
    let verified = user.run(&format!("{VERIFY} folder/hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
    assert!(verified.stderr.ends_with("Verified OK\n"), "{verified}");
}

#[test]
fn the_old_format_prints_the_envelope_and_has_a_bundle_file_of_its_own() {
    let user = claimant();
    let old = format!("{ATTEST_BLOB} --new-bundle-format=false");
    let printed = user.run(&format!("{old} --bundle b.json --output-attestation s.json hello.txt"));
    assert_eq!(
        printed.stderr,
        "Using payload from: p.json\nWrote bundle to file b.json\nAttestation written in s.json\n"
    );
    let envelope = printed.text().trim_end().to_owned();
    assert_eq!(statement(&json(envelope.as_bytes())), json(&user.read("s.json")));
    let held = json(&user.read("b.json"));
    assert_eq!(held["base64Signature"], STANDARD.encode(&envelope));
    let quiet = user.run(&format!("{old} --output-signature e.json hello.txt"));
    assert_eq!((quiet.text(), quiet.exit), ("", 0));
    assert!(quiet.stderr.ends_with("Signature written in e.json\n"), "{quiet}");
    assert_eq!(user.read("e.json"), envelope.as_bytes());
    for evidence in [
        "--bundle b.json",
        "--signature e.json",
        "--bundle b.json --signature e.json",
    ] {
        let verified = user.run(&format!("{VERIFY} {evidence} hello.txt"));
        assert_eq!(verified.exit, 0, "{evidence}: {verified}");
    }
}

#[test]
fn the_hash_stands_for_the_file() {
    let user = claimant();
    let hash = Digest::sha256(b"hello\n").hex().to_uppercase();
    let attested = user.run(&format!("{ATTEST_BLOB} --hash {hash} --bundle b.json absent/hello.txt"));
    assert_eq!(attested.exit, 0, "{attested}");
    let verified = user.run(&format!("{VERIFY} --bundle b.json hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
    let wrong = user.run(&format!("{ATTEST_BLOB} --hash abc --bundle b.json hello.txt"));
    assert!(
        wrong
            .stderr
            .contains("--hash: sha256 digest has 3 hexadecimal digits, expected 64"),
        "{wrong}"
    );
}

#[test]
fn a_whole_statement_is_signed_as_it_is_if_it_is_about_the_file() {
    let user = claimant();
    let about = |content: &[u8]| {
        format!(
            r#"{{ "_type":"https://in-toto.io/Statement/v1", "subject":[{{"digest":{{"sha256":"{}"}}}}],"predicateType":"https://spdx.dev/Document","predicate":{{}}}}"#,
            Digest::sha256(content).hex()
        )
    };
    user.write("s.json", about(b"hello\n"));
    user.write("t.json", about(b"another"));
    let attest = "attest-blob --key a.key --tlog-upload=false --output-attestation o.json --statement";
    let attested = user.run(&format!("{attest} s.json hello.txt"));
    assert_eq!(attested.exit, 0, "{attested}");
    assert_eq!(user.read("o.json"), user.read("s.json"));
    let verified = user.run(&format!("{VERIFY} hello.txt"));
    assert_eq!(verified.exit, 0, "{verified}");
    let another = user.run(&format!("{attest} t.json hello.txt"));
    assert_eq!(another.exit, 1, "{another}");
    assert!(
        another.stderr.contains("the statement is not about sha256:5891"),
        "{another}"
    );
}

#[test]
fn standard_input_is_attested() {
    let user = claimant().typing("hello\n");
    let attested = user.run(&format!("{ATTEST_BLOB} --bundle b.json -"));
    assert_eq!(attested.exit, 0, "{attested}");
    for file in ["hello.txt", "-"] {
        let verified = user.run(&format!("{VERIFY} --bundle b.json {file}"));
        assert_eq!(verified.exit, 0, "{file}: {verified}");
    }
    let nowhere = user.run(&format!("{ATTEST_BLOB} -"));
    assert!(nowhere.stderr.contains("must specify --bundle"), "{nowhere}");
    let both = user.run("attest-blob --key a.key --tlog-upload=false --predicate - --bundle b.json -");
    assert!(
        both.stderr.contains("is either the file or what is claimed of it"),
        "{both}"
    );
}

#[test]
fn what_is_missing_or_needs_a_service_is_told() {
    let user = claimant();
    for (line, told) in [
        (
            "attest-blob --key a.key --predicate p.json hello.txt",
            "the services to sign with could not be had",
        ),
        (
            "attest-blob --key a.key --tlog-upload=false hello.txt",
            "[predicate statement] is required",
        ),
        (
            "attest-blob --key a.key --tlog-upload=false --predicate p.json",
            "accepts 1 arg(s), received 0",
        ),
        (
            "attest-blob --tlog-upload=false --predicate p.json hello.txt",
            "a key is needed",
        ),
    ] {
        let outcome = user.run(line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
    for flag in [
        "--output-certificate=c",
        "--rfc3161-timestamp-bundle=t",
        "--rekor-entry-type=dsse",
        "--bundle=hello.txt",
        "--output-signature=hello.txt",
        "--output-attestation=hello.txt",
    ] {
        let outcome = user.run(&format!("{ATTEST_BLOB} {flag} hello.txt"));
        let name = flag.split('=').next().expect("there is a first part");
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(&format!("Error: {name}")), "{outcome}");
    }
    assert_eq!(user.read("hello.txt"), b"hello\n");
}
