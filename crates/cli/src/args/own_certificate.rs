//! A certificate of the key that signs, which an authority of one's own has issued.

use std::error::Error;
use std::sync::Arc;

use clap::Args;
use countersign::credential::Credential;
use countersign_core::bundle;
use countersign_core::certificate::Certificate;
use countersign_core::signer::Signer;

use super::given;
use super::usage::UsageError;
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// A certificate of the key that signs.
#[derive(Args, Clone, Debug)]
pub(crate) struct OwnCertificateArgs {
    /// The certificate of the --key, a file: PEM, that in base64, or DER
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,

    /// The certificates of the authorities, a PEM file: the certificate's issuer first, the root last
    #[arg(long, value_name = "FILE", requires = "certificate")]
    certificate_chain: Option<String>,
}

impl OwnCertificateArgs {
    /// Says whether there is one.
    pub(crate) fn is_given(&self) -> bool {
        given(&self.certificate).is_some()
    }

    /// Joins the certificate, where there is one, and the key, whose it must be.
    pub(crate) fn certify(&self, signer: Arc<dyn Signer>, session: &Session<'_>) -> Result<Credential, Failure> {
        let Some(path) = given(&self.certificate) else {
            return Ok(Credential::of_key(signer));
        };
        let unusable = |flag: &str, path: &str, error: &dyn Error| -> Failure {
            UsageError::because(format!("{flag} {path}: {}", chain(error))).into()
        };
        let read = |flag: &str, path: &str| {
            let bytes = file::read(session.directory(), path, LIMIT)?;
            Certificate::chain_from_file(&bytes, bundle::CERTIFICATES).map_err(|error| unusable(flag, path, &error))
        };
        let mut certificates = read("--certificate", path)?.into_iter();
        let certificate = certificates.next().expect("a file without a certificate is an error");
        let issuers = match given(&self.certificate_chain) {
            Some(path) => read("--certificate-chain", path)?,
            None => certificates.collect(),
        };
        Credential::own(signer, certificate, issuers, session.now())
            .map_err(|error| unusable("--certificate", path, &error))
    }
}

/// The most bytes of a file of certificates.
const LIMIT: u64 = 1024 * 1024;
