//! The signature over a file: in a bundle, or by itself.

use clap::Args;
use countersign_core::bundle::{self, Bundle, Content, Format};
use countersign_core::key::Signature;

use super::is_url;
use crate::args::blob::beside;
use crate::args::registry::plain_client;
use crate::args::signature;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The signature over a file.
#[derive(Args, Clone, Debug)]
pub(crate) struct EvidenceArgs {
    /// The bundle, a file: a Sigstore bundle or the bundle file of cosign 2; by default that of the file with .sigstore.json
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// The signature without a bundle: a file, a URL or base64
    #[arg(long, value_name = "SIGNATURE")]
    signature: Option<String>,

    /// Takes Sigstore bundles (the default); =false takes only the bundle files of cosign 2
    #[arg(long, default_value = "true")]
    new_bundle_format: bool,
}

impl EvidenceArgs {
    /// Reads the signature over `signed_file`.
    pub(super) fn read(&self, signed_file: &str, offline: bool, session: &Session<'_>) -> Result<Bundle, Failure> {
        let given = |path: &Option<String>| path.clone().filter(|path| !path.is_empty());
        match (given(&self.bundle), given(&self.signature)) {
            (Some(path), None) => self.bundle(&path, session),
            (None, Some(signature)) => Ok(Bundle::of_signature(read_signature(&signature, offline, session)?)),
            (Some(path), Some(signature)) => {
                let bundle = self.bundle(&path, session)?;
                if bundle.format() != Format::LegacyFile {
                    return Err(UsageError::because("--signature: the Sigstore bundle holds the signature").into());
                }
                let signature = read_signature(&signature, offline, session)?;
                match bundle.content() {
                    Content::Message(message) if *message.signature() == signature => Ok(bundle),
                    _ => {
                        Err(UsageError::because("--signature and --bundle hold different signatures: pass one").into())
                    }
                }
            }
            (None, None) => {
                let path = beside(signed_file);
                if self.new_bundle_format && file::exists(session.directory(), &path) {
                    return self.bundle(&path, session);
                }
                Err(UsageError::because(format!(
                    "the signature is needed: pass --bundle or --signature, for there is no {path}"
                ))
                .into())
            }
        }
    }

    fn bundle(&self, path: &str, session: &Session<'_>) -> Result<Bundle, Failure> {
        let bytes = file::read(session.directory(), path, bundle::LIMIT as u64)?;
        match self.new_bundle_format {
            true => Bundle::from_file(&bytes),
            false => Bundle::from_legacy_file(&bytes),
        }
        .map_err(|source| Failure::Bundle {
            path: path.to_owned(),
            source,
        })
    }
}

fn read_signature(given: &str, offline: bool, session: &Session<'_>) -> Result<Signature, Failure> {
    let bytes = if file::exists(session.directory(), given) {
        file::read(session.directory(), given, signature::LIMIT)?
    } else if is_url(given) {
        if offline {
            return Err(UsageError::because("--offline: the signature is on the network").into());
        }
        let http = plain_client(session);
        session
            .wait(async { Ok(http.get(given, signature::LIMIT).await?) })?
            .to_vec()
    } else {
        given.as_bytes().to_vec()
    };
    signature::parse(bytes)
}
