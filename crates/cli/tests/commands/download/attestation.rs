use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{bundle, envelope, image};
use crate::registry::Registry;
use crate::signing::{A, B, SIGN, VULNERABILITIES, signer};

const OTHER: &str = "https://example.com/other/v1";

/// An image with a signature, and an attestation of both types in both formats.
fn attested(user: &crate::harness::User) -> (Registry, String, String) {
    let (registry, digest, name) = image(user);
    user.write("1.json", bundle(&digest, A, VULNERABILITIES));
    user.write("2.json", bundle(&digest, B, OTHER));
    user.write("3.json", envelope(&digest, A, VULNERABILITIES).to_json());
    user.write("4.json", envelope(&digest, B, OTHER).to_json());
    let files = "--attestation 1.json --attestation 2.json --attestation 3.json --attestation 4.json";
    for line in [format!("{SIGN} {name}"), format!("attach attestation {files} {name}")] {
        let outcome = user.run(&line);
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    (registry, digest, name)
}

fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn attestations_of_both_formats_are_printed_and_no_signature() {
    let user = signer();
    let (_registry, digest, name) = attested(&user);
    let outcome = user.run(&format!("download attestation {name}"));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    let printed = |seed, predicate_type| {
        let envelope = envelope(&digest, seed, predicate_type);
        let base64 = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        format!(
            r#"{{"payloadType":"application/vnd.in-toto+json","payload":"{}","signatures":[{{"keyid":"","sig":"{}"}}]}}"#,
            base64(envelope.payload()),
            base64(envelope.signatures()[0].signature().as_bytes())
        )
    };
    let all = lines(outcome.text());
    let mut expected = vec![
        bundle(&digest, A, VULNERABILITIES),
        bundle(&digest, B, OTHER),
        printed(A, VULNERABILITIES),
        printed(B, OTHER),
    ];
    expected.sort_unstable();
    assert_eq!(all, expected);
    // Bundles first, and the same in every run.
    assert!(outcome.text().starts_with(r#"{"mediaType""#), "{outcome}");
    assert_eq!(user.run(&format!("download attestation {name}")).stdout, outcome.stdout);
}

#[test]
fn a_predicate_type_is_a_name_or_a_uri() {
    let user = signer();
    let (_registry, _, name) = attested(&user);
    for (wanted, count) in [("vuln", 2), (VULNERABILITIES, 2), (OTHER, 2)] {
        let outcome = user.run(&format!("download attestation --predicate-type {wanted} {name}"));
        assert_eq!((outcome.exit, outcome.text().lines().count()), (0, count), "{outcome}");
    }
    let signature = "https://sigstore.dev/cosign/sign/v1";
    let outcome = user.run(&format!("download attestation --predicate-type {signature} {name}"));
    assert_eq!((outcome.exit, outcome.text().lines().count()), (0, 1), "{outcome}");
    let wrong = user.run(&format!("download attestation --predicate-type spxd {name}"));
    assert!(wrong.stderr.contains("invalid predicate type: spxd"), "{wrong}");
}

#[test]
fn none_of_a_type_is_told_and_none_at_all_is_not() {
    let user = signer();
    let (_registry, _, name) = image(&user);
    assert_outcome!(
        user.run(&format!("download attestation {name}")),
        str![[r#"
--- exit 0

"#]]
    );
    assert_outcome!(
        user.run(&format!("download attestation --predicate-type spdxjson {name}")),
        str![[r#"
--- stderr
Error: no attestations with predicate type 'https://spdx.dev/Document' found
--- exit 10

"#]]
    );
}

#[test]
fn the_predicate_alone_can_be_had() {
    let user = signer();
    let (_registry, _, name) = attested(&user);
    let outcome = user.run(&format!(
        "download attestation -o predicate --predicate-type vuln {name}"
    ));
    assert_eq!(
        (outcome.exit, outcome.text()),
        (0, "{\"scanner\":{\"result\":[]}}\n".repeat(2).as_str())
    );
}
