//! What is as long as its limit is read, and what is longer is refused for its length.

use countersign_core::bundle::Bundle;
use countersign_core::certificate::sct::SignedCertificateTimestamp;
use countersign_core::envelope::Envelope;
use countersign_core::log::note::Note;
use countersign_core::log::{EntryBody, EntryKind};
use countersign_core::payload::simple_signing::SimpleSigning;
use countersign_core::payload::statement::{ANNOTATIONS as LIMIT, Statement};
use countersign_core::policy::Regexp;
use countersign_core::timestamp::TimestampToken;
use countersign_core::trust::signing_config::SigningConfig;
use countersign_core::{Certificate, PublicKey, Signature, TrustedRoot};

/// Why so many blanks are not read.
type Refusal = fn(usize) -> Option<String>;

const PARSERS: [(&str, Refusal); 13] = [
    ("bundle", |size| told(Bundle::from_json(&blanks(size)))),
    ("certificate", |size| told(Certificate::from_der(&blanks(size)))),
    ("certificates in PEM", |size| {
        told(Certificate::chain_from_pem(&blanks(size), 2))
    }),
    ("certificate timestamp", |size| {
        told(SignedCertificateTimestamp::parse(&blanks(size)))
    }),
    ("envelope", |size| told(Envelope::parse(&blanks(size)))),
    ("entry", |size| {
        told(EntryBody::parse(&EntryKind::new("dsse", "0.0.1"), &blanks(size)))
    }),
    ("note", |size| told(Note::parse(&" ".repeat(size)))),
    ("simple signing", |size| told(SimpleSigning::parse(&blanks(size)))),
    ("statement", |size| told(Statement::parse(&blanks(size)))),
    ("public key", |size| told(PublicKey::from_pem(&blanks(size)))),
    ("signature", |size| told(Signature::from_base64(&" ".repeat(size)))),
    ("signing configuration", |size| {
        told(SigningConfig::parse(&blanks(size)))
    }),
    ("trusted root", |size| told(TrustedRoot::parse(&blanks(size)))),
];

fn blanks(size: usize) -> Vec<u8> {
    vec![b' '; size]
}

fn told<T, E: ToString>(result: Result<T, E>) -> Option<String> {
    result.err().map(|error| error.to_string())
}

/// The limit that a refusal names.
fn limit_in(text: &str) -> Option<usize> {
    text.split_once("the limit is ")?.1.parse().ok()
}

fn check(what: &str, refusal: impl Fn(usize) -> Option<String>) {
    let too_long = refusal(1 << 26).unwrap_or_default();
    let limit = limit_in(&too_long).unwrap_or_else(|| panic!("{what}: {too_long}"));
    let at_the_limit = refusal(limit).unwrap_or_default();
    assert_eq!(limit_in(&at_the_limit), None, "{what}: {at_the_limit}");
    let above = refusal(limit + 1).unwrap_or_default();
    assert_eq!(limit_in(&above), Some(limit), "{what}: {above}");
}

#[test]
fn what_is_as_long_as_its_limit_is_read() {
    for (what, refusal) in PARSERS {
        check(what, refusal);
    }
    check("timestamp", |size| {
        told(TimestampToken::new(blanks(size)).verify(b"", &[]))
    });
    check("expression", |size| told(Regexp::part(&"a".repeat(size))));
}

#[test]
fn annotations_of_a_subject_may_be_as_long_as_their_limit() {
    let statement = |size: usize| {
        let text = "a".repeat(size - r#"{"a":""}"#.len());
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"00"}},"annotations":{{"a":"{text}"}}}}],"predicateType":"t","predicate":{{}}}}"#
        )
    };
    assert!(Statement::parse(statement(LIMIT).as_bytes()).is_ok());
    let error = Statement::parse(statement(LIMIT + 1).as_bytes()).unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    let expected = format!(
        "annotations of a subject have {} bytes, the limit is {LIMIT}",
        LIMIT + 1
    );
    assert!(reason.starts_with(&expected), "{reason}");
}
