//! What lies beside a file: the bundle file of cosign 2 and its like, and the judgement of what is read as one.

#![no_main]

use std::sync::LazyLock;

use countersign_core::Artifact;
use countersign_core::bundle::{Bundle, Content, Format, legacy};
use countersign_core::key::PublicKey;
use countersign_core::message::Message;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{needs, verify};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = include_bytes!("../../../crates/core/tests/data/golden/keys/cosign.pub");

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let key = PublicKey::from_pem(KEY).expect("a key as cosign wrote it");
    Policy::new(TrustedSigner::key(key), Claim::Message, LogRule::InsecurelyIgnored)
});

fuzz_target!(|bytes: &[u8]| {
    let read = [Bundle::from_file(bytes), Bundle::attestation_from_file(bytes)];
    for bundle in read.into_iter().flatten() {
        judge(&bundle);
    }
});

fn judge(bundle: &Bundle) {
    let message = Message::of(b"a message that nobody signed", &needs(bundle, &POLICY));
    let artifact = Artifact::message(message);
    let rejection = verify(
        bundle,
        &artifact,
        &POLICY,
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
    .expect_err("nobody signed it");
    assert!(!rejection.to_string().is_empty());
    if let (Format::LegacyFile, Content::Message(signed)) = (bundle.format(), bundle.content()) {
        let written = legacy::to_file(signed.signature());
        let again = Bundle::from_legacy_file(&written).expect("what is written is read");
        assert_eq!(again.content(), bundle.content());
    }
}
