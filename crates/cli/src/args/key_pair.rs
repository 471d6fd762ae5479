//! The two files of a key pair.

use clap::Args;
use countersign_core::Secret;
use countersign_core::key::PrivateKey;

use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// How the two files of a key pair are written.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyPairArgs {
    /// Overwrites existing files without asking
    #[arg(short, long)]
    yes: bool,
}

impl KeyPairArgs {
    /// Seals `key` and writes `PREFIX.key` and `PREFIX.pub`; asks before either replaces a file.
    pub(crate) fn write(
        &self,
        session: &Session<'_>,
        prefix: &str,
        key: &PrivateKey,
        password: &Secret<Vec<u8>>,
    ) -> Result<(), Failure> {
        let private_path = format!("{prefix}.key");
        let public_path = format!("{prefix}.pub");
        let existing = self.consent(session, [&private_path, &public_path])?;
        let sealed = key.seal(password, session.random()?, session.random()?)?;
        let directory = session.directory();
        let public_text = key.public_key().to_pem();
        let private_file = file::prepare(directory, &private_path, sealed.expose().as_bytes(), Mode::Private)?;
        let public_file = file::prepare(directory, &public_path, public_text.as_bytes(), Mode::Public)?;
        private_file.place(existing)?;
        session.ui().info(&format!("Private key written to {private_path}"));
        public_file.place(existing)?;
        session.ui().info(&format!("Public key written to {public_path}"));
        Ok(())
    }

    fn consent(&self, session: &Session<'_>, paths: [&str; 2]) -> Result<Existing, Failure> {
        let there: Vec<&str> = paths
            .into_iter()
            .filter(|path| file::exists(session.directory(), path))
            .collect();
        if there.is_empty() {
            return Ok(Existing::Keep);
        }
        for path in there {
            session.ui().warn(&format!("File {path} already exists. Overwrite?"));
        }
        if !self.yes {
            session.ui().confirm()?;
        }
        Ok(Existing::Replace)
    }
}
