//! Why evidence is not believed.

use std::fmt;

use jiff::Timestamp;

use super::signer::{FoundIdentity, Unrelated};
use crate::Digest;
use crate::certificate::CertificateError;
use crate::certificate::sct::SctError;
use crate::key::{MessageUnknown, PublicKeyError, SignatureDigest, SignatureMismatch};
use crate::log::LogRejection;
use crate::payload::simple_signing::SimpleSigningError;
use crate::payload::statement::StatementError;
use crate::policy::Denial;
use crate::quoted::Quoted;
use crate::timestamp::TimestampError;

/// Why a bundle does not satisfy a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// An annotation is there with another value.
    #[error("annotation {key:?} is {found}, expected {expected:?}")]
    AnnotationMismatch {
        /// The annotation's key.
        key: String,
        /// The value asked for.
        expected: String,
        /// The value found: a text bare, anything else as JSON.
        found: Quoted,
    },
    /// An annotation is not there.
    #[error("annotation {key:?} is missing, expected {expected:?}")]
    AnnotationMissing {
        /// The annotation's key.
        key: String,
        /// The value asked for.
        expected: String,
    },
    /// The evidence brings a key that is not the trusted one.
    #[error("evidence holds key {found}, expected {expected}")]
    AnotherKey {
        /// The hint of the trusted key.
        expected: String,
        /// The hint of the key that is there.
        found: String,
    },
    /// The policy trusts a key and the bundle is signed with a certificate.
    #[error("expected a signature by a key, found one by a certificate")]
    CertificateNotKey,
    /// The key of the certificate cannot verify.
    #[error("certificate holds no key that can verify")]
    CertifiedKey(#[source] PublicKeyError),
    /// Too few logs witness the certificate.
    #[error("certificate is witnessed by {found} trusted logs, expected {expected}")]
    TooFewCertificateLogs {
        /// How many are asked for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A log that should witness the certificate does not.
    #[error("certificate is not witnessed as it says")]
    CertificateLog(#[from] SctError),
    /// The policy denies it.
    #[error("policy denies {0}")]
    Denied(Denial),
    /// It is by none of several signers.
    #[error("signature counts for none of the signers: {}", Each(.0))]
    NoneOfSigners(Vec<Self>),
    /// What is signed is about something else.
    #[error("signed digest is {found}, expected {expected}")]
    DigestMismatch {
        /// The artifact's digest.
        expected: Digest,
        /// The digests that are signed.
        found: ClaimedDigests,
    },
    /// The policy trusts identities and the bundle is signed with a key that nobody vouches for.
    #[error("expected a signature by a certificate, found one by a key")]
    KeyNotCertificate,
    /// The certificate beside the signature is not the one that came with it.
    #[error("signature comes with another certificate or key than the one given beside it")]
    Contradicted,
    /// A log entry does not witness the signature.
    #[error("log entry is not accepted")]
    Log(#[from] LogRejection),
    /// The certificate cannot be read.
    #[error("certificate is malformed")]
    MalformedCertificate(#[from] CertificateError),
    /// The signed payload is not a simple-signing payload.
    #[error("signed payload is not one of a signature")]
    MalformedSimpleSigning(#[from] SimpleSigningError),
    /// The signed payload is not a statement.
    #[error("signed payload is not a statement")]
    MalformedStatement(#[from] StatementError),
    /// The bundle signs bytes as they are, and says nothing of what they are.
    #[error("expected a signed statement about an artifact, found a signature over a message")]
    MessageSignature,
    /// The bundle names another message.
    #[error("bundle names the message {algorithm}:{found}, expected {algorithm}:{expected}")]
    MessageDigest {
        /// The algorithm that the bundle names the message with.
        algorithm: SignatureDigest,
        /// The hash of the message, in hexadecimal.
        expected: String,
        /// The hash in the bundle.
        found: String,
    },
    /// The bundle names the message with an algorithm that is not known.
    #[error("bundle names the message with {found}, expected SHA2_256, SHA2_384 or SHA2_512")]
    MessageDigestAlgorithm {
        /// The algorithm as written.
        found: Quoted,
    },
    /// Too little is known of the message to judge the signature.
    #[error(transparent)]
    MessageUnknown(#[from] MessageUnknown),
    /// There is no certificate.
    #[error("no certificate found on signature")]
    NoCertificate,
    /// A message was to be signed as it is, and what is signed is a statement or a payload.
    #[error("expected a signature over the message itself, found a signed statement or payload")]
    NoMessageSignature,
    /// Nothing shows when the signature was made, so that nobody can say whether the certificate was valid then.
    #[error("nothing shows when the signature was made: expected a timestamp, or a log entry with a promised time")]
    NoTime,
    /// The bundle signs the artifact, and an attestation is asked for.
    #[error("expected an attestation, found a signature")]
    NotAnAttestation,
    /// The certificate names someone else.
    #[error("identity is {found}, expected {expected}")]
    OtherIdentity {
        /// Who is trusted.
        expected: String,
        /// Whom the certificate names.
        found: FoundIdentity,
    },
    /// The attestation makes another kind of claim.
    #[error("attestation has predicate type {found}, expected {expected}")]
    OtherPredicateType {
        /// The predicate type asked for, a URI.
        expected: String,
        /// The predicate type found.
        found: Quoted,
    },
    /// The signed payload is of another type.
    #[error("signed payload is of type {found}, expected {expected}")]
    PayloadType {
        /// The type asked for.
        expected: &'static str,
        /// The type found.
        found: Quoted,
    },
    /// The signed statement claims something else: an attestation is no signature.
    #[error("signed statement has predicate type {found}, expected {expected}")]
    PredicateType {
        /// The predicate type asked for.
        expected: &'static str,
        /// The predicate type found.
        found: Quoted,
    },
    /// The signature is not by the trusted key over these bytes.
    #[error("signature does not verify with key {key}{}", Named(.named.as_ref(), key))]
    SignatureMismatch {
        /// The hint of the trusted key: base64 of the SHA-256 of its DER.
        key: String,
        /// The hint in the bundle, for which nobody vouches.
        named: Option<Quoted>,
        /// What the key says.
        source: SignatureMismatch,
    },
    /// A timestamp is not believed.
    #[error("timestamp is not accepted")]
    Timestamp(#[from] TimestampError),
    /// Too few logs witness the signature.
    #[error("signature is in {found} trusted logs, expected {expected}")]
    TooFewLogs {
        /// How many are asked for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Too few authorities vouch for the time of the signature.
    #[error("signature has timestamps by {found} trusted authorities, expected {expected}")]
    TooFewTimestamps {
        /// How many are asked for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// No trusted authority issued the certificate.
    #[error("certificate is not trusted at {at}: {reasons}")]
    UntrustedCertificate {
        /// The moment at which the signature existed.
        at: Timestamp,
        /// The authorities, and why it is of none of them.
        reasons: Unrelated,
    },
}

impl Rejection {
    /// Joins what was said by each of several signers: what is wrong with a signature that is one of theirs says most.
    pub(super) fn of_several(mut each: Vec<Self>) -> Self {
        let others = |rejection: &Self| {
            matches!(
                rejection,
                Self::AnotherKey { .. }
                    | Self::CertificateNotKey
                    | Self::KeyNotCertificate
                    | Self::NoCertificate
                    | Self::OtherIdentity { .. }
                    | Self::SignatureMismatch { .. }
            )
        };
        match each.iter().position(|rejection| !others(rejection)) {
            Some(place) => each.swap_remove(place),
            None if each.len() == 1 => each.swap_remove(0),
            None => Self::NoneOfSigners(each),
        }
    }
}

/// Rejections, one after the other, as many as are worth showing.
struct Each<'a>(&'a [Rejection]);

impl fmt::Display for Each<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, rejection) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{rejection}", if place == 0 { "" } else { "; " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The digests that a payload claims to be about, as many as are worth showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDigests {
    shown: Vec<Quoted>,
    more: usize,
}

impl ClaimedDigests {
    pub(super) fn new<T: AsRef<str>>(digests: impl IntoIterator<Item = T>) -> Self {
        let mut digests = digests.into_iter();
        let shown = digests
            .by_ref()
            .take(SHOWN)
            .map(|digest| Quoted::new(digest.as_ref()))
            .collect();
        Self {
            shown,
            more: digests.count(),
        }
    }

    /// Returns the first digests, as written.
    pub fn shown(&self) -> &[Quoted] {
        &self.shown
    }

    /// Returns how many more there are.
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for ClaimedDigests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shown.is_empty() {
            return f.write_str("absent");
        }
        for (index, digest) in self.shown.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            // a digest as it should be needs no quotes
            match digest.as_str().parse::<Digest>() {
                Ok(digest) => write!(f, "{digest}")?,
                Err(_) => write!(f, "{digest}")?,
            }
        }
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}

/// Tells of the key that the bundle names, if it is another one.
struct Named<'a>(Option<&'a Quoted>, &'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(named) if named.as_str() != self.1 => write!(f, " (the bundle names key {named})"),
            _ => Ok(()),
        }
    }
}

/// How many digests are shown.
const SHOWN: usize = 8;
