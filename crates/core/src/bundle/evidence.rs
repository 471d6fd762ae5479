//! What services add to a signature.

use super::{Bundle, Format, KeyMaterial};
use crate::certificate::Certificate;
use crate::log::LogEntry;
use crate::timestamp::TimestampToken;

impl Bundle {
    /// Says that `certificate`, which these `issuers` certify, is of the key that signed.
    ///
    /// A Sigstore bundle holds the certificate alone (`sigstore_bundle.proto`: of version 0.3 on, the verifier has the chain).
    #[must_use]
    pub fn with_certificate(mut self, certificate: &Certificate, issuers: &[Certificate]) -> Self {
        let leaf = certificate.as_der().to_vec();
        self.key_material = match self.format {
            Format::Bundle(_) => KeyMaterial::Certificates(vec![leaf]),
            Format::LegacyFile | Format::LegacyLayer | Format::Signature => {
                let issuers = issuers.iter().map(|issuer| issuer.as_der().to_vec());
                KeyMaterial::Undeclared(std::iter::once(leaf).chain(issuers).collect())
            }
        };
        self
    }

    /// Returns the certificates, in DER, that of the signer first; *untrusted*.
    pub fn certificates(&self) -> &[Vec<u8>] {
        match &self.key_material {
            KeyMaterial::Certificates(chain) | KeyMaterial::Undeclared(chain) => chain,
            KeyMaterial::Key(_) | KeyMaterial::PublicKey { .. } => &[],
        }
    }

    /// Adds entries of logs.
    #[must_use]
    pub fn with_log_entries(mut self, entries: impl IntoIterator<Item = LogEntry>) -> Self {
        self.log_entries.extend(entries);
        self
    }

    /// Adds timestamps of the signature.
    #[must_use]
    pub fn with_timestamps(mut self, timestamps: impl IntoIterator<Item = TimestampToken>) -> Self {
        self.timestamps.extend(timestamps);
        self
    }
}
