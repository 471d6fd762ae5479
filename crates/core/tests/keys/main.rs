//! Keys: opened, imported, sealed, signing and verifying.

#[macro_use]
#[path = "../data/read.rs"]
mod read;

mod cctv;
mod import;
mod messages;
mod open;
mod properties;
mod public;
mod sign;
mod wycheproof;

use countersign_core::Secret;
use countersign_core::key::PublicKey;

use read::data;

fn key_file(name: &str) -> Vec<u8> {
    data(&format!("keys/{name}"))
}

fn public_key(name: &str) -> PublicKey {
    PublicKey::from_pem(&key_file(name)).unwrap()
}

fn password(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}
