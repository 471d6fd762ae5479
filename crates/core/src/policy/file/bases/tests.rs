use serde_json::{Value, json};

use crate::policy::file::{PolicyFile, PolicyFileError};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn parse(bases: Value) -> Result<PolicyFile, PolicyFileError<&'static str>> {
    let signer = json!({"identity": "ci@example.com", "issuer": "https://issuer"});
    PolicyFile::parse(&json!({"version": 1, "signers": [signer], "bases": bases}), &|_| {
        Err("no such file")
    })
}

fn malformed(bases: Value) -> String {
    match parse(bases) {
        Err(PolicyFileError::Malformed(malformed)) => malformed.to_string(),
        other => panic!("{other:?}"),
    }
}

fn with(base: Value) -> String {
    malformed(json!({"authorised": [base]}))
}

#[test]
fn a_base_is_known_by_its_digest_or_by_who_signed_it() {
    let policy = parse(json!({"authorised": [
        {"digests": [DIGEST]},
        {"name": "debian", "identity": "base@example.com", "issuer": "https://issuer", "maxAge": "90d"},
    ]}))
    .unwrap();
    let names: Vec<_> = policy
        .bases()
        .unwrap()
        .bases
        .iter()
        .map(|base| base.name.as_str())
        .collect();
    assert_eq!(names, [DIGEST, "debian"]);
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let twice = json!([{"name": "a", "digests": [DIGEST]}, {"name": "a", "digests": [DIGEST]}]);
    assert_eq!(malformed(json!({"authorised": twice})), "bases.authorised has a twice");
}

#[test]
fn no_base_at_all_is_refused() {
    assert_eq!(
        malformed(json!({"authorised": []})),
        "bases.authorised is empty, expected one at least"
    );
}

#[test]
fn what_a_base_is_known_by_excludes_the_rest() {
    let key = crate::PrivateKey::generate(crate::key::KeyAlgorithm::Ed25519)
        .unwrap()
        .public_key()
        .to_pem();
    for (first, second, value) in [
        ("digests", "key", json!(key)),
        ("digests", "maxAge", json!("90d")),
        ("digests", "repositories", json!(["a.example/b"])),
        ("digests", "identity", json!("a@example.com")),
        ("digests", "claims", json!({})),
        ("key", "identity", json!("a@example.com")),
        ("key", "issuerRegexp", json!(".*")),
    ] {
        let known = if first == "key" { json!(key) } else { json!([DIGEST]) };
        let found = with(json!({first: known, second: value}));
        assert!(found.contains(first) && found.contains(second), "{found}");
        assert!(parse(json!({"authorised": [{first: known}]})).is_ok());
    }
    assert_eq!(
        with(json!({"digests": []})),
        "bases.authorised[0].digests[0] is missing"
    );
}

#[test]
fn so_many_layers_may_be_above_a_base() {
    let above = |number: u64| json!({"authorised": [{"digests": [DIGEST]}], "maxLayersAbove": number});
    assert_eq!(parse(above(1000)).unwrap().bases().unwrap().layers_above, Some(1000));
    assert_eq!(
        malformed(above(1001)),
        "bases.maxLayersAbove is 1001, expected 1000 at most"
    );
}
