//! Why a certificate is not believed.

use std::fmt;

use jiff::Timestamp;

use super::Purpose;
use crate::certificate::algorithm::AlgorithmError;
use crate::certificate::constraints::NameRefusal;
use crate::key::PublicKeyError;
use crate::quoted::Quoted;
use crate::trust::Validity;

/// Why no path leads from a leaf to what is trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A certificate is signed by an algorithm that is not known here.
    #[error("certificate of {subject} cannot be verified")]
    Algorithm {
        /// Whose certificate it is.
        subject: Quoted,
        /// What is wrong with the algorithm.
        source: AlgorithmError,
    },
    /// An issuer's key is not for certificates.
    #[error("key of issuer {issuer} is not for signing certificates")]
    IssuerDoesNotSignCertificates {
        /// The issuer.
        issuer: Quoted,
    },
    /// An issuer may not issue.
    #[error("issuer {issuer} is no certificate authority")]
    IssuerIsNoAuthority {
        /// The issuer.
        issuer: Quoted,
    },
    /// An issuer is not valid then.
    #[error("certificate of issuer {issuer} is valid {validity}, not at {at}")]
    IssuerOutsideValidity {
        /// The issuer.
        issuer: Quoted,
        /// When its certificate is valid.
        validity: Validity,
        /// The moment of the judgement.
        at: Timestamp,
    },
    /// An issuer is for other purposes.
    #[error("certificate of issuer {issuer} is for other purposes than {expected}")]
    IssuerPurpose {
        /// The issuer.
        issuer: Quoted,
        /// The purpose asked for.
        expected: Purpose,
    },
    /// A key is none that can verify.
    #[error("key of {subject} cannot verify")]
    Key {
        /// Whose key it is.
        subject: Quoted,
        /// What is wrong with it.
        source: PublicKeyError,
    },
    /// The leaf's key is not for signatures.
    #[error("key of the certificate is not for digital signatures")]
    LeafDoesNotSign,
    /// The leaf is not valid then.
    #[error("certificate is valid {validity}, not at {at}")]
    LeafOutsideValidity {
        /// When it is valid.
        validity: Validity,
        /// The moment of the judgement.
        at: Timestamp,
    },
    /// The leaf is for other purposes.
    #[error("certificate is not for {expected}")]
    LeafPurpose {
        /// The purpose asked for.
        expected: Purpose,
    },
    /// An issuer may not certify a name that is below it.
    #[error("issuer {issuer} certifies {name}, which {reason}")]
    Name {
        /// The name.
        name: Quoted,
        /// Why it is refused.
        reason: NameRefusal,
        /// The issuer.
        issuer: Quoted,
    },
    /// Nothing is trusted.
    #[error("no certificate of the authority is given")]
    NoAuthority,
    /// There are several ways, and none leads there.
    #[error("no path leads to the trusted certificate: {}", Refusals(.refusals))]
    NoPath {
        /// Why each is none, the first that was tried first.
        refusals: Vec<Self>,
    },
    /// More authorities follow on an issuer than it allows.
    #[error("{found} authorities follow on issuer {issuer}, which allows {limit}")]
    PathLength {
        /// The issuer.
        issuer: Quoted,
        /// How many it allows.
        limit: u64,
        /// How many there are.
        found: usize,
    },
    /// A path has more certificates than are followed.
    #[error("path has more than {limit} certificates")]
    PathTooLong {
        /// The limit.
        limit: usize,
    },
    /// Who is named as the issuer did not sign.
    #[error("certificate of {subject} is not signed by the key of {issuer}")]
    SignatureMismatch {
        /// Whose certificate it is.
        subject: Quoted,
        /// Whose key was asked.
        issuer: Quoted,
    },
    /// More certificates come with the leaf than are looked at.
    #[error("{found} certificates come with the leaf, the limit is {limit}")]
    TooManyIntermediates {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The certificates are made so that no answer is found in reasonable time.
    #[error("certificates take too much work to judge")]
    TooMuchWork,
    /// A certificate has an extension that must be understood and is not.
    #[error("certificate of {subject} has the critical extension {identifier}, which is not known")]
    UnknownCriticalExtension {
        /// Whose certificate it is.
        subject: Quoted,
        /// The extension's object identifier.
        identifier: Quoted,
    },
    /// Nobody who is known bears the issuer's name.
    #[error("certificate of {subject} is issued by {issuer}, which is not known")]
    UnknownIssuer {
        /// Whose certificate it is.
        subject: Quoted,
        /// The issuer that it names.
        issuer: Quoted,
    },
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeSigning => "code signing",
            Self::TimeStamping => "time stamping",
        })
    }
}

struct Refusals<'a>(&'a [PathError]);

impl fmt::Display for Refusals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, refusal) in self.0.iter().enumerate() {
            write!(f, "{}{refusal}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
