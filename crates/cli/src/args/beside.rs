//! Evidence that lies beside a signature, in files of its own.

use clap::Args;
use countersign_core::bundle::{self, Beside, legacy};
use countersign_core::certificate::{Certificate, sct};
use countersign_oci::http::Http;

use super::usage::UsageError;
use super::{given, input};
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::session::Session;

/// Evidence that lies beside a signature.
#[derive(Args, Clone, Debug)]
pub(crate) struct BesideArgs {
    /// The signer's certificate where the signature comes without one: a file or a URL, PEM, that in base64, or DER
    #[arg(long, value_name = "CERTIFICATE")]
    certificate: Option<String>,

    /// The promise of a certificate log (SCT) for a certificate that holds none, a file
    #[arg(long, value_name = "FILE")]
    sct: Option<String>,

    /// The timestamp of the signature (RFC 3161), a file: as sign-blob writes it, or DER
    #[arg(long, value_name = "FILE")]
    rfc3161_timestamp: Option<String>,
}

impl BesideArgs {
    /// Says whether anything is given.
    pub(crate) fn is_given(&self) -> bool {
        self.of_certificate().is_some() || self.is_stamped()
    }

    /// Says whether a timestamp is given.
    pub(crate) fn is_stamped(&self) -> bool {
        given(&self.rfc3161_timestamp).is_some()
    }

    /// Says whether a promise of a certificate log is given.
    pub(crate) fn is_promised(&self) -> bool {
        given(&self.sct).is_some()
    }

    /// Returns the first flag that is about a certificate.
    pub(crate) fn of_certificate(&self) -> Option<&'static str> {
        let certificate = given(&self.certificate).map(|_| "--certificate");
        certificate.or(self.is_promised().then_some("--sct"))
    }

    /// Reads what is given.
    pub(crate) async fn read(&self, offline: bool, session: &Session<'_>, http: &Http) -> Result<Beside, Failure> {
        let unusable = |flag: &str, path: &str, error: &dyn std::error::Error| -> Failure {
            UsageError::because(format!("{flag} {path}: {}", chain(error))).into()
        };
        let read = async |path: &str, what: &str, limit| input::read(path, what, limit, offline, session, http).await;
        let mut beside = Beside::default();
        if let Some(path) = given(&self.certificate) {
            let bytes = read(path, "certificate", CERTIFICATES).await?;
            beside.certificates = Certificate::chain_from_file(&bytes, bundle::CERTIFICATES)
                .map_err(|error| unusable("--certificate", path, &error))?;
        }
        if let Some(path) = given(&self.sct) {
            let bytes = read(path, "certificate's promise", sct::LIMIT as u64).await?;
            let promise = sct::SignedCertificateTimestamp::parse(&bytes);
            beside.certificate_timestamp = Some(promise.map_err(|error| unusable("--sct", path, &error))?);
        }
        if let Some(path) = given(&self.rfc3161_timestamp) {
            let bytes = read(path, "timestamp", TIMESTAMP).await?;
            let timestamp = legacy::timestamp_from_file(&bytes);
            beside.timestamp = Some(timestamp.map_err(|error| unusable("--rfc3161-timestamp", path, &error))?);
        }
        Ok(beside)
    }
}

/// The most bytes of a file of certificates.
const CERTIFICATES: u64 = 1024 * 1024;

/// The most bytes of a file with a timestamp.
const TIMESTAMP: u64 = 1024 * 1024;
