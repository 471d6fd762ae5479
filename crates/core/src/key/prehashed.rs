//! Signatures over messages that were hashed while they were read.

use super::{PublicKey, PublicKeyAlgorithm, Signature, SignatureDigest, SignatureMismatch};
use crate::message::{Bytes, Message, Needs, NotKept};

impl PublicKey {
    /// Returns what must be known of a message to check signatures over it as [`verify`](Self::verify) does.
    pub fn needs(&self, digest: Option<SignatureDigest>) -> Needs {
        match self.algorithm() {
            PublicKeyAlgorithm::Ed25519 => Needs::new(&[SignatureDigest::Sha512], Bytes::Kept),
            PublicKeyAlgorithm::Ecdsa(_) | PublicKeyAlgorithm::Rsa { .. } => {
                Needs::new(self.digests(digest), Bytes::Dropped)
            }
        }
    }

    /// Checks that `signature` is this key's over `message`, by the rules of [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`MessageError`]; where a scheme could not be tried, that is the error, because the signature may be good.
    pub fn verify_message(
        &self,
        message: &Message,
        signature: &Signature,
        digest: Option<SignatureDigest>,
    ) -> Result<(), MessageError> {
        let digests = self.digests(digest);
        let is_prehashed = |digest: &SignatureDigest| {
            message
                .hash(*digest)
                .is_some_and(|hash| self.verifies_hash(*digest, hash, signature))
        };
        if self.algorithm() == PublicKeyAlgorithm::Ed25519 {
            let is_valid = message.bytes().is_ok_and(|bytes| self.verifies_whole(bytes, signature))
                || is_prehashed(&SignatureDigest::Sha512);
            if is_valid {
                return Ok(());
            }
            whole(self.algorithm(), message)?;
            return Err(self.mismatch(digests).into());
        }
        if digests.iter().any(is_prehashed) {
            return Ok(());
        }
        for digest in digests {
            hash(self.algorithm(), message, *digest)?;
        }
        Err(self.mismatch(digests).into())
    }
}

/// Returns the bytes of a message, for a key that signs them as they are.
pub(super) fn whole(algorithm: PublicKeyAlgorithm, message: &Message) -> Result<&[u8], MessageUnknown> {
    message.bytes().map_err(|reason| match reason {
        NotKept::Unknown => MessageUnknown::Bytes { algorithm },
        NotKept::TooLong { limit } => MessageUnknown::TooLong { algorithm, limit },
    })
}

/// Returns the hash of a message, for a key that signs it.
pub(super) fn hash(
    algorithm: PublicKeyAlgorithm,
    message: &Message,
    digest: SignatureDigest,
) -> Result<&[u8], MessageUnknown> {
    message.hash(digest).ok_or_else(|| MessageUnknown::Hash {
        algorithm,
        expected: digest,
        found: message.known().collect(),
    })
}

/// Why a signature over a message is not shown to be a key's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is not.
    #[error(transparent)]
    Mismatch(#[from] SignatureMismatch),
    /// Too little is known of the message to tell.
    #[error(transparent)]
    Unknown(#[from] MessageUnknown),
}

/// Why too little is known of a message for a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageUnknown {
    /// The key signs a hash that is not known.
    #[error("{algorithm} key signs the {expected} of a message, of which only the {} is known", Names(.found))]
    Hash {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
        /// The hash it signs.
        expected: SignatureDigest,
        /// The hashes that are known.
        found: Vec<SignatureDigest>,
    },
    /// The key signs the message as it is, and only its digest is known.
    #[error("{algorithm} key signs a message as it is, and only its digest is known")]
    Bytes {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
    },
    /// The key signs the message as it is, and it is too long to be kept in memory.
    #[error("{algorithm} key signs a message as it is, and this one is longer than the limit of {limit} bytes")]
    TooLong {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
        /// The most bytes that are kept.
        limit: usize,
    },
}

struct Names<'a>(&'a [SignatureDigest]);

impl std::fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, digest) in self.0.iter().enumerate() {
            write!(f, "{}{digest}", if place == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}
