use snapbox::str;

use super::golden;
use crate::assert_outcome;
use crate::attaching::bundle;
use crate::harness::User;
use crate::signing::{A, VULNERABILITIES};

#[test]
fn a_bundle_with_a_key_a_log_entry_and_a_timestamp_is_shown() {
    let user = User::new();
    user.write("a.json", golden("blob-v3-key.json"));
    assert_outcome!(
        user.run("bundle inspect a.json"),
        str![[r#"
- Bundle Media Type: application/vnd.dev.sigstore.bundle.v0.3+json
- Verification Material:
  - Content: Public Key Identifier
    - Hint: acb479d93315e4db8d8e854c6dccc5b6217b9deda8e19b89e566e749ee143c01
  - Transparency Log Entries: 1
    - Entry [0]:
      - Kind: hashedrekord
      - Version: 0.0.2
      - Log Index: 29
      - Log ID: 8975d99dda16df3bde41ba24167bda4066d3b2713a3efeb8ead3dc01842f7644
      - Integrated Time: 0 (Not set)
      - Inclusion Proof:
        - Log Index: 29
        - Tree Size: 30
        - Root Hash: 72bca0163a1f3387c2c67d9a58135e3ed01a73f322d306bc9b7015eb633e6ce2
        - Hashes: 4
        - Checkpoint: rekor2.stack.test
      - Canonicalized Body: Present (489 bytes)
  - Timestamp Verification Data:
    - RFC3161 Timestamps: 1
      - Timestamp [0]: Present (632 bytes)
- Content:
  - Type: Message Signature
  - Message Digest:
    - Algorithm: SHA2_256
    - Digest: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
  - Signature: Present (71 bytes)
--- stderr
WARNING: This command only inspects the contents of the bundle.
It does not perform cryptographic verification or verify log inclusion.

--- exit 0

"#]]
    );
}

#[test]
fn a_bundle_with_a_certificate_is_shown() {
    let user = User::new();
    user.write("a.json", golden("blob-v3-keyless-rekor1.json"));
    assert_outcome!(
        user.run("bundle inspect a.json"),
        str![[r#"
- Bundle Media Type: application/vnd.dev.sigstore.bundle.v0.3+json
- Verification Material:
  - Content: X.509 Certificate
    - Certificate: Present (717 bytes)
    - SHA-256: e642fe9dd81342829e2d6e76145f709306748472976fc54ef5aa9f317d3e5c43
  - Transparency Log Entries: 1
    - Entry [0]:
      - Kind: hashedrekord
      - Version: 0.0.1
      - Log Index: 34
      - Log ID: 0a15ae4d88589f32564f0966099818bb521e7da5147840f3451bb885883860a6
      - Integrated Time: 2026-11-22T18:24:59Z
      - Inclusion Promise:
        - Signed Entry Timestamp: Present (71 bytes)
      - Inclusion Proof:
        - Log Index: 34
        - Tree Size: 35
        - Root Hash: 73df97a70685011bb30330ba45256d4c76d7462367d15d4625aa9ba7b77b3e1d
        - Hashes: 2
        - Checkpoint: rekor1.stack.test - 4676663395409178890
      - Canonicalized Body: Present (1685 bytes)
  - Timestamp Verification Data:
    - RFC3161 Timestamps: 1
      - Timestamp [0]: Present (630 bytes)
- Content:
  - Type: Message Signature
  - Message Digest:
    - Algorithm: SHA2_256
    - Digest: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
  - Signature: Present (71 bytes)
--- stderr
WARNING: This command only inspects the contents of the bundle.
It does not perform cryptographic verification or verify log inclusion.

--- exit 0

"#]]
    );
}

#[test]
fn a_statement_is_shown_and_cannot_steer_a_terminal() {
    let user = User::new();
    let digest = format!("sha256:{}", "ab".repeat(32));
    user.write(
        "a.json",
        bundle(&digest, A, &format!("{VULNERABILITIES}\u{1b}[2J\n- Signatures: 7")),
    );
    assert_outcome!(
        user.run("bundle inspect a.json"),
        str![[r#"
- Bundle Media Type: application/vnd.dev.sigstore.bundle.v0.3+json
- Verification Material:
  - Content: Public Key Identifier
    - Hint: fd110d301d2f077de1414b8f99f441b1403fab207b2052fbd2c065e4ee8e7dc2
- Content:
  - Type: DSSE Envelope
  - Payload Type: application/vnd.in-toto+json
  - Payload: Present (274 bytes)
  - Payload Content (in-toto):
    - Predicate Type: https://cosign.sigstore.dev/attestation/vuln/v1\u{1b}[2J\n- Signatures: 7
    - Subjects: 1
      - sha256: abababababababababababababababababababababababababababababababab
  - Signatures: 1
    - Signature [0]:
      - Signature: Present (64 bytes)
--- stderr
WARNING: This command only inspects the contents of the bundle.
It does not perform cryptographic verification or verify log inclusion.

--- exit 0

"#]]
    );
}

#[test]
fn odd_content_is_warned_of() {
    let user = User::new();
    let odd = golden("blob-v3-keyless-rekor1.json")
        .replacen(r#""certificate":{"#, r#""x509CertificateChain":{"certificates":[{"#, 1)
        .replacen(r#"},"tlogEntries""#, r#"},{"rawBytes":"MAA="}]},"tlogEntries""#, 1);
    user.write("a.json", odd);
    let outcome = user.run("bundle inspect a.json");
    assert!(
        outcome
            .text()
            .contains("- [!] WARNING: v0.3 bundle should use single certificate, not chain\n"),
        "{outcome}"
    );
    let json = bundle("sha256:00", A, VULNERABILITIES);
    let (start, rest) = json.split_once(r#""hint":""#).expect("it names its key");
    let (_, rest) = rest.split_once('"').expect("the text ends");
    user.write("b.json", format!(r#"{start}"hint":""{rest}"#));
    let outcome = user.run("bundle inspect b.json");
    assert!(
        outcome.text().contains("- [!] WARNING: Public key hint is empty\n"),
        "{outcome}"
    );
    user.write("c.json", json.replacen(r#"{"sig":"#, r#"{"keyid":"AAAA","sig":"#, 1));
    let outcome = user.run("bundle inspect c.json");
    assert_eq!(outcome.exit, 21, "{outcome}");
    assert!(
        outcome.stderr.contains(r#"envelope names the key "AAAA", expected "#),
        "{outcome}"
    );
}
