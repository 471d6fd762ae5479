//! Where attestations go besides, or instead of, being attached.

use clap::Args;
use countersign::attest::Attestation;
use countersign::sign::Formats;
use countersign_oci::Pinned;

use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Where attestations go.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Writes the bundle to this file
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// Attaches nothing: prints the attestation, or writes it with --bundle
    #[arg(long)]
    no_upload: bool,
}

/// Whether files are told apart by the image's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Several {
    Yes,
    No,
}

impl OutputArgs {
    /// Checks that the bundle that is asked for will exist.
    pub(super) fn check(&self, formats: Formats) -> Result<(), Failure> {
        if self.bundle.is_some() && !formats.has_bundle() {
            return Err(UsageError::because("--bundle: no bundle is made with --new-bundle-format=false").into());
        }
        Ok(())
    }

    /// Whether attestations are attached.
    pub(super) fn is_uploaded(&self) -> bool {
        !self.no_upload
    }

    /// Writes an attestation of `image` where it is asked for, and prints it where it would end up nowhere.
    pub(super) fn write(
        &self,
        session: &Session<'_>,
        image: &Pinned,
        several: Several,
        attestation: &Attestation,
        formats: Formats,
    ) -> Result<(), Failure> {
        if let (Some(path), Some(json)) = (&self.bundle, &attestation.bundle) {
            let path = match several {
                Several::No => path.clone(),
                Several::Yes => format!("{path}-{}-{}", image.digest().algorithm().name(), image.digest().hex()),
            };
            file::write(session.directory(), &path, json, Mode::Private, Existing::Replace)?;
            session.ui().info(&format!("Wrote bundle to file {path}"));
        }
        if !self.no_upload {
            return Ok(());
        }
        let bundle = attestation.bundle.as_ref().filter(|_| self.bundle.is_none());
        let envelope = formats.has_legacy().then_some(&attestation.envelope);
        for json in bundle.into_iter().chain(envelope) {
            session.ui().print(json)?;
            session.ui().print(b"\n")?;
        }
        Ok(())
    }
}
