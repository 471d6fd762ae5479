//! Why a timestamp does not prove that a log has seen a certificate.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::certificate::CertificateError;
use crate::quoted::Quoted;
use crate::trust::Validity;

/// Why a certificate is not known to be logged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SctError {
    /// There is no timestamp.
    #[error("certificate holds no signed certificate timestamp")]
    Absent,
    /// It is signed by another algorithm than the log's.
    #[error("timestamp of log {log} is signed by TLS algorithm {hash}, {signature}, which is not the log's")]
    Algorithm {
        /// The log's address.
        log: Quoted,
        /// The hash's number.
        hash: u8,
        /// The signature algorithm's number.
        signature: u8,
    },
    /// The certificate is not one that can be rebuilt.
    #[error("certificate cannot be rebuilt as it was logged")]
    Certificate(#[from] CertificateError),
    /// It is not known who issued the certificate, which the timestamp is about too.
    #[error("timestamp cannot be verified: the certificate is trusted itself, and another issued it")]
    IssuerUnknown,
    /// A log's answer is not JSON of the right shape.
    #[error("timestamp is malformed JSON")]
    Json {
        /// Where it departs.
        source: Arc<serde_json::Error>,
    },
    /// The log was not to be believed then.
    #[error("log {log} is to be believed {validity}, not at {at}")]
    LogOutsideValidity {
        /// The log's address.
        log: Quoted,
        /// When it is to be believed.
        validity: Validity,
        /// When it signed.
        at: Timestamp,
    },
    /// A part departs from RFC 6962.
    #[error("timestamp has a malformed {part}")]
    Malformed {
        /// The part.
        part: &'static str,
    },
    /// There are several timestamps, and none proves anything.
    #[error("none of {} timestamps proves that the certificate is logged: {}", .refusals.len(), Refusals(.refusals))]
    NoneProven {
        /// Why each does not.
        refusals: Vec<Self>,
    },
    /// The log did not sign this.
    #[error("timestamp is not signed by log {log} over this certificate and its issuer")]
    SignatureMismatch {
        /// The log's address.
        log: Quoted,
    },
    /// The time cannot be told.
    #[error("timestamp is of {found} ms after 1970")]
    Time {
        /// The milliseconds.
        found: u64,
    },
    /// It is longer than is read.
    #[error("it has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// There are more timestamps than are verified.
    #[error("certificate holds more than {limit} timestamps")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The log is not one of those that are trusted.
    #[error("timestamp is of log {found}, which is not known")]
    UnknownLog {
        /// The log's id, in hexadecimal.
        found: String,
    },
    /// The timestamp is of another version.
    #[error("timestamp has version {found}, expected 0")]
    Version {
        /// The version found.
        found: u64,
    },
}

struct Refusals<'a>(&'a [SctError]);

impl fmt::Display for Refusals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, refusal) in self.0.iter().enumerate() {
            write!(f, "{}{refusal}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
