//! `sign-blob`: signs files.

mod outputs;

use clap::Args;
use countersign::blob::{self, SignedBlob};
use countersign::credential::Credential;
use countersign_core::message::{Bytes, Message, Needs};

use super::Subcommand;
use crate::args::blob::BlobSource;
use crate::args::credential::CredentialArgs;
use crate::args::image::at_least;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::session::Session;

/// Signs files as they are and writes the signatures beside them
#[derive(Args)]
pub(crate) struct SignBlob {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    outputs: outputs::OutputArgs,
    #[command(flatten)]
    services: ServiceArgs,

    /// The files; - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,
}

impl Subcommand for SignBlob {
    const NAME: &'static str = "sign-blob";
    const ABOUT: &'static str = "Signs files, of any size and kind";
    const ARGUMENTS: &'static str = "FILE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let chosen = self.check(session)?;
        let (credential, mut first) = self.open(&chosen, session)?;
        let needs = credential.signer().needs();
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
            let signed = sign(message, &credential, &chosen, session)?;
            self.outputs.write(session, file, &signed, &credential)?;
        }
        Ok(())
    }
}

impl SignBlob {
    /// Checks the flags against each other, and chooses the services.
    fn check(&self, session: &Session<'_>) -> Result<Chosen, Failure> {
        at_least(1, &self.files)?;
        let chosen = self.services.choose(session)?;
        self.credential.check(&self.services, &chosen)?;
        self.outputs.check(&self.files, session)?;
        self.outputs.places().check(&chosen, self.credential.is_certified())?;
        if self.files.iter().filter(|file| *file == "-").count() > 1 {
            return Err(UsageError::because("standard input, -, can be signed once").into());
        }
        let has_password = session.environment().get(env::PASSWORD).is_some() || session.ui().terminal().stdin;
        if self.credential.has_key() && self.files.iter().any(|file| file == "-") && !has_password {
            return Err(UsageError::because(format!(
                "standard input is what is signed, so the key's password must be in {}",
                env::PASSWORD
            ))
            .into());
        }
        Ok(chosen)
    }

    /// Has what signs. Opens the key and, because deriving its encryption key takes a while, reads the first file beside it.
    ///
    /// What kind of key it is shows only when it is open, so the file is read for the kinds that sign a hash.
    fn open(&self, chosen: &Chosen, session: &Session<'_>) -> Result<(Credential, Option<(Needs, Message)>), Failure> {
        if !self.credential.has_key() {
            return Ok((session.wait(self.credential.keyless(chosen, session))?, None));
        }
        let signer = &self.credential.signer;
        let needs = Needs::new(&[signer.digest()], Bytes::Dropped);
        let (key, first) = signer.open_beside(session, || {
            let source = BlobSource::new(self.files.first()?, session);
            // Of what can be read only once, nothing may be lost.
            source.is_a_file().then(|| source.read(&needs, session))
        })?;
        let first = first.transpose()?;
        let credential = self.credential.of_key(key, chosen, session)?;
        Ok((credential, first.map(|message| (needs, message))))
    }
}

/// Signs a message and has the services vouch for it.
fn sign(
    message: Message,
    credential: &Credential,
    chosen: &Chosen,
    session: &Session<'_>,
) -> Result<SignedBlob, Failure> {
    let services = &chosen.services;
    if services.is_empty() && credential.certificate().is_none() {
        return Ok(blob::sign(message, credential.signer(), session.now())?);
    }
    let signed = blob::sign(message.clone(), credential.signer(), session.now())?;
    session.wait(async {
        let vouched = blob::vouch(signed, message, credential, services, || session.now()).await;
        Ok(vouched?)
    })
}

/// Reads a file once more, for a key that signs it as it is, and checks that it is the same.
fn again(source: &BlobSource, message: &Message, needs: &Needs, session: &Session<'_>) -> Result<Message, Failure> {
    let whole = source.read(needs, session)?;
    if whole.digest() == message.digest() {
        return Ok(whole);
    }
    Err(source.changed())
}
