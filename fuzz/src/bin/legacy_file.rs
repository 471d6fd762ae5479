//! The bundle file of cosign 2, and the judgement of what is read as one.

#![no_main]

use std::sync::LazyLock;

use countersign_core::bundle::{Bundle, Format, legacy};
use countersign_core::key::PublicKey;
use countersign_core::message::Message;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::verify::{needs, verify};
use countersign_core::Artifact;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let key = include_bytes!("../../../crates/core/tests/data/golden/keys/cosign.pub");
    let key = PublicKey::from_pem(key).expect("the file holds a key");
    Policy::new(TrustedSigner::key(key), Claim::Message, LogRule::InsecurelyIgnored)
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = Bundle::attestation_from_file(bytes) {
        let policy = &POLICY;
        let message = Message::of(b"a message that nobody signed", &needs(&bundle, policy));
        assert!(verify(&bundle, &Artifact::message(message), policy, Timestamp::UNIX_EPOCH).is_err());
    }
    let Ok(bundle) = Bundle::from_file(bytes) else { return };
    let message = Message::of(b"a message that nobody signed", &needs(&bundle, &POLICY));
    assert!(verify(&bundle, &Artifact::message(message), &POLICY, Timestamp::UNIX_EPOCH).is_err());
    if bundle.format() == Format::LegacyFile {
        let countersign_core::bundle::Content::Message(content) = bundle.content() else { return };
        let written = legacy::to_file(content.signature());
        let again = Bundle::from_legacy_file(&written).expect("what is written is read");
        assert_eq!(again.content(), bundle.content());
    }
});
