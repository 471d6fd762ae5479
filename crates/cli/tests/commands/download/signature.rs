use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use serde_json::{Value, json};
use snapbox::str;

use crate::assert_outcome;
use crate::attaching::{ATTACH, bundle, image, signed_elsewhere};
use crate::registry::Registry;
use crate::signing::{A, B, LEGACY, SIGN, attest, push_index, signer};

#[test]
fn bundles_come_byte_for_byte_and_layers_as_cosign_prints_them() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    let json = bundle(&digest, B, SIGN_PREDICATE_TYPE);
    user.write("b.json", json.replace(", ", ",\n"));
    attest(&registry, "app:v1", A);
    for line in [
        format!("{ATTACH} {name}"),
        format!("attach signature --bundle b.json {name}"),
        format!("sign --key b.key --tlog-upload=false {LEGACY} {name}"),
    ] {
        let outcome = user.run(&line);
        assert_eq!(outcome.exit, 0, "{outcome}");
    }
    let outcome = user.run(&format!("download signature {name}"));
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = outcome.text().lines().collect();
    assert_eq!(lines.len(), 3, "{outcome}");
    assert_eq!(lines[0], json.replace(", ", ","));
    let signature = String::from_utf8(user.read("a.sig")).expect("base64 is text");
    let payload = user.read("payload.json");
    let payload = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, payload);
    assert_eq!(
        lines[1],
        format!(
            r#"{{"Base64Signature":"{}","Payload":"{payload}","Cert":null,"Chain":null,"Bundle":null,"RFC3161Timestamp":null}}"#,
            signature.trim()
        )
    );
    assert!(lines[2].starts_with(r#"{"Base64Signature":""#));
    assert_eq!(user.run(&format!("download signature {name}")).stdout, outcome.stdout);
}

#[test]
fn what_is_stored_beside_a_signature_is_printed_too() {
    let user = signer();
    let (_registry, _, name) = signed_elsewhere(&user);
    let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    user.write("leaf.pem", pem);
    user.write("chain.pem", pem.repeat(2));
    user.write("stamp.tsr", [0x30, 0]);
    let log_entry = json!({"SignedEntryTimestamp": "eA==", "Payload": {
        "body": "eyJhcGlWZXJzaW9uIjoiMSIsImtpbmQiOiJrIn0=", "integratedTime": 1, "logIndex": 2, "logID": "00".repeat(32),
    }});
    user.write("rekor.json", json!({"rekorBundle": log_entry}).to_string());
    let flags = "--certificate leaf.pem --certificate-chain chain.pem --tsr stamp.tsr --rekor-response rekor.json";
    let attached = user.run(&format!("{ATTACH} {flags} {name}"));
    assert_eq!(attached.exit, 0, "{attached}");
    let outcome = user.run(&format!("download signature {name}"));
    let line: Value = serde_json::from_slice(&outcome.stdout).expect("a line is JSON");
    assert_eq!(line["Cert"], json!({"Raw": "MAA="}));
    assert_eq!(line["Chain"], json!([{"Raw": "MAA="}, {"Raw": "MAA="}]));
    assert_eq!(line["Bundle"], log_entry);
    assert_eq!(line["RFC3161Timestamp"], json!({"SignedRFC3161Timestamp": "MAA="}));
}

#[test]
fn an_image_without_signatures_says_so() {
    let user = signer();
    let (registry, _, name) = image(&user);
    attest(&registry, "app:v1", A);
    assert_outcome!(
        user.run(&format!("download signature {name}"))
            .redacted(registry.host())
            .hiding_digests(),
        str![[r#"
--- stderr
Error: REGISTRY/app@DIGEST: no signatures associated
--- exit 10

"#]]
    );
}

#[test]
fn a_platform_means_its_image() {
    let user = signer();
    let registry = Registry::open();
    let child = crate::signing::push(&user, &registry, "app:amd64", "hello");
    let index = push_index(&registry, "app:v1", &[(&child, "amd64")]);
    let signed = user.run(&format!("{SIGN} {}", registry.name(&format!("app@{child}"))));
    assert_eq!(signed.exit, 0, "{signed}");
    let name = registry.name(&format!("app@{index}"));
    assert_eq!(user.run(&format!("download signature {name}")).exit, 10);
    let outcome = user.run(&format!("download signature --platform linux/amd64 {name}"));
    assert_eq!((outcome.exit, outcome.text().lines().count()), (0, 1), "{outcome}");
    let none = user.run(&format!(
        "download signature --platform linux/amd64 {}",
        registry.name("app:amd64")
    ));
    assert!(
        none.stderr.contains("specified reference is not a multiarch image"),
        "{none}"
    );
}

#[test]
fn it_looks_where_the_environment_and_the_prefix_say() {
    let user = signer();
    let (registry, digest, name) = signed_elsewhere(&user);
    user.write("a.json", bundle(&digest, A, SIGN_PREDICATE_TYPE));
    let there = user
        .clone()
        .with_variable("COSIGN_REPOSITORY", &registry.name("signatures"));
    for line in [
        format!("{ATTACH} --attachment-tag-prefix here- {name}"),
        format!("attach signature --bundle a.json {name}"),
    ] {
        assert_eq!(there.run(&line).exit, 0);
    }
    let outcome = there.run(&format!("download signature --attachment-tag-prefix here- {name}"));
    assert_eq!((outcome.exit, outcome.text().lines().count()), (0, 2), "{outcome}");
    assert_eq!(user.run(&format!("download signature {name}")).exit, 10);
}
