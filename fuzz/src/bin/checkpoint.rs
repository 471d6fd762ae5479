//! Checkpoints: what is read is what is written there, and nobody of ours signed it.

#![no_main]

use countersign_core::PublicKey;
use countersign_core::log::LogId;
use countersign_core::log::checkpoint::{Checkpoint, Witness};
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = include_bytes!("../../../crates/core/tests/data/golden/keys/ed25519.pub");

fuzz_target!(|text: &str| {
    let Ok(checkpoint) = Checkpoint::parse(text) else {
        return;
    };
    assert!(text.starts_with(checkpoint.note().text()));
    let head = checkpoint.head();
    let start = format!("{}\n{}\n", checkpoint.origin(), head.size);
    assert!(checkpoint.note().text().starts_with(&start));
    let key = PublicKey::from_pem(KEY).expect("a key as cosign wrote it");
    let log = TransparencyLog::new(
        format!("https://{}", checkpoint.origin()),
        ServiceKey::usual(key.clone()),
        LogId::new([0; 32]),
        Validity::new(None, None),
    );
    checkpoint
        .check_signed_by(&log)
        .expect_err("the key signed no checkpoint");
    let witness = Witness::new("w".to_owned(), key).expect("an Ed25519 key");
    checkpoint
        .cosigned_by(&witness)
        .expect_err("the key cosigned no checkpoint");
});
