//! `public-key`: the public half of a key.

use clap::Args;
use countersign_core::key;

use super::Subcommand;
use crate::args::key::KeyArgs;
use crate::args::registry::plain_client;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::password::{self, Purpose};
use crate::session::Session;

/// Prints a public key
#[derive(Args)]
pub(crate) struct PublicKey {
    #[command(flatten)]
    key: KeyArgs,

    /// Writes the public key to FILE instead of stdout
    #[arg(long, value_name = "FILE")]
    outfile: Option<String>,
}

impl Subcommand for PublicKey {
    const NAME: &'static str = "public-key";
    const ABOUT: &'static str = "Prints the public half of a private key, or a public key as it is";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let text = self.public_half(session)?.to_pem();
        let Some(path) = self.outfile.as_deref().filter(|path| !path.is_empty()) else {
            return session.ui().print(text.as_bytes());
        };
        file::write(
            session.directory(),
            path,
            text.as_bytes(),
            Mode::Private,
            Existing::Replace,
        )?;
        session.ui().info(&format!("Public key written to {path}"));
        Ok(())
    }
}

impl PublicKey {
    /// The public half of a private key; of a key that is public already, the key.
    fn public_half(&self, session: &Session<'_>) -> Result<key::PublicKey, Failure> {
        let Some(reference) = self.key.reference(session)? else {
            let reason = "exactly one of: key reference (--key), or hardware token (--sk) must be provided";
            return Err(UsageError::because(reason).into());
        };
        let http = plain_client(session);
        let pem = session.wait(async { Ok(reference.read(&session.variables(), &http).await?) })?;
        if let Ok(public_key) = key::PublicKey::from_pem(pem.expose()) {
            return Ok(public_key);
        }
        let password = password::obtain(session, Purpose::Open)?;
        Ok(reference.open(&pem, &password)?.public_key().clone())
    }
}
