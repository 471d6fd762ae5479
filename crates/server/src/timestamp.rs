//! The timestamp authority (RFC 3161): that something was there at a time.

mod request;
mod token;
mod wire;

use countersign_core::certificate::Certificate;
use countersign_core::key::KeyAlgorithm;
use countersign_core::{PrivateKey, SignerError};
use jiff::Timestamp;

use crate::authority::certificate::{Purpose, chain_of_two, usage_of_leaf, with_own_digest};
use crate::keys::{Keys, KeysError};

/// What stamps: a key, and the certificates from its own to the root.
pub(crate) struct Timestamper {
    key: PrivateKey,
    chain: Vec<Certificate>,
}

impl Timestamper {
    /// Opens the authority, which is made where there is none.
    pub(crate) fn open(keys: &Keys, now: Timestamp) -> Result<Self, KeysError> {
        let key = keys.key("timestamp", KeyAlgorithm::EcdsaP256)?;
        let chain = keys.chain("timestamp", &key, || {
            let root = with_own_digest(PrivateKey::generate(KeyAlgorithm::EcdsaP384)?)?;
            let usage = usage_of_leaf(Purpose::TimeStamping);
            chain_of_two(["timestamp root", "timestamp authority"], &key, usage, &root, now)
        })?;
        Ok(Self { key, chain })
    }

    /// Returns the certificates from the one that signs to the root.
    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}

/// The door for the fuzz target: reads a request, and writes the refusal where it is not one.
#[cfg(fuzzing)]
pub(crate) fn fuzzing(der: &[u8]) -> Option<Vec<u8>> {
    let rejection = request::Request::parse(der).err()?;
    Some(token::rejected(&rejection))
}

/// Why nothing is stamped although the request is right.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StampError {
    #[error("there is no randomness")]
    Random(#[from] aws_lc_rs::error::Unspecified),
    #[error(transparent)]
    Signer(#[from] SignerError),
}
