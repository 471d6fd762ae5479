//! Why the body of a log entry is not about a signature.

use crate::digest::Digest;
use crate::key::{PemError, PublicKeyAlgorithm, Signature, SignatureDigest};
use crate::quoted::Quoted;
use crate::trust::ServiceKeyError;

/// Why the body of a log entry is not about a signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than is read.
    #[error("body of the log entry has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// It is not JSON of the right shape.
    #[error("{member} of the log entry is malformed")]
    Json {
        /// What is malformed.
        member: &'static str,
        /// Where and how.
        source: serde_json::Error,
    },
    /// A member is not base64.
    #[error("{member} of the log entry is not base64: {found}")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// What it holds.
        found: Quoted,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// A hash is not hexadecimal.
    #[error("hash in the log entry is not hexadecimal: {found}")]
    Hexadecimal {
        /// What it holds.
        found: Quoted,
    },
    /// It is of another kind than the entry says.
    #[error("body of the log entry is of kind {found}, expected {expected}")]
    OtherKind {
        /// The kind that the entry says.
        expected: Quoted,
        /// The kind that the body says.
        found: Quoted,
    },
    /// It is of a kind that no signature has.
    #[error("log entry is of kind {found}, expected hashedrekord 0.0.1 or 0.0.2, dsse 0.0.1, or intoto 0.0.1 or 0.0.2")]
    UnknownKind {
        /// The kind.
        found: Quoted,
    },
    /// A hash is of a kind that is not known.
    #[error("hash in the log entry is {found}, expected SHA-256, SHA-384 or SHA-512")]
    UnknownHash {
        /// The name as written.
        found: Quoted,
    },
    /// It has no signature, or several.
    #[error("log entry has {found} signatures, expected 1")]
    SignatureCount {
        /// The number found.
        found: usize,
    },
    /// What verifies is not PEM.
    #[error("verifier in the log entry is not PEM")]
    Pem {
        /// Where it departs from PEM.
        source: PemError,
    },
    /// There is no certificate or key, or both.
    #[error("verifier in the log entry is not either a certificate or a key")]
    NoVerifier,
    /// It can only be about an envelope.
    #[error("log entry is about an envelope, and the signature has none")]
    EnvelopeOnly,
    /// It cannot be about an envelope.
    #[error("log entry is not about an envelope, and the signature is in one")]
    NoEnvelope,
    /// It has the hash of an envelope's JSON, which is not known.
    #[error("log entry has the hash of an envelope as it was uploaded, of which only the meaning is known")]
    EnvelopeUnknown,
    /// It has a hash of the artifact that is not known.
    #[error("log entry has the {expected} of the artifact, which is not known")]
    HashUnknown {
        /// The hash.
        expected: SignatureDigest,
    },
    /// It is about something else.
    #[error("log entry is about the {algorithm} {found}, expected {expected}")]
    Hash {
        /// The kind of hash.
        algorithm: SignatureDigest,
        /// The hash of what is signed.
        expected: String,
        /// The hash in the entry.
        found: Quoted,
    },
    /// It is about a payload of another type.
    #[error("payload type in the log entry is {found}, expected {expected}")]
    PayloadType {
        /// The type in the envelope.
        expected: Quoted,
        /// The type in the entry.
        found: Quoted,
    },
    /// It is about another signature.
    #[error("signature in the log entry is {}, expected {}", .found.to_base64(), .expected.to_base64())]
    Signature {
        /// The signature that is judged.
        expected: Signature,
        /// The signature in the entry.
        found: Signature,
    },
    /// It is about a signature that something else verifies.
    #[error("certificate or key in the log entry has the digest {found}, expected {expected}")]
    Verifier {
        /// The digest of the DER of what verifies.
        expected: Digest,
        /// The digest of the DER in the entry.
        found: Digest,
    },
    /// The key is not what the entry says it is.
    #[error("log entry says of the key what it is not")]
    Details(#[from] ServiceKeyError),
    /// The hash is not the one that the scheme in the entry signs.
    #[error("log entry has a {found} for a scheme that signs another hash: {details}")]
    OtherHash {
        /// The scheme.
        details: Quoted,
        /// The hash in the entry.
        found: SignatureDigest,
    },
    /// Rekor 2 takes no such key.
    #[error("no log entry of Rekor 2 is for a key of {found}")]
    NotLogged {
        /// The kind of key.
        found: PublicKeyAlgorithm,
    },
}
