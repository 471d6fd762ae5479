use serde_json::{Value, json};
use snapbox::str;

use super::golden;
use crate::assert_outcome;
use crate::harness::User;

/// A bundle of an older version, with the certificate in a chain.
fn old(version: &str) -> Value {
    let mut bundle: Value = serde_json::from_str(&golden("blob-v3-keyless-rekor1.json")).expect("a bundle is JSON");
    bundle["mediaType"] = json!(format!("application/vnd.dev.sigstore.bundle+json;version={version}"));
    let material = bundle["verificationMaterial"].as_object_mut().expect("it is an object");
    let leaf = material.remove("certificate").expect("it is keyless");
    material.insert(
        "x509CertificateChain".to_owned(),
        json!({"certificates": [leaf, {"rawBytes": "MAA="}]}),
    );
    bundle
}

#[test]
fn an_old_bundle_becomes_the_new_one() {
    let new: Value = serde_json::from_str(&golden("blob-v3-keyless-rekor1.json")).expect("a bundle is JSON");
    for version in ["0.1", "0.2"] {
        let user = User::new();
        user.write("old.json", old(version).to_string());
        let outcome = user.run("bundle upgrade old.json");
        let upgraded: Value = serde_json::from_slice(&outcome.stdout).expect("a bundle is JSON");
        assert_eq!(upgraded, new);
        assert_eq!(
            outcome.stderr,
            format!(
                "Upgrading from v{version} to v0.3...\nTruncating certificate chain to only the leaf certificate...\n"
            )
        );
        assert_eq!(outcome.exit, 0);
        let written = user.run("bundle upgrade old.json --out new.json");
        assert!(
            written
                .stderr
                .ends_with("Successfully upgraded bundle written to new.json\n"),
            "{written}"
        );
        assert_eq!((written.text(), user.mode("new.json")), ("", 0o600));
        assert_eq!(user.read("new.json"), outcome.text().trim_end().as_bytes());
    }
}

#[test]
fn a_new_bundle_stays_as_it_is() {
    let user = User::new();
    let json = golden("blob-v3-key.json");
    user.write("new.json", &json);
    let outcome = user.run("bundle upgrade new.json");
    assert_eq!(outcome.text(), format!("{json}\n"));
    assert_eq!(outcome.stderr, "Bundle is already at v0.3, no upgrade needed.\n");
}

#[test]
fn what_only_a_log_can_give_is_told() {
    let user = User::new();
    let mut bundle = old("0.1");
    let entry = bundle["verificationMaterial"]["tlogEntries"][0]
        .as_object_mut()
        .expect("there is an entry");
    entry.remove("inclusionProof");
    entry.insert("logIndex".to_owned(), json!("7"));
    user.write("old.json", bundle.to_string());
    assert_outcome!(
        user.run("bundle upgrade old.json"),
        str![[r#"
--- stderr
Upgrading from v0.1 to v0.3...
Error: old.json
  caused by: log entry 7 has no inclusion proof, which version 0.3 must have and only the log can give
--- exit 1

"#]]
    );
    let asked = user.run("bundle upgrade --rekor-url http://127.0.0.1:1 old.json");
    assert_eq!(asked.exit, 20, "{asked}");
    assert!(asked.stderr.contains("transparency log gave no answer"), "{asked}");
}

#[test]
fn what_is_no_bundle_is_refused() {
    let user = User::new();
    user.write("no.json", "{}");
    assert_outcome!(
        user.run("bundle upgrade no.json"),
        str![[r#"
--- stderr
Error: bundle no.json
  caused by: mediaType is missing
--- exit 21

"#]]
    );
}
