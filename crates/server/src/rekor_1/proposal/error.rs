//! Why a proposal makes no entry.

use countersign_core::certificate::CertificateError;
use countersign_core::envelope::EnvelopeError;
use countersign_core::key::{PublicKeyAlgorithm, PublicKeyError, SignatureDigest};
use countersign_core::quoted::Quoted;

/// Why a proposal makes no entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProposalError {
    /// The key does not sign such digests, or the log takes no signatures of it.
    #[error("entry algorithms are not allowed: {found} with {digest}")]
    Algorithm {
        /// The kind of the key.
        found: PublicKeyAlgorithm,
        /// The digest that was signed.
        digest: SignatureDigest,
    },
    /// A member is not base64.
    #[error("{member} is not base64")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// The certificate is none.
    #[error("certificate is not usable")]
    Certificate(#[from] CertificateError),
    /// The envelope is none.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A hash is not spelled as one.
    #[error("hash is {found}, expected hexadecimal digits")]
    Hexadecimal {
        /// The hash as written.
        found: Quoted,
    },
    /// The proposal is not JSON of the right shape.
    #[error("proposed entry is malformed")]
    Json(#[from] serde_json::Error),
    /// The key is none.
    #[error("public key is not usable")]
    Key(#[from] PublicKeyError),
    /// The entry is of a kind that is not logged here.
    #[error("kind is {found}, expected hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.1 or intoto 0.0.2")]
    Kind {
        /// The kind and its version.
        found: Quoted,
    },
    /// A hash is not of the kind that is said.
    #[error("hash has {found} bytes, expected the {expected} of {digest}")]
    Length {
        /// The kind.
        digest: SignatureDigest,
        /// The length of its hashes.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A member is empty, or is no text where one must be.
    #[error("{member} is missing")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// The signature is not the key's.
    #[error("verifying signature: it is not the {algorithm} key's over this hash")]
    Signature {
        /// The kind of the key.
        algorithm: PublicKeyAlgorithm,
    },
    /// There are more verifiers than are tried.
    #[error("envelope comes with {found} verifiers, the limit is {limit}")]
    TooManyVerifiers {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The digest is of an unknown kind.
    #[error("hash algorithm is {found}, expected sha256, sha384 or sha512")]
    UnknownDigest {
        /// The kind as written.
        found: Quoted,
    },
    /// A verifier made none of the signatures.
    #[error("could not verify envelope: a verifier made none of its signatures")]
    Unused,
    /// A signature is by none of the verifiers.
    #[error("all signatures must have a key that verifies it")]
    Unverified,
}
