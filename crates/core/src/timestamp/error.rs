//! Why a timestamp proves nothing.

use std::fmt;

use jiff::Timestamp;

use crate::certificate::path::PathError;
use crate::certificate::{AlgorithmError, CertificateError};
use crate::key::{EncodingError, PublicKeyError, SignatureDigest};
use crate::quoted::Quoted;
use crate::trust::Validity;

/// Why a timestamp does not prove when something was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// A certificate that it brings cannot be read.
    #[error("timestamp brings a certificate that cannot be read")]
    Certificate {
        /// What is wrong with it.
        source: CertificateError,
    },
    /// It holds something else.
    #[error("timestamp holds {found}, expected {expected}")]
    ContentType {
        /// The object identifier that belongs there.
        expected: &'static str,
        /// The one found.
        found: Quoted,
    },
    /// Its signature is over other content.
    #[error("timestamp's content has the {digest} {found}, its signature is over {expected}")]
    ContentDigest {
        /// The hash that is used.
        digest: SignatureDigest,
        /// The hash that is signed, in hexadecimal.
        expected: String,
        /// The hash of the content, in hexadecimal.
        found: String,
    },
    /// It is a timestamp of something else.
    #[error("timestamp is of the {digest} {found}, expected {expected}")]
    Imprint {
        /// The hash that is used.
        digest: SignatureDigest,
        /// The hash of the message, in hexadecimal.
        expected: String,
        /// The hash that is stamped, in hexadecimal.
        found: String,
    },
    /// A part departs from DER or its specification.
    #[error("timestamp has a malformed {part}")]
    Malformed {
        /// The part.
        part: &'static str,
        /// Where it departs.
        source: EncodingError,
    },
    /// A signed attribute that must be there is not, or is there twice.
    #[error("timestamp has {found} signed attributes {attribute}, expected 1")]
    Attribute {
        /// The attribute's name.
        attribute: &'static str,
        /// How often it is there.
        found: usize,
    },
    /// It answers another request.
    #[error("timestamp has the nonce {found}, expected {expected}")]
    Nonce {
        /// The number of the request, in hexadecimal.
        expected: String,
        /// The number in the timestamp.
        found: String,
    },
    /// The authority did not give one.
    #[error("timestamp authority answered with status {status}{}", text.as_ref().map_or_else(String::new, |text| format!(": {text}")))]
    NotGranted {
        /// The status (RFC 3161 §2.4.2): 2 is a rejection.
        status: u32,
        /// What the authority says of it.
        text: Option<Quoted>,
    },
    /// It has more than one signature, or none.
    #[error("timestamp has {found} signatures, expected 1")]
    Signers {
        /// The number found.
        found: usize,
    },
    /// It is longer than is read.
    #[error("timestamp has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// It brings more certificates than are read.
    #[error("timestamp brings {found} certificates, the limit is {limit}")]
    TooManyCertificates {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// It has an extension that must be understood and is not.
    #[error("timestamp has the critical extension {found}, which is not known")]
    UnknownCritical {
        /// The extension's object identifier.
        found: Quoted,
    },
    /// It is signed in a way that is not known here.
    #[error("timestamp's signature cannot be checked")]
    SignatureAlgorithm {
        /// What is not known.
        source: AlgorithmError,
    },
    /// It hashes by an algorithm that is not known here, or too weak.
    #[error("timestamp's {purpose} is by {found}, expected SHA-256, SHA-384 or SHA-512")]
    UnknownDigest {
        /// What is hashed.
        purpose: &'static str,
        /// The algorithm's object identifier.
        found: Quoted,
    },
    /// It is of no trusted authority.
    #[error("timestamp is of no trusted authority: {tried}")]
    Untrusted {
        /// Each authority, and why the timestamp is not its.
        tried: Tried,
    },
    /// It is of another version.
    #[error("timestamp has version {found}, expected 1")]
    Version {
        /// The version found.
        found: u32,
    },
}

/// The authorities that a timestamp was compared with, and why it is of none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried(pub(super) Vec<(Quoted, Refusal)>);

impl Tried {
    /// Returns the address of each authority, and why the timestamp is not its.
    pub fn iter(&self) -> impl Iterator<Item = (&Quoted, &Refusal)> {
        self.0.iter().map(|(uri, refusal)| (uri, refusal))
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none is trusted");
        }
        for (place, (uri, refusal)) in self.0.iter().enumerate() {
            write!(f, "{}{uri}: {refusal}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// Why a timestamp is not of one authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The signer's key is none that can verify.
    #[error("its key cannot be used")]
    Key(#[from] PublicKeyError),
    /// The certificate that signed is neither in the timestamp nor known of the authority.
    #[error("the certificate that signed is neither in the timestamp nor the authority's")]
    NoCertificate,
    /// The authority signs with a certificate that is known, and another signed.
    #[error("another certificate signed than the authority's")]
    OtherCertificate,
    /// The authority is to be believed at other times.
    #[error("it is to be believed {validity}, the timestamp is of {at}")]
    OutsideValidity {
        /// When the authority is to be believed.
        validity: Validity,
        /// When it stamped.
        at: Timestamp,
    },
    /// The certificate that signed does not lead to the authority's.
    #[error("its certificate is not to be believed")]
    Path(#[from] Box<PathError>),
    /// The signature is not the certificate's.
    #[error("the signature is not its certificate's")]
    Signature,
}

/// Says which part it is that departs.
pub(super) fn malformed(part: &'static str) -> impl Fn(der::Error) -> TimestampError {
    move |error| TimestampError::Malformed {
        part,
        source: error.into(),
    }
}
