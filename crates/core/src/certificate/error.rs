//! Why something is no certificate.

use crate::key::EncodingError;
use crate::quoted::Quoted;

/// Why bytes or a text are no certificate that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It is signed by another algorithm than it says within.
    #[error("certificate names one signature algorithm within and another outside")]
    AlgorithmsDiffer,
    /// A part departs from DER or from RFC 5280.
    #[error("certificate has a malformed {part}")]
    Malformed {
        /// The part.
        part: &'static str,
        /// Where it departs.
        source: EncodingError,
    },
    /// A PEM block does not hold base64.
    #[error("certificate is not base64")]
    NotBase64 {
        /// Where it departs from base64.
        source: base64::DecodeError,
    },
    /// No line begins a certificate.
    #[error("text holds no certificate: no line is -----BEGIN CERTIFICATE-----")]
    NotPem,
    /// A PEM block holds something else.
    #[error("text holds {found}, expected -----BEGIN CERTIFICATE-----")]
    OtherBlock {
        /// The line that begins the block.
        found: Quoted,
    },
    /// An extension is there twice, so that two readers could see two certificates.
    #[error("certificate has extension {identifier} more than once")]
    RepeatedExtension {
        /// The extension's object identifier.
        identifier: Quoted,
    },
    /// Something follows the last certificate.
    #[error("certificates are followed by other text")]
    TextAfterPem,
    /// It is longer than is read.
    #[error("certificate has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// There are more certificates than are read.
    #[error("text holds more than {limit} certificates")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// There are more extensions than are read.
    #[error("certificate has more than {limit} extensions")]
    TooManyExtensions {
        /// The limit.
        limit: usize,
    },
    /// There are more names than are read.
    #[error("certificate has more than {limit} names")]
    TooManyNames {
        /// The limit.
        limit: usize,
    },
    /// A PEM block has no end.
    #[error("certificate does not end with -----END CERTIFICATE-----")]
    Unterminated,
}

/// Says which part it is that departs.
pub(super) fn malformed(part: &'static str) -> impl Fn(der::Error) -> CertificateError {
    move |error| CertificateError::Malformed {
        part,
        source: error.into(),
    }
}
