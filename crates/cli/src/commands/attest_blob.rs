//! `attest-blob`: signs what is claimed of a file.

mod outputs;

use std::path::Path;

use clap::Args;
use countersign::blob;
use countersign_core::Digest;
use countersign_core::message::{Bytes, Needs};

use super::Subcommand;
use crate::args::attachment;
use crate::args::blob::BlobSource;
use crate::args::claimed::ClaimedArgs;
use crate::args::image::exactly_one;
use crate::args::services::ServiceArgs;
use crate::args::signer::SignerArgs;
use crate::args::unserved::{AttestingBlobs, Signing, Unserved};
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::session::Session;

/// Signs what is claimed of a file
#[derive(Args)]
pub(crate) struct AttestBlob {
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    claimed: ClaimedArgs,
    #[command(flatten)]
    outputs: outputs::OutputArgs,
    #[command(flatten)]
    services: ServiceArgs,
    #[command(flatten)]
    unserved: Unserved<Signing>,
    #[command(flatten)]
    unserved_blobs: Unserved<AttestingBlobs>,

    /// The file; - is standard input
    #[arg(value_name = "FILE", id = "file")]
    files: Vec<String>,

    /// The SHA-256 of the file in hexadecimal; then the file itself is not read
    #[arg(long, value_name = "HEX")]
    hash: Option<String>,

    /// Does not ask; nothing is asked yet
    #[arg(short, long, hide = true)]
    yes: bool,
}

impl Subcommand for AttestBlob {
    const NAME: &'static str = "attest-blob";
    const ABOUT: &'static str = "Signs what is claimed of a file";
    const ARGUMENTS: &'static str = "FILE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let file = self.check(session)?;
        let limits = attachment::limits(1, session)?;
        let claimed = self.claimed.read(session, &limits)?;
        let given = self.given_digest()?;
        let (signer, digest) = self.signer.open_beside(session, || match given {
            Some(digest) => Ok(digest),
            None => {
                let hash = Needs::new(&[], Bytes::Dropped);
                let message = BlobSource::new(file, session).read(&hash, session)?;
                Ok::<_, Failure>(message.digest().clone())
            }
        })?;
        let name = Path::new(file).file_name().unwrap_or(file.as_ref()).to_string_lossy();
        let made = blob::attest(&name, &digest?, &claimed, &signer, session.now())?;
        self.outputs.write(session, file, &made)
    }
}

impl AttestBlob {
    /// Checks the flags against each other, and that no service is asked for; returns the file.
    fn check(&self, session: &Session<'_>) -> Result<&str, Failure> {
        self.unserved.refuse()?;
        self.unserved_blobs.refuse()?;
        let file = exactly_one(&self.files)?;
        self.services.check(session)?;
        self.outputs.check(file, session)?;
        if file != "-" || self.hash.is_some() {
            return Ok(file);
        }
        if self.claimed.is_stdin() {
            return Err(UsageError::because("standard input, -, is either the file or what is claimed of it").into());
        }
        let has_password = session.environment().get(env::PASSWORD).is_some() || session.ui().terminal().stdin;
        if !has_password {
            return Err(UsageError::because(format!(
                "standard input is what is attested, so the key's password must be in {}",
                env::PASSWORD
            ))
            .into());
        }
        Ok(file)
    }

    fn given_digest(&self) -> Result<Option<Digest>, Failure> {
        let Some(hex) = &self.hash else { return Ok(None) };
        match format!("sha256:{}", hex.to_ascii_lowercase()).parse() {
            Ok(digest) => Ok(Some(digest)),
            Err(error) => Err(UsageError::because(format!("--hash: {error}")).into()),
        }
    }
}
