//! What SPIFFE agents answer, and where they are said to be.

#![no_main]

use bytes::Bytes;
use countersign::oidc::ambient;
use countersign_oci::http::grpc::{self, AgentAddress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let body = Bytes::copy_from_slice(bytes);
    if let Ok(message) = grpc::fuzzing::message(body.clone()) {
        // A message is all that follows a flag of zero and its length.
        assert_eq!(framed(&message), bytes);
        let _ = ambient::fuzzing::token(&message);
    }
    if let Some(token) = ambient::fuzzing::token(bytes) {
        assert!(!token.expose().is_empty());
        assert!(
            bytes
                .windows(token.expose().len())
                .any(|part| part == token.expose().as_bytes())
        );
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = text.parse::<AgentAddress>() {
        assert_eq!(address.to_string().parse::<AgentAddress>().ok(), Some(address));
    }
    // What is written as the specification has it is read, also behind a field that nobody knows.
    let svid = [field(1, b"spiffe://example/a"), field(2, bytes)].concat();
    let answer = [field(31, b"new"), field(1, &svid), field(1, b"")].concat();
    let token = ambient::fuzzing::token(&answer);
    assert_eq!(
        token.as_ref().map(|token| token.expose().as_str()),
        Some(text).filter(|text| !text.is_empty())
    );
});

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("inputs are short");
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// A field of bytes, wire type 2, whose length is written in all ten bytes that a length may have.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = match number {
        ..16 => vec![number << 3 | 2],
        _ => vec![(number << 3 | 2) | 0x80, number >> 4],
    };
    for at in 0..9 {
        field.push(u8::try_from(content.len() >> (7 * at) & 0x7f).expect("seven bits") | 0x80);
    }
    field.push(0);
    [&field, content].concat()
}
