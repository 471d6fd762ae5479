//! Metadata of TUF repositories: read as each role's, and given to a client that begins with the public-good instance's root.

#![no_main]

use countersign_core::tuf::{Reach, Update, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(kinds) = fuzzing::read(bytes) {
        let many = kinds.into_iter().filter(|is_read| *is_read).count();
        assert!(many < 2, "metadata says itself of which role it is");
    }
    let now = "2026-01-01T00:00:00Z".parse().expect("this is a time");
    let _ = Update::begin(bytes, Reach::Published, now);
    let mut update = Update::begin(ROOT, Reach::Published, now).expect("it is signed by itself");
    while let Some(ask) = update.ask() {
        let keep = update.give((!ask.may_be_absent).then_some(bytes));
        let Ok(keep) = keep else { return };
        assert!(keep.is_empty(), "nothing is believed that its keys did not sign");
    }
});

const ROOT: &[u8] = include_bytes!("../../../crates/countersign/data/tuf/public_good.root.json");
