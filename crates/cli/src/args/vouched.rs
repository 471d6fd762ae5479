//! Where what services give is written, beside the signature.

use countersign::credential::Credential;
use countersign::rekor::Log;
use countersign_core::bundle::{Bundle, legacy};

use super::services::Chosen;
use super::usage::UsageError;
use crate::failure::Failure;

/// The files for what services give.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    /// That of the certificate.
    pub(crate) certificate: Option<&'a str>,
    /// That of the timestamp.
    pub(crate) timestamp: Option<&'a str>,
    /// The flag that names it.
    pub(crate) timestamp_flag: &'static str,
    /// Whether the form of cosign 2 is written too or instead, which has no place for everything.
    pub(crate) legacy: Legacy,
}

/// What is written in the form of cosign 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Legacy {
    /// Nothing: a Sigstore bundle has a place for everything.
    Nothing,
    /// A layer of a tag, which has a place for a timestamp.
    Layer,
    /// A file, beside which the timestamp has its own.
    File,
    /// An attestation: cosign 2 and 3 do not agree on what a timestamp of one is of.
    Attestation,
}

impl Places<'_> {
    /// Checks that there is a place for what the services give, and something for every place.
    pub(crate) fn check(&self, chosen: &Chosen, has_certificate: bool) -> Result<(), Failure> {
        let (services, flag) = (&chosen.services, self.timestamp_flag);
        let is_stamped = !services.timestamp_authorities().is_empty();
        let has_rekor_2 = services.logs().iter().any(|log| matches!(log, Log::Rekor2 { .. }));
        let reason = if self.certificate.is_some() && !has_certificate {
            "--output-certificate: there is no certificate where a key signs; --issue-certificate asks for one"
                .to_owned()
        } else if self.timestamp.is_some() && !is_stamped {
            format!("{flag}: no timestamp authority is named; pass --timestamp-server-url or --signing-config")
        } else if self.legacy != Legacy::Nothing && has_rekor_2 {
            "the format of cosign 2 has no place for an entry of Rekor 2".to_owned()
        } else if self.legacy == Legacy::File && is_stamped && self.timestamp.is_none() {
            format!("--new-bundle-format=false: the timestamp would be lost; pass {flag} with a file")
        } else if self.legacy == Legacy::Attestation && is_stamped {
            "attestations in the format of cosign 2 have no timestamps: cosign 2 and 3 do not agree on what one is of"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(UsageError::because(reason).into())
    }

    /// Returns what is to be written of the certificate, PEM, and of the timestamp, with their places.
    pub(crate) fn contents(&self, bundle: &Bundle, credential: &Credential) -> Vec<(&'static str, String, Vec<u8>)> {
        let certificate = self.certificate.zip(credential.certificate());
        let certificate =
            certificate.map(|(path, certificate)| ("certificate", path, certificate.to_pem().into_bytes()));
        let timestamp = self.timestamp.zip(bundle.timestamps().first());
        let timestamp = timestamp.map(|(path, stamp)| ("timestamp", path, legacy::timestamp_to_json(stamp)));
        certificate
            .into_iter()
            .chain(timestamp)
            .map(|(what, path, content)| (what, path.to_owned(), content))
            .collect()
    }
}
