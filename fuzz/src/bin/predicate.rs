//! Predicates: the name or URI of a type up to a zero byte, then the content of a file.

#![no_main]

use countersign_core::Digest;
use countersign_core::payload::predicate::{Predicate, PredicateType};
use countersign_core::payload::statement::{Statement, attestation_statement};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let name = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let Ok(kind) = name.parse::<PredicateType>() else {
        return;
    };
    let content = parts.next().unwrap_or_default().to_vec();
    let Ok(predicate) = Predicate::new(&kind, content, Timestamp::UNIX_EPOCH) else {
        return;
    };
    let statement = attestation_statement("r/a", &Digest::sha256(b"image"), kind.uri(), predicate.json());
    let parsed = Statement::parse(&statement).expect("what is written is read");
    assert_eq!(parsed.predicate_type(), kind.uri());
    assert_eq!(
        parsed.predicate().map(|predicate| predicate.get()),
        Some(predicate.json().get())
    );
});
