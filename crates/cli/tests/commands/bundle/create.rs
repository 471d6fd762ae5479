use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{Digest, Signer};
use serde_json::{Value, json};
use snapbox::str;

use crate::assert_outcome;
use crate::attaching::envelope;
use crate::harness::User;
use crate::signing::{A, VULNERABILITIES, key, signer};

const CREATE: &str = "bundle create --ignore-tlog --key a.pub --artifact file.txt";

/// A file and its signature by key `a`, in the two forms in which cosign 2 leaves them.
fn signed() -> User {
    let user = signer();
    user.write("file.txt", "hello\n");
    let signature = key(A).sign(b"hello\n").expect("the key signs").to_base64();
    user.write("file.sig", format!("{signature}\n"));
    user.write("file.bundle", json!({"base64Signature": signature}).to_string());
    user
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("a bundle is JSON")
}

#[test]
fn a_signature_and_its_file_become_a_bundle() {
    let user = signed();
    let signature = key(A).sign(b"hello\n").expect("the key signs").to_base64();
    let expected = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key(A).public_key().hint()}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(Digest::sha256(b"hello\n").bytes())},
            "signature": signature,
        },
    });
    let from_signature = user.run(&format!("{CREATE} --signature file.sig"));
    assert_eq!((from_signature.exit, from_signature.stderr.as_str()), (0, ""));
    assert_eq!(parsed(&from_signature.stdout), expected);
    let to_file = user.run(&format!("{CREATE} --bundle file.bundle --out new.json"));
    assert_eq!((to_file.exit, to_file.text(), to_file.stderr.as_str()), (0, "", ""));
    assert_eq!(parsed(&user.read("new.json")), expected);
    assert_eq!(user.mode("new.json"), 0o600);
    let piped = CREATE.replace("file.txt", "-");
    let piped = user.answering("hello\n").run(&format!("{piped} --signature file.sig"));
    assert_eq!(parsed(&piped.stdout), expected);
}

#[test]
fn an_envelope_becomes_a_bundle() {
    let user = signed();
    let json = envelope("sha256:00", A, VULNERABILITIES).to_json();
    user.write("a.json", &json);
    user.write(
        "a.bundle",
        json!({"base64Signature": STANDARD.encode(&json)}).to_string(),
    );
    for given in ["--attestation a.json", "--bundle a.bundle"] {
        let outcome = user.run(&format!("{CREATE} {given}"));
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{given}");
        let bundle = parsed(&outcome.stdout);
        assert_eq!(bundle["dsseEnvelope"], parsed(&json));
        assert_eq!(
            bundle["verificationMaterial"],
            json!({"publicKey": {"hint": key(A).public_key().hint()}})
        );
    }
}

#[test]
fn a_signature_by_another_key_becomes_no_bundle() {
    let user = signed();
    user.write("a.json", envelope("sha256:00", A, VULNERABILITIES).to_json());
    for given in ["--signature file.sig", "--bundle file.bundle", "--attestation a.json"] {
        let outcome = user.run(&format!("{CREATE} --key b.pub {given}"));
        assert_eq!((outcome.exit, outcome.text()), (1, ""), "{given}");
        assert!(
            outcome
                .stderr
                .contains("Error: the signature does not verify with the key "),
            "{outcome}"
        );
    }
}

#[test]
fn a_key_in_the_old_file_must_be_the_one_that_is_given() {
    let user = signed();
    let signature = key(A).sign(b"hello\n").expect("the key signs").to_base64();
    let file = |name: &str| {
        let pem = STANDARD.encode(user.read(name));
        user.write(
            "file.bundle",
            json!({"base64Signature": signature, "cert": pem}).to_string(),
        );
        user.run(&format!("{CREATE} --bundle file.bundle"))
    };
    assert_eq!(file("a.pub").exit, 0);
    let other = file("b.pub");
    assert_eq!(other.exit, 1);
    assert!(other.stderr.contains("the bundle file names the key "), "{other}");
    user.write(
        "leaf.pem",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    );
    let none = file("leaf.pem");
    assert!(none.stderr.contains("file.bundle: its certificate: "), "{none}");
    user.write("leaf.pem", crate::golden::file("keys/byo.crt"));
    let certified = file("leaf.pem");
    assert!(
        certified
            .stderr
            .contains("the bundle file holds a certificate: pass it without --key"),
        "{certified}"
    );
}

