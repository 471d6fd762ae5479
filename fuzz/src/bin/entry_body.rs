//! Bodies of log entries: a kind, its version and the body, each ended by a zero byte.

#![no_main]

use countersign_core::bundle::Bundle;
use countersign_core::log::body::EntryBody;
use countersign_core::log::{EntryKind, Logged, Verifier};
use countersign_core::{Digest, Message, PublicKey, Signature};
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = include_bytes!("../../../crates/core/tests/data/golden/keys/cosign.pub");

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, '\0');
    let (Some(name), Some(version), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let Ok(body) = EntryBody::parse(&EntryKind::new(name, version), body.as_bytes()) else {
        return;
    };
    let key = PublicKey::from_pem(KEY).expect("a key as cosign wrote it");
    let bundle = Bundle::of_signature(Signature::new(vec![0]));
    let message = Message::named(Digest::sha256(b"an artifact that nobody signed"));
    let logged = Logged::new(bundle.content(), &message, Verifier::Key(&key));
    let rejection = body.check_about(&logged).expect_err("nobody logged it");
    assert!(!rejection.to_string().is_empty());
});
