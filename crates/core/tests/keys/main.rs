//! Keys: opened, imported, sealed, signing and verifying.

/// Asserts the exact variant of a value that cannot be compared.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        match $value {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?} is not {}", stringify!($pattern)),
        }
    };
}

mod cctv;
mod import;
mod messages;
mod open;
mod properties;
mod public;
mod sign;
mod wycheproof;

use std::fs;
use std::path::Path;

use countersign_core::Secret;
use countersign_core::key::PublicKey;

#[expect(
    clippy::disallowed_methods,
    reason = "core does no IO, but its tests read their data"
)]
fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn key_file(name: &str) -> Vec<u8> {
    data(&format!("keys/{name}"))
}

fn public_key(name: &str) -> PublicKey {
    PublicKey::from_pem(&key_file(name)).unwrap()
}

fn password(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}
