use super::*;

fn kind(text: &str) -> PredicateType {
    text.parse().unwrap()
}

fn made(kind_text: &str, content: &str) -> Result<String, String> {
    let now = "2026-11-22T12:00:00.5Z".parse().unwrap();
    match Predicate::new(&kind(kind_text), content.as_bytes().to_vec(), now) {
        Ok(predicate) => Ok(predicate.json().get().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn names_stand_for_the_uris_that_cosign_writes() {
    for (name, uri) in [
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("link", "https://in-toto.io/Link/v1"),
        ("spdx", "https://spdx.dev/Document"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("cyclonedx", "https://cyclonedx.org/bom"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("openvex", "https://openvex.dev/ns"),
        ("urn:example:claim", "urn:example:claim"),
        ("https://example.com/t/v1", "https://example.com/t/v1"),
    ] {
        assert_eq!(
            (kind(name).uri(), kind(name).to_string()),
            (uri, name.to_owned()),
            "{name}"
        );
    }
}

#[test]
fn a_text_that_is_neither_name_nor_uri_is_no_type() {
    for text in [
        "foo", "", "Custom", "/path", ":x", "https:", "1a:b", "a b:c", "a:b c", "a:\n",
    ] {
        assert_eq!(
            text.parse::<PredicateType>(),
            Err(PredicateTypeError { found: text.to_owned() })
        );
    }
    let error = "foo".parse::<PredicateType>().unwrap_err();
    assert_eq!(error.to_string(), "invalid predicate type: foo");
}

#[test]
fn json_is_kept_as_it_is_written() {
    let json = "{ \"n\": 12345678901234567890.10, \"e\": 1E400, \"<&>\": false,\n\t\"x\": [ ] , \"x\": \"\\u0041\" }";
    for name in [
        "spdxjson",
        "cyclonedx",
        "vuln",
        "openvex",
        "https://example.com/t/v1",
        "https://spdx.dev/Document",
    ] {
        assert_eq!(made(name, &format!("\n {json}\r\n")), Ok(json.to_owned()), "{name}");
    }
}

#[test]
fn custom_content_is_wrapped_with_the_time() {
    let wrapped = r#"{"Data":"not \u003cJSON\u003e\n","Timestamp":"2026-11-22T12:00:00Z"}"#;
    assert_eq!(made("custom", "not <JSON>\n"), Ok(wrapped.to_owned()));
    assert_eq!(made(CUSTOM, "not <JSON>\n"), Ok(wrapped.to_owned()));
}

#[test]
fn spdx_content_is_a_json_string() {
    assert_eq!(
        made("spdx", "SPDXVersion: \"x\"\n"),
        Ok(r#""SPDXVersion: \"x\"\n""#.to_owned())
    );
}

#[test]
fn content_that_is_not_json_is_refused() {
    let error = Predicate::new(&kind("vuln"), b"{".to_vec(), Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(
        matches!(&error, PredicateError::Json { kind, source } if kind == "vuln" && source.is_eof()),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "invalid JSON payload for predicate type vuln");
}

#[test]
fn json_that_is_no_object_is_refused() {
    assert_eq!(
        made("https://example.com/t", " [1]"),
        Err(
            r#"invalid JSON payload for predicate type https://example.com/t: expected an object, found "[1]""#
                .to_owned()
        )
    );
}

#[test]
fn content_that_is_not_text_is_refused() {
    for name in ["custom", "spdx", "vuln"] {
        let error = Predicate::new(&kind(name), b"ab\xff".to_vec(), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(
            matches!(&error, PredicateError::NotText { kind, source } if kind == name && source.valid_up_to() == 2),
            "{error:?}"
        );
    }
}

#[test]
fn a_missing_member_is_named() {
    for (name, content, member) in [
        ("slsaprovenance", r#"{"buildType":"x"}"#, "builder"),
        ("slsaprovenance02", r#"{"builder":{}}"#, "buildType"),
        ("slsaprovenance1", r#"{"buildDefinition":{}}"#, "runDetails"),
        ("slsaprovenance1", r#"{"runDetails":{}}"#, "buildDefinition"),
        (
            "link",
            r#"{"_type":"link","name":"","materials":[],"products":[],"byproducts":{},"command":[]}"#,
            "environment",
        ),
    ] {
        assert_eq!(
            made(name, content),
            Err(format!("predicate of type {name}: required field {member} missing"))
        );
    }
    let whole = r#"{"builder":{"id":"x"},"buildType":"y","metadata":{"buildInvocationID":"z","reproducible":false}}"#;
    assert_eq!(made("slsaprovenance", whole), Ok(whole.to_owned()));
}

#[test]
fn deep_nesting_is_kept() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(made("openvex", &deep), Ok(deep));
}
