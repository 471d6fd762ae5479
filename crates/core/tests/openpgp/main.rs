//! Texts that are signed in clear: what GnuPG and Helm make is read, and each check has a text or a keyring that only it
//! refuses. `tests/data/openpgp/make.sh` tells how GnuPG's were made.

mod forms;
mod gnupg;
mod keys;
mod writer;

use countersign_core::openpgp::{KeyProblem, Keyring, Refusal, SignedText, read};
use jiff::Timestamp;

/// When everything was signed, a day after the keys were made; a day later is now.
const NOW: &str = "2026-01-03T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A file that GnuPG made.
#[expect(
    clippy::disallowed_methods,
    reason = "core does no IO, but its tests read their data"
)]
fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/openpgp/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn verified(message: &[u8], keyring: &[u8]) -> Result<SignedText, Refusal> {
    read(message, &Keyring::parse(keyring).unwrap(), now())
}

fn refusal(message: &[u8], keyring: &[u8]) -> Refusal {
    verified(message, keyring).map(drop).unwrap_err()
}

/// Why a key does not count.
fn problem(message: &[u8], keyring: &[u8]) -> KeyProblem {
    match refusal(message, keyring) {
        Refusal::Key { problem, .. } => problem,
        other => panic!("{other}"),
    }
}
