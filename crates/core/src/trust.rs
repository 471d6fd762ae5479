//! What is trusted: the roots of trust, and the services to sign with.

mod authority;
mod error;
mod json;
mod key;
mod log;
pub mod signing_config;
mod subject;
mod unusable;
mod validity;

use crate::quoted::Quoted;

pub use authority::Authority;
pub(crate) use authority::CountedAs;
pub use error::TrustError;
pub use json::{CERTIFICATES, SERVICES};
pub use key::{Scheme, ServiceKey, ServiceKeyError};
pub use log::TransparencyLog;
pub(crate) use log::checkpoint_id;
pub use unusable::{UnusableReason, UnusableService};
pub use validity::Validity;

/// The media type of a trusted root.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The longest trusted root that is read, in bytes.
pub const LIMIT: usize = 4 * 1024 * 1024;

/// The authorities, logs and timestampers that are trusted (protobuf-specs, `sigstore_trustroot.proto`).
///
/// Several of a kind may be of the same time, or of a time to come; which of them counts is a matter of the moment.
#[derive(Clone, Debug, Default)]
pub struct TrustedRoot {
    logs: Vec<TransparencyLog>,
    certificate_authorities: Vec<Authority>,
    certificate_logs: Vec<TransparencyLog>,
    timestamp_authorities: Vec<Authority>,
    unusable: Vec<UnusableService>,
}

impl TrustedRoot {
    /// Reads a trusted root of version 0.1 or 0.2.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        json::read(bytes)
    }

    /// Writes a trusted root of version 0.1, which is what clients read, with those of a kind from the oldest to the
    /// newest; without what is [unusable](Self::unusable).
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Trusts these logs of signatures too.
    #[must_use]
    pub fn with_logs(mut self, logs: impl IntoIterator<Item = TransparencyLog>) -> Self {
        self.logs.extend(logs);
        self
    }

    /// Trusts these authorities of certificates too.
    #[must_use]
    pub fn with_certificate_authorities(mut self, authorities: impl IntoIterator<Item = Authority>) -> Self {
        self.certificate_authorities.extend(authorities);
        self
    }

    /// Trusts these logs of certificates too.
    #[must_use]
    pub fn with_certificate_logs(mut self, logs: impl IntoIterator<Item = TransparencyLog>) -> Self {
        self.certificate_logs.extend(logs);
        self
    }

    /// Trusts these authorities of timestamps too.
    #[must_use]
    pub fn with_timestamp_authorities(mut self, authorities: impl IntoIterator<Item = Authority>) -> Self {
        self.timestamp_authorities.extend(authorities);
        self
    }

    /// Returns the logs of signatures (Rekor).
    pub fn logs(&self) -> &[TransparencyLog] {
        &self.logs
    }

    /// Returns the authorities that issue certificates to signers (Fulcio).
    pub fn certificate_authorities(&self) -> &[Authority] {
        &self.certificate_authorities
    }

    /// Returns the logs of certificates (RFC 6962).
    pub fn certificate_logs(&self) -> &[TransparencyLog] {
        &self.certificate_logs
    }

    /// Returns the authorities of timestamps (RFC 3161).
    pub fn timestamp_authorities(&self) -> &[Authority] {
        &self.timestamp_authorities
    }

    /// Returns the services that are trusted and yet of no use here, so that an error can name them.
    pub fn unusable(&self) -> &[UnusableService] {
        &self.unusable
    }
}

fn within(limit: usize, bytes: &[u8]) -> Result<&[u8], TrustError> {
    if bytes.len() > limit {
        return Err(TrustError::TooLong {
            limit,
            found: bytes.len(),
        });
    }
    Ok(bytes)
}

fn media_type(expected: &'static str, found: &str) -> Result<(), TrustError> {
    if found != expected {
        return Err(TrustError::MediaType {
            expected,
            found: Quoted::new(found),
        });
    }
    Ok(())
}
