//! Where the signature of a file is written.

use clap::Args;
use countersign::blob::SignedBlob;
use countersign::credential::Credential;
use countersign_core::bundle::legacy;
use countersign_core::key::Signature;

use crate::args::blob::{SUFFIX, beside};
use crate::args::usage::UsageError;
use crate::args::vouched::{Legacy, Places};
use crate::failure::Failure;
use crate::file::{self, Existing, Mode, Prepared};
use crate::session::Session;

/// Where the signature of a file is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Writes all that is needed for verification to FILE; by default to that of the signed file with .sigstore.json
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// Writes the signature to FILE
    #[arg(long, value_name = "FILE")]
    output_signature: Option<String>,

    /// Writes the signature to FILE (old)
    #[arg(long, value_name = "FILE", hide = true)]
    output: Option<String>,

    /// Writes the certificate of the key that signs to FILE
    #[arg(long, value_name = "FILE")]
    output_certificate: Option<String>,

    /// Writes the timestamp of the signature to FILE
    #[arg(long, value_name = "FILE")]
    rfc3161_timestamp: Option<String>,

    /// Writes signatures and certificates that are not in a bundle in base64; =false as they are
    #[arg(long, default_value = "true")]
    b64: bool,

    /// Writes Sigstore bundles (the default); =false prints signatures and writes the bundle files of cosign 2
    #[arg(long, default_value = "true")]
    new_bundle_format: bool,
}

impl OutputArgs {
    /// Checks that every signature ends up in a place of its own.
    pub(super) fn check(&self, files: &[String], session: &Session<'_>) -> Result<(), Failure> {
        if self.output.is_some() {
            session
                .ui()
                .warn("the '--output' flag is deprecated and will be removed in the future. Use '--output-signature'");
        }
        let given = [
            ("--bundle", given(self.bundle.as_deref())),
            ("--output-signature", self.signature()),
            ("--output-certificate", given(self.output_certificate.as_deref())),
            ("--rfc3161-timestamp", given(self.rfc3161_timestamp.as_deref())),
        ];
        for (flag, path) in given {
            let Some(path) = path else { continue };
            if files.len() > 1 {
                return Err(UsageError::because(format!(
                    "{flag} is one place for the signatures of {} files: without it each gets a FILE{SUFFIX} of its own",
                    files.len()
                ))
                .into());
            }
            if files.iter().any(|file| session.path(file) == session.path(path)) {
                return Err(UsageError::because(format!("{flag} {path} is the file that is signed")).into());
            }
        }
        let has_place = !self.new_bundle_format || given[..2].iter().any(|(_, path)| path.is_some());
        if !has_place && files.iter().any(|file| file == "-") {
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
            certificate: given(self.output_certificate.as_deref()),
            timestamp: given(self.rfc3161_timestamp.as_deref()),
            timestamp_flag: "--rfc3161-timestamp",
            legacy: match self.new_bundle_format {
                true => Legacy::Nothing,
                false => Legacy::File,
            },
        }
    }

    /// Writes what was made for `signed_file`: each file whole, aside, and all of them before the first gets its name.
    pub(super) fn write(
        &self,
        session: &Session<'_>,
        signed_file: &str,
        signed: &SignedBlob,
        credential: &Credential,
    ) -> Result<(), Failure> {
        let mut prepared = Vec::new();
        if let Some(path) = self.bundle_path(signed_file) {
            let content = match self.new_bundle_format {
                true => signed.bundle.to_json().map_err(countersign::blob::BlobError::from)?,
                false => legacy::bundle_to_file(&signed.bundle).map_err(countersign::blob::BlobError::from)?,
            };
            prepared.push(("bundle", prepare(session, &path, &content)?, path));
        }
        let bare = match self.b64 {
            true => signed.signature.to_base64().into_bytes(),
            false => signed.signature.as_bytes().to_vec(),
        };
        if let Some(path) = self.signature() {
            prepared.push(("signature", prepare(session, path, &bare)?, path.to_owned()));
        } else if !self.new_bundle_format {
            session.ui().print(&bare)?;
            if self.b64 {
                session.ui().print(b"\n")?;
            }
        }
        for (what, path, content) in self.places().contents(&signed.bundle, credential) {
            let content = match (what, self.b64) {
                ("certificate", true) => Signature::new(content).to_base64().into_bytes(),
                _ => content,
            };
            prepared.push((what, prepare(session, &path, &content)?, path));
        }
        for (what, file, path) in prepared {
            file.place(Existing::Replace)?;
            session.ui().info(&format!("Wrote {what} to file {path}"));
        }
        Ok(())
    }

    /// Where the bundle goes; nowhere, where nobody asked for one.
    fn bundle_path(&self, signed_file: &str) -> Option<String> {
        match given(self.bundle.as_deref()) {
            Some(path) => Some(path.to_owned()),
            None if self.new_bundle_format && self.signature().is_none() => Some(beside(signed_file)),
            None => None,
        }
    }

    fn signature(&self) -> Option<&str> {
        given(self.output_signature.as_deref()).or(given(self.output.as_deref()))
    }
}

fn prepare(session: &Session<'_>, path: &str, content: &[u8]) -> Result<Prepared, Failure> {
    file::prepare(session.directory(), path, content, Mode::Private)
}

/// An empty name is none, as in cosign.
fn given(path: Option<&str>) -> Option<&str> {
    path.filter(|path| !path.is_empty())
}
