//! The signature over a file: in a bundle, or by itself.

use clap::Args;
use countersign_core::bundle::{self, Bundle, Content, Format};
use countersign_core::key::Signature;

use crate::args::blob::beside;
use crate::args::input::{self, is_url};
use crate::args::registry::plain_client;
use crate::args::signature;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The signature over a file.
#[derive(Args, Clone, Debug)]
pub(crate) struct EvidenceArgs {
    /// The bundle, a file: a Sigstore bundle or the bundle file of cosign 2; by default that of the file with .sigstore.json.
    /// Repeat it where several must have signed
    #[arg(long, value_name = "FILE")]
    bundle: Vec<String>,

    /// The signature without a bundle: a file, a URL or base64
    #[arg(long, value_name = "SIGNATURE")]
    signature: Option<String>,

    /// Takes Sigstore bundles (the default); =false takes only the bundle files of cosign 2
    #[arg(long, default_value = "true")]
    new_bundle_format: bool,
}

impl EvidenceArgs {
    /// Reads the signatures over `signed_file`.
    pub(super) fn read(&self, signed_file: &str, offline: bool, session: &Session<'_>) -> Result<Vec<Bundle>, Failure> {
        let paths: Vec<&String> = self.bundle.iter().filter(|path| !path.is_empty()).collect();
        if let [_, _, ..] = paths.as_slice() {
            if self.signature.is_some() {
                return Err(UsageError::because("--signature is one signature: pass one --bundle with it").into());
            }
            return paths.iter().map(|path| self.bundle(path, session)).collect();
        }
        let path = paths.first().map(|path| String::clone(path));
        Ok(vec![self.one(path, signed_file, offline, session)?])
    }

    fn one(
        &self,
        bundle: Option<String>,
        signed_file: &str,
        offline: bool,
        session: &Session<'_>,
    ) -> Result<Bundle, Failure> {
        let signature = self.signature.clone().filter(|text| !text.is_empty());
        match (bundle, signature) {
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
        let http = plain_client(session);
        session.wait(input::read(
            given,
            "signature",
            signature::LIMIT,
            offline,
            session,
            &http,
        ))?
    } else {
        given.as_bytes().to_vec()
    };
    signature::parse(bytes)
}
