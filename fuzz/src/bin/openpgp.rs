//! Keyrings of OpenPGP keys, and texts that are signed in clear: bytes before a line `=====` are a keyring, those after it a text.

#![no_main]

use countersign_core::openpgp::{Keyring, read};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (keyring, message) = match at {
        Some(at) => (&bytes[..at], &bytes[at + SEPARATOR.len()..]),
        None => (bytes, bytes),
    };
    let now = Timestamp::from_second(1_800_000_000).expect("it is a time");
    if let Ok(keyring) = Keyring::parse(keyring)
        && let Ok(signed) = read(message, &keyring, now)
    {
        assert!(signed.created() <= now);
        assert!(!signed.text().contains('\r'));
        // what was read is in what was given, but for blanks and escapes
        let given = String::from_utf8_lossy(message);
        assert!(signed.text().lines().all(|line| given.contains(line)));
    }
});

const SEPARATOR: &[u8] = b"\n=====\n";
