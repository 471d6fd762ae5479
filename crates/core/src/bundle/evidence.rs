//! What services add to a signature, and what comes beside one.

use super::{Bundle, Format, KeyMaterial};
use crate::certificate::Certificate;
use crate::certificate::sct::SignedCertificateTimestamp;
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
            KeyMaterial::Key(_) | KeyMaterial::PublicKey { .. } | KeyMaterial::Contradicted => &[],
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

/// Evidence that comes beside signatures rather than with them; *untrusted*.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// That of the signer, and then those of issuers.
    pub certificates: Vec<Certificate>,
    /// That a log has seen the signer's certificate.
    pub certificate_timestamp: Option<SignedCertificateTimestamp>,
    /// When it was signed.
    pub timestamp: Option<TimestampToken>,
}

impl Bundle {
    /// Adds what came beside the signature: a certificate where the bundle brings none.
    ///
    /// Nothing that is brought is replaced: [`verify`](crate::verify::verify) refuses a bundle by a certificate or key other
    /// than the one beside it.
    #[must_use]
    pub fn with_beside(mut self, beside: &Beside) -> Self {
        if let Some(leaf) = beside.certificates.first() {
            let is_same = match &self.key_material {
                KeyMaterial::Certificates(found) | KeyMaterial::Undeclared(found) => {
                    found.first().is_none_or(|found| found == leaf.as_der())
                }
                KeyMaterial::Key(found) => leaf.public_key() == Ok(found),
                KeyMaterial::PublicKey { .. } => true,
                KeyMaterial::Contradicted => false,
            };
            let chain = beside
                .certificates
                .iter()
                .map(|certificate| certificate.as_der().to_vec());
            self.key_material = match is_same {
                true => KeyMaterial::Undeclared(chain.collect()),
                false => KeyMaterial::Contradicted,
            };
        }
        self.certificate_timestamp = beside.certificate_timestamp.clone();
        self.timestamps.extend(
            beside
                .timestamp
                .iter()
                .filter(|token| !self.timestamps.contains(token))
                .cloned()
                .collect::<Vec<_>>(),
        );
        self
    }
}
