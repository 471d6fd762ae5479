//! Bundles: what is read is judged without a panic, and written to what is read to the same.

#![no_main]

use std::collections::BTreeMap;

use countersign_core::key::PublicKey;
use countersign_core::policy::{Claim, LogRule, Policy, TrustedSigner};
use countersign_core::trust::TrustedRoot;
use countersign_core::{Artifact, Bundle, Digest, verify};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = include_bytes!("../../../crates/core/tests/data/golden/keys/cosign.pub");

fuzz_target!(|bytes: &[u8]| {
    let Ok(bundle) = Bundle::from_json(bytes) else { return };
    let written = bundle.to_json().expect("what came as JSON is written as JSON");
    assert_eq!(Bundle::from_json(&written).expect("what is written is read"), bundle);
    let key = PublicKey::from_pem(KEY).expect("a key as cosign wrote it");
    let policy = Policy::new(
        TrustedSigner::key(key),
        Claim::signature(BTreeMap::new()),
        LogRule::InsecurelyIgnored,
    );
    let artifact = Artifact::new(Digest::sha256(b"an artifact that nobody signed"));
    let rejection = verify(
        &bundle,
        &artifact,
        &policy,
        &TrustedRoot::default(),
        Timestamp::UNIX_EPOCH,
    )
    .expect_err("nobody signed it");
    assert!(!rejection.to_string().is_empty());
});
