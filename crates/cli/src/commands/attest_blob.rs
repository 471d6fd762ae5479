//! `attest-blob`: signs what is claimed of a file.

mod outputs;

use std::path::Path;

use clap::Args;
use countersign::blob;
use countersign::credential::Credential;
use countersign_core::Digest;
use countersign_core::message::{Bytes, Needs};

use super::Subcommand;
use crate::args::attachment;
use crate::args::blob::BlobSource;
use crate::args::claimed::ClaimedArgs;
use crate::args::credential::CredentialArgs;
use crate::args::entry_type::EntryTypeArgs;
use crate::args::image::exactly_one;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::session::Session;

/// Signs what is claimed of a file
#[derive(Args)]
pub(crate) struct AttestBlob {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    claimed: ClaimedArgs,
    #[command(flatten)]
    outputs: outputs::OutputArgs,
    #[command(flatten)]
    services: ServiceArgs,
    #[command(flatten)]
    entry_type: EntryTypeArgs,

    /// The file; - is standard input
    #[arg(value_name = "FILE", id = "file")]
    files: Vec<String>,

    /// The SHA-256 of the file in hexadecimal; then the file itself is not read
    #[arg(long, value_name = "HEX")]
    hash: Option<String>,
}

impl Subcommand for AttestBlob {
    const NAME: &'static str = "attest-blob";
    const ABOUT: &'static str = "Signs what is claimed of a file";
    const ARGUMENTS: &'static str = "FILE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let (file, chosen) = self.check(session)?;
        let limits = attachment::limits(1, session)?;
        let claimed = self.claimed.read(session, &limits)?;
        let given = self.given_digest()?;
        let digest = || match given {
            Some(digest) => Ok(digest),
            None => {
                let hash = Needs::new(&[], Bytes::Dropped);
                let message = BlobSource::new(file, session).read(&hash, session)?;
                Ok::<_, Failure>(message.digest().clone())
            }
        };
        let (credential, digest) = self.open(digest, &chosen, session)?;
        let name = Path::new(file).file_name().unwrap_or(file.as_ref()).to_string_lossy();
        let made = blob::attest(&name, &digest, &claimed, credential.signer(), session.now())?;
        let made = match chosen.services.is_empty() && credential.certificate().is_none() {
            true => made,
            false => session.wait(async {
                let services = &chosen.services;
                Ok(blob::vouch_attestation(made, &digest, &credential, services, || session.now()).await?)
            })?,
        };
        self.outputs.write(session, file, &made, &credential)
    }
}

impl AttestBlob {
    /// Has what signs, and the digest beside it.
    fn open(
        &self,
        digest: impl FnOnce() -> Result<Digest, Failure>,
        chosen: &Chosen,
        session: &Session<'_>,
    ) -> Result<(Credential, Digest), Failure> {
        if !self.credential.has_key() {
            let digest = digest()?;
            return Ok((session.wait(self.credential.keyless(chosen, session))?, digest));
        }
        let (key, digest) = self.credential.signer.open_beside(session, digest)?;
        let digest = digest?;
        Ok((self.credential.of_key(key, chosen, session)?, digest))
    }

    /// Checks the flags against each other and chooses the services; returns the file with them.
    fn check(&self, session: &Session<'_>) -> Result<(&str, Chosen), Failure> {
        let file = exactly_one(&self.files)?;
        let chosen = self.entry_type.apply(self.services.choose(session)?)?;
        self.credential.check(&self.services, &chosen)?;
        self.outputs.check(file, session)?;
        self.outputs.places().check(&chosen, self.credential.is_certified())?;
        if file != "-" || self.hash.is_some() {
            return Ok((file, chosen));
        }
        if self.claimed.is_stdin() {
            return Err(UsageError::because("standard input, -, is either the file or what is claimed of it").into());
        }
        let has_password = session.environment().get(env::PASSWORD).is_some() || session.ui().terminal().stdin;
        if self.credential.has_key() && !has_password {
            return Err(UsageError::because(format!(
                "standard input is what is attested, so the key's password must be in {}",
                env::PASSWORD
            ))
            .into());
        }
        Ok((file, chosen))
    }

    fn given_digest(&self) -> Result<Option<Digest>, Failure> {
        let Some(hex) = &self.hash else { return Ok(None) };
        match format!("sha256:{}", hex.to_ascii_lowercase()).parse() {
            Ok(digest) => Ok(Some(digest)),
            Err(error) => Err(UsageError::because(format!("--hash: {error}")).into()),
        }
    }
}
