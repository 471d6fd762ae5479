//! Where the attestation of a file is written.

use clap::Args;
use countersign::blob::{BlobAttestation, BlobError};
use countersign::credential::Credential;
use countersign_core::bundle::legacy;

use crate::args::blob::attestation_beside;
use crate::args::given;
use crate::args::usage::UsageError;
use crate::args::vouched::{Legacy, Places};
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Where the attestation of a file is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Writes all that is needed for verification to FILE; by default to that of the file with .attestation.sigstore.json
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// Writes the signed envelope to FILE
    #[arg(long, value_name = "FILE")]
    output_signature: Option<String>,

    /// Writes the statement that is signed to FILE
    #[arg(long, value_name = "FILE")]
    output_attestation: Option<String>,

    /// Writes the certificate of the key that signs to FILE
    #[arg(long, value_name = "FILE")]
    output_certificate: Option<String>,

    /// Writes the timestamp of the signature to FILE
    #[arg(long, value_name = "FILE")]
    rfc3161_timestamp_bundle: Option<String>,

    /// Writes a Sigstore bundle (the default); =false prints the envelope and writes the bundle file of cosign 2
    #[arg(long, default_value = "true")]
    new_bundle_format: bool,
}

impl OutputArgs {
    /// Checks that the attestation ends up somewhere, and not in the file itself.
    pub(super) fn check(&self, attested: &str, session: &Session<'_>) -> Result<(), Failure> {
        let places = [
            ("--bundle", given(&self.bundle)),
            ("--output-signature", given(&self.output_signature)),
            ("--output-attestation", given(&self.output_attestation)),
            ("--output-certificate", given(&self.output_certificate)),
            ("--rfc3161-timestamp-bundle", given(&self.rfc3161_timestamp_bundle)),
        ];
        for (flag, path) in places {
            if path.is_some_and(|path| session.path(path) == session.path(attested)) {
                return Err(UsageError::because(format!("{flag} {attested} is the file that is attested")).into());
            }
        }
        if attested == "-" && self.bundle_path(attested).is_some() && given(&self.bundle).is_none() {
            return Err(UsageError::because(
                "must specify --bundle with --new-bundle-format: standard input has no name to put a bundle beside",
            )
            .into());
        }
        Ok(())
    }

    /// Where what the services give is written.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            certificate: given(&self.output_certificate),
            timestamp: given(&self.rfc3161_timestamp_bundle),
            timestamp_flag: "--rfc3161-timestamp-bundle",
            legacy: match self.new_bundle_format {
                true => Legacy::Nothing,
                false => Legacy::Attestation,
            },
        }
    }

    /// Writes what was made: each file whole, aside, and all of them before the first gets its name.
    pub(super) fn write(
        &self,
        session: &Session<'_>,
        attested: &str,
        made: &BlobAttestation,
        credential: &Credential,
    ) -> Result<(), Failure> {
        let envelope = made.envelope.to_json();
        let mut prepared = Vec::new();
        let mut prepare = |path: String, content: &[u8], told: String| -> Result<(), Failure> {
            prepared.push((file::prepare(session.directory(), &path, content, Mode::Private)?, told));
            Ok(())
        };
        if let Some(path) = self.bundle_path(attested) {
            let content = match self.new_bundle_format {
                true => made.bundle.to_json().map_err(BlobError::from)?,
                false => legacy::bundle_to_file(&made.bundle).map_err(BlobError::from)?,
            };
            let told = format!("Wrote bundle to file {path}");
            prepare(path, &content, told)?;
        }
        if let Some(path) = given(&self.output_signature) {
            prepare(path.to_owned(), &envelope, format!("Signature written in {path}"))?;
        } else if !self.new_bundle_format {
            session.ui().print(&[&envelope[..], b"\n"].concat())?;
        }
        if let Some(path) = given(&self.output_attestation) {
            let told = format!("Attestation written in {path}");
            prepare(path.to_owned(), made.envelope.payload(), told)?;
        }
        for (what, path, content) in self.places().contents(&made.bundle, credential) {
            let told = format!("Wrote {what} to file {path}");
            prepare(path, &content, told)?;
        }
        for (file, told) in prepared {
            file.place(Existing::Replace)?;
            session.ui().info(&told);
        }
        Ok(())
    }

    /// Where the bundle goes; nowhere, where nobody asked for one.
    fn bundle_path(&self, attested: &str) -> Option<String> {
        match given(&self.bundle) {
            Some(path) => Some(path.to_owned()),
            None if self.new_bundle_format && given(&self.output_signature).is_none() => {
                Some(attestation_beside(attested))
            }
            None => None,
        }
    }
}
