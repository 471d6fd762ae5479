//! What signs: a key at hand, or anyone's key service.

use std::error::Error;

use crate::key::{MessageUnknown, PublicKey, PublicKeyAlgorithm, Signature};
use crate::message::{Message, Needs};

/// Something that signs with one key.
pub trait Signer: Send + Sync {
    /// Returns the key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`.
    ///
    /// # Errors
    /// [`SignerError`] when no signature could be made.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError>;

    /// Returns what must be known of a message before this can sign it; a bundle names the message by the first hash.
    fn needs(&self) -> Needs;

    /// Signs a message that was hashed while it was read.
    ///
    /// # Errors
    /// [`SignerError`], also when less is known of the message than this [needs](Self::needs).
    fn sign_message(&self, message: &Message) -> Result<Signature, SignerError>;
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
    /// Too little is known of the message.
    #[error(transparent)]
    Message(#[from] MessageUnknown),
    /// The service or device that holds the key made none.
    #[error("key holder made no signature")]
    Holder {
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}
