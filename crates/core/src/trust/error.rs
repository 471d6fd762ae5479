//! Why bytes are not trust material.

use super::ServiceKeyError;
use crate::certificate::CertificateError;
use crate::quoted::Quoted;

/// Why bytes are not trust material.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A byte string is not base64.
    #[error("{member} is {found}, expected base64")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// The text as written.
        found: Quoted,
        /// Where it departs from base64.
        source: base64::DecodeError,
    },
    /// A certificate of an authority cannot be read.
    #[error("authority {authority} has a certificate that cannot be read")]
    Certificate {
        /// The authority's address.
        authority: Quoted,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// It is not JSON of the right shape.
    #[error("malformed JSON")]
    Json(#[from] serde_json::Error),
    /// A log's key cannot be read.
    #[error("log {log} has a key that cannot be read")]
    Key {
        /// The log's address.
        log: Quoted,
        /// What is wrong with it.
        source: ServiceKeyError,
    },
    /// A byte string has another length.
    #[error("{member} has {found} bytes, expected {expected}")]
    Length {
        /// The member's name.
        member: &'static str,
        /// The length that is right.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A log has an id that is not its key's.
    #[error("log {log} has the id {found}, expected the SHA-256 of its key, {expected}")]
    LogId {
        /// The log's address.
        log: Quoted,
        /// The id that follows from the key.
        expected: String,
        /// The id as written.
        found: String,
    },
    /// It is of another media type.
    #[error("media type is {found}, expected {expected}")]
    MediaType {
        /// The media type asked for.
        expected: &'static str,
        /// The media type as written.
        found: Quoted,
    },
    /// What is needed is not there.
    #[error("{service} has no {member}")]
    Missing {
        /// The address of the service that needs it.
        service: Quoted,
        /// The member's name.
        member: &'static str,
    },
    /// Certificates that are to be trusted are all issued by others.
    #[error("none of the {found} certificates of {authority} is a root: each is issued by another")]
    NoRoot {
        /// The authority's address.
        authority: Quoted,
        /// The number of certificates.
        found: usize,
    },
    /// A number of services is to be used that is none.
    #[error("{member} says to use {found} services, expected at least 1")]
    SelectionCount {
        /// The member's name.
        member: &'static str,
        /// The number found.
        found: u32,
    },
    /// A way to select services is not known.
    #[error("{member} selects by {found}, expected ALL, ANY or EXACT")]
    Selector {
        /// The member's name.
        member: &'static str,
        /// The selector as written.
        found: Quoted,
    },
    /// A time is not one of RFC 3339.
    #[error("time is {found}, expected one of RFC 3339")]
    Time {
        /// The time as written.
        found: Quoted,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// It is longer than is read.
    #[error("it has {found} bytes, the limit is {limit}")]
    TooLong {
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
