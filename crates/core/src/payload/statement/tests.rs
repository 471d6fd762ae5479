use super::*;

const HEX: &str = "418c160a863b9fb0703513b45936db69bcb8f0acff8af2c76c232986c6b7f28c";

fn digest() -> Digest {
    format!("sha256:{HEX}").parse().unwrap()
}

#[test]
fn statement_of_a_signature_is_what_cosign_writes() {
    let annotations = [("team", "x"), ("env", "prod")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    assert_eq!(
        String::from_utf8(sign_statement(&digest(), &annotations)).unwrap(),
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{HEX}"}},"annotations":{{"env":"prod","team":"x"}}}}],"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{{}}}}"#
        )
    );
}

#[test]
fn statement_of_an_attestation_is_what_cosign_writes_around_the_predicate() {
    let predicate: Box<RawValue> = serde_json::from_str("{ \"<n>\": 12345678901234567890 }").unwrap();
    assert_eq!(
        String::from_utf8(attestation_statement(
            "r/a",
            &digest(),
            "https://example.com/t",
            &predicate
        ))
        .unwrap(),
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v0.1","subject":[{{"name":"r/a","digest":{{"sha256":"{HEX}"}}}}],"predicateType":"https://example.com/t","predicate":{{ "<n>": 12345678901234567890 }}}}"#
        )
    );
}

#[test]
fn what_is_written_is_read_back() {
    let annotations = BTreeMap::from([("a".to_owned(), "<\u{2028}\"".to_owned())]);
    let statement = Statement::parse(&sign_statement(&digest(), &annotations)).unwrap();
    assert_eq!(statement.version(), Version::V1);
    assert_eq!(statement.predicate_type(), SIGN_PREDICATE_TYPE);
    assert_eq!(statement.predicate().unwrap().get(), "{}");
    let [subject] = statement.subjects() else {
        panic!("{statement:?}")
    };
    assert!(subject.is(&digest()));
    assert_eq!(subject.annotations().unwrap()["a"], "<\u{2028}\"");
}

#[test]
fn predicate_keeps_its_bytes() {
    let statement = Statement::parse(
        br#"{"predicate": {"n": 12345678901234567890123,  "f": 1.0},"subject":[{"name":"a","digest":{"sha512":"x","gitCommit":"y"}}],"predicateType":"p","_type":"https://in-toto.io/Statement/v0.1"}"#,
    )
    .unwrap();
    assert_eq!(
        statement.predicate().unwrap().get(),
        r#"{"n": 12345678901234567890123,  "f": 1.0}"#
    );
    assert_eq!(statement.version(), Version::V01);
    let [subject] = statement.subjects() else {
        panic!("{statement:?}")
    };
    assert_eq!(subject.name(), Some("a"));
    assert_eq!(
        subject.digests().collect::<Vec<_>>(),
        [("gitCommit", "y"), ("sha512", "x")]
    );
}

#[test]
fn a_subject_with_the_hash_under_another_algorithm_does_not_match() {
    let statement = Statement::parse(
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha512":"{HEX}"}}}}],"predicateType":"p"}}"#
        )
        .as_bytes(),
    )
    .unwrap();
    assert!(!statement.subjects().iter().any(|subject| subject.is(&digest())));
}

#[test]
fn unknown_type_is_refused() {
    assert!(matches!(
        Statement::parse(br#"{"_type":"https://in-toto.io/Statement/v2","subject":[],"predicateType":"p"}"#),
        Err(StatementError::UnknownVersion { found }) if found.as_str() == "https://in-toto.io/Statement/v2"
    ));
}

#[test]
fn more_subjects_than_the_limit_are_refused() {
    let subjects = vec!["{}"; SUBJECTS + 1].join(",");
    let text = format!(r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{subjects}],"predicateType":"p"}}"#);
    assert!(matches!(
        Statement::parse(text.as_bytes()),
        Err(StatementError::TooManySubjects { limit: SUBJECTS, found }) if found == SUBJECTS + 1
    ));
}

#[test]
fn statement_over_the_limit_is_refused() {
    assert!(matches!(
        Statement::parse(&vec![b' '; LIMIT + 1]),
        Err(StatementError::TooLong { limit: LIMIT, .. })
    ));
}

#[test]
fn an_algorithm_given_twice_is_refused() {
    let error = Statement::parse(
        br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"a","sha256":"b"}}],"predicateType":"p"}"#,
    )
    .unwrap_err();
    assert!(
        matches!(&error, StatementError::Json(cause) if cause.to_string().starts_with("subject has two digests")),
        "{error:?}"
    );
}

#[test]
fn more_digests_than_the_limit_are_refused() {
    let digests: Vec<_> = (0..=DIGESTS).map(|n| format!(r#""{n}":"""#)).collect();
    let text = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{{}}}}}],"predicateType":"p"}}"#,
        digests.join(",")
    );
    let error = Statement::parse(text.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, StatementError::Json(cause) if cause.to_string().starts_with("subject has more than 32")),
        "{error:?}"
    );
}

#[test]
fn annotations_over_the_limit_are_refused() {
    let text = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"annotations":{{"a":"{}"}}}}],"predicateType":"p"}}"#,
        "x".repeat(ANNOTATIONS)
    );
    let error = Statement::parse(text.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, StatementError::Json(cause) if cause.to_string().starts_with("annotations of a subject")),
        "{error:?}"
    );
}
