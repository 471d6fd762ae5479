//! What signs: a key at hand, or anyone's key service.

use std::error::Error;

use crate::key::{PublicKey, PublicKeyAlgorithm, Signature};

/// Something that signs with one key.
pub trait Signer: Send + Sync {
    /// Returns the key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`.
    ///
    /// # Errors
    /// [`SignerError`] when no signature could be made.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError>;
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The cryptography made none, such as without randomness.
    #[error("{algorithm} key made no signature")]
    Crypto {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
    },
    /// The key's algorithm has its own digest, so another cannot be chosen.
    #[error("{algorithm} key has its own digest, which cannot be chosen")]
    DigestIsFixed {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
    },
    /// The service or device that holds the key made none.
    #[error("key holder made no signature")]
    Holder {
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}
