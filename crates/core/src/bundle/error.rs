//! Why evidence is not a bundle.

use crate::envelope::EnvelopeError;
use crate::key::{PublicKeyError, SignatureDigest};
use crate::quoted::Quoted;

/// Why bytes are not evidence that can be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A member or annotation is not base64.
    #[error("{member} is not base64: {found}")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// The start of what it holds.
        found: Quoted,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// A certificate is not in PEM.
    #[error("{member} is not a PEM certificate: {found}")]
    CertificatePem {
        /// The annotation's name.
        member: &'static str,
        /// The start of what it holds.
        found: Quoted,
    },
    /// The DSSE envelope is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A message was not hashed with the digest that names it.
    #[error("message was not hashed with {digest}, which is to name it")]
    HashUnknown {
        /// The digest.
        digest: SignatureDigest,
    },
    /// The bundle is not JSON of the right shape.
    #[error("{member} is malformed")]
    Json {
        /// What was read.
        member: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A member holds a key that is none.
    #[error("{member} is neither a certificate nor a public key")]
    Key {
        /// The member's name.
        member: &'static str,
        /// What is wrong with the key.
        source: PublicKeyError,
    },
    /// What did not come as a Sigstore bundle has no form as one.
    #[error("a legacy signature has no form as a bundle")]
    LegacyHasNoJson,
    /// A hash or id has the wrong length.
    #[error("{member} has {found} bytes, expected {expected}")]
    Length {
        /// The member's name.
        member: &'static str,
        /// The right length.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// The id of a log is not what it must be.
    #[error("log id is {found}, expected 64 hexadecimal digits")]
    LogId {
        /// The id as written.
        found: Quoted,
    },
    /// The media type is not one of a bundle.
    #[error("bundle is of media type {found}, expected application/vnd.dev.sigstore.bundle of version 0.1, 0.2 or 0.3")]
    MediaType {
        /// The media type as written.
        found: Quoted,
    },
    /// A member or annotation that must be there is not.
    #[error("{member} is missing")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// An annotation is no signature.
    #[error("{member} is no signature in base64: {found}")]
    NoSignature {
        /// The annotation's name.
        member: &'static str,
        /// The start of what it holds.
        found: Quoted,
    },
    /// Two members exclude each other and are both there.
    #[error("bundle has both {first} and {second}, expected one of them")]
    OneOf {
        /// One member.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Bundle and envelope name different keys.
    #[error("envelope names the key {found}, expected {expected} as the bundle does")]
    OtherHint {
        /// The hint of the bundle.
        expected: Quoted,
        /// The key id in the envelope.
        found: Quoted,
    },
    /// The envelope has not exactly one signature.
    #[error("envelope in a bundle has {found} signatures, expected exactly one")]
    SignatureCount {
        /// The number found.
        found: usize,
    },
    /// Something is longer than is read.
    #[error("{member} has {found} bytes, the limit is {limit}")]
    TooLong {
        /// What is too long.
        member: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// A list has more members than are read.
    #[error("{member} has {found} members, the limit is {limit}")]
    TooMany {
        /// The list's name.
        member: &'static str,
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
}
