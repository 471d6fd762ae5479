//! `sign-blob`: signs files.

mod outputs;

use clap::Args;
use countersign::blob;
use countersign_core::key::PrivateKey;
use countersign_core::message::{Bytes, Message, Needs};
use countersign_core::signer::Signer;

use super::Subcommand;
use crate::args::blob::BlobSource;
use crate::args::image::at_least;
use crate::args::services::ServiceArgs;
use crate::args::signer::SignerArgs;
use crate::args::unserved::{Signing, SigningBlobs, Unserved};
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::session::Session;

/// Signs files as they are and writes the signatures beside them
#[derive(Args)]
pub(crate) struct SignBlob {
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    outputs: outputs::OutputArgs,
    #[command(flatten)]
    services: ServiceArgs,
    #[command(flatten)]
    unserved: Unserved<Signing>,
    #[command(flatten)]
    unserved_blobs: Unserved<SigningBlobs>,

    /// The files; - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,

    /// Does not ask; nothing is asked yet
    #[arg(short, long, hide = true)]
    yes: bool,
}

impl Subcommand for SignBlob {
    const NAME: &'static str = "sign-blob";
    const ABOUT: &'static str = "Signs files, of any size and kind";
    const ARGUMENTS: &'static str = "FILE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.check(session)?;
        let (signer, mut first) = self.open(session)?;
        let needs = signer.needs();
        for file in &self.files {
            let source = BlobSource::new(file, session);
            if source != BlobSource::Stdin {
                session.ui().info(&format!("Using payload from: {file}"));
            }
            let message = match first.take() {
                Some((read_for, message)) if read_for.cover(&needs) => message,
                Some((_, message)) => again(&source, &message, &needs, session)?,
                None => source.read(&needs, session)?,
            };
            let signed = blob::sign(message, &signer, session.now())?;
            self.outputs.write(session, file, &signed)?;
        }
        Ok(())
    }
}

impl SignBlob {
    /// Checks the flags against each other, and that no service is asked for.
    fn check(&self, session: &Session<'_>) -> Result<(), Failure> {
        self.unserved.refuse()?;
        self.unserved_blobs.refuse()?;
        at_least(1, &self.files)?;
        self.services.check(session)?;
        self.outputs.check(&self.files, session)?;
        if self.files.iter().filter(|file| *file == "-").count() > 1 {
            return Err(UsageError::because("standard input, -, can be signed once").into());
        }
        let has_password = session.environment().get(env::PASSWORD).is_some() || session.ui().terminal().stdin;
        if self.files.iter().any(|file| file == "-") && !has_password {
            return Err(UsageError::because(format!(
                "standard input is what is signed, so the key's password must be in {}",
                env::PASSWORD
            ))
            .into());
        }
        Ok(())
    }

    /// Opens the key and, because deriving its encryption key takes a while, reads the first file beside it.
    ///
    /// What kind of key it is shows only when it is open, so the file is read for the kinds that sign a hash.
    fn open(&self, session: &Session<'_>) -> Result<(PrivateKey, Option<(Needs, Message)>), Failure> {
        let needs = Needs::new(&[self.signer.digest()], Bytes::Dropped);
        let (key, first) = self.signer.open_beside(session, || {
            let source = BlobSource::new(self.files.first()?, session);
            // Of what can be read only once, nothing may be lost.
            source.is_a_file().then(|| source.read(&needs, session))
        })?;
        let first = first.transpose()?;
        Ok((key, first.map(|message| (needs, message))))
    }
}

/// Reads a file once more, for a key that signs it as it is, and checks that it is the same.
fn again(source: &BlobSource, message: &Message, needs: &Needs, session: &Session<'_>) -> Result<Message, Failure> {
    let whole = source.read(needs, session)?;
    if whole.digest() == message.digest() {
        return Ok(whole);
    }
    Err(source.changed())
}