#[test]
fn what_only_a_log_or_an_authority_can_give_is_told() {
    let user = signed();
    let create = "bundle create --key a.pub --artifact file.txt --signature file.sig";
    assert_outcome!(
        user.run(create),
        str![[r#"
--- stderr
Error: --ignore-tlog is needed: the log takes no signatures by keys of type ed25519 over sha256
help: `countersign bundle create --help` shows how it is used
--- exit 1

"#]]
    );
    user.write(
        "file.bundle",
        r#"{"base64Signature":"AAAA","rekorBundle":{"SignedEntryTimestamp":"AAEC","Payload":{"body":"eyJhcGlWZXJzaW9uIjoiMC4wLjEiLCJraW5kIjoiaGFzaGVkcmVrb3JkIn0=","integratedTime":5,"logIndex":7,"logID":"0000000000000000000000000000000000000000000000000000000000000000"}}}"#,
    );
    let logged = user.run(&format!("{CREATE} --bundle file.bundle"));
    let reason = "cannot ignore transparency log when the provided bundle contains a Signed Entry Timestamp";
    assert!(logged.stderr.contains(reason), "{logged}");
    for (flag, told) in [
        ("--certificate", "--key and --certificate exclude each other"),
        ("--rfc3161-timestamp", "reading x"),
    ] {
        let outcome = user.run(&format!("{CREATE} --signature file.sig {flag} x"));
        assert!(outcome.stderr.contains(told), "{outcome}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_told() {
    let user = signed();
    user.write("bad.sig", "?");
    user.write("bad.bundle", "[]");
    for (line, reason) in [
        ("bundle create".to_owned(), "must supply --artifact"),
        (
            CREATE.to_owned(),
            "must at least supply signature via --bundle, --signature or --attestation",
        ),
        (
            "bundle create --ignore-tlog --artifact file.txt --signature file.sig".to_owned(),
            "a key is needed",
        ),
        (format!("{CREATE} --signature bad.sig"), "signature is not base64"),
        (format!("{CREATE} --attestation bad.sig"), "envelope is malformed"),
        (
            format!("{CREATE} --signature file.sig --bundle file.bundle"),
            "--signature cannot be used with --bundle",
        ),
    ] {
        let outcome = user.run(&line);
        assert_eq!(outcome.exit, 1, "{outcome}");
        assert!(outcome.stderr.contains(reason), "{outcome}");
    }
    let none = user.run(&format!("{CREATE} --bundle bad.bundle"));
    assert_eq!(none.exit, 21, "{none}");
}

#[test]
fn a_certificate_and_a_timestamp_are_in_the_bundle() {
    let user = crate::sign_blob::own_certificate::owner();
    let old = "--new-bundle-format=false --bundle old --output-signature s --output-certificate c";
    let sign = format!("sign-blob --key byo.key --certificate byo.crt --tlog-upload=false {old} hello.txt");
    assert_eq!(user.run(&sign).exit, 0);
    user.write("stamp", br#"{"SignedRFC3161Timestamp":"MAA="}"#);
    let create = "bundle create --ignore-tlog --artifact hello.txt --rfc3161-timestamp stamp";
    for from in [
        "--signature s --certificate c",
        "--bundle old",
        "--bundle old --certificate c",
    ] {
        let made = user.run(&format!("{create} {from}"));
        assert_eq!(made.exit, 0, "{made}");
        let bundle: Value = serde_json::from_slice(&made.stdout).expect("a bundle is JSON");
        let material = &bundle["verificationMaterial"];
        assert!(material["certificate"]["rawBytes"].is_string(), "{bundle}");
        let stamps = &material["timestampVerificationData"]["rfc3161Timestamps"];
        assert_eq!(stamps[0]["signedTimestamp"], "MAA=");
    }
    user.write("other.txt", "other");
    let other = user.run("bundle create --ignore-tlog --artifact other.txt --signature s --certificate c");
    assert_eq!(other.exit, 1, "{other}");
    assert!(
        other.stderr.contains("the signature does not verify with the key"),
        "{other}"
    );
}
