//! The OpenPGP keys that Helm charts may be signed with.

use clap::Args;
use countersign_core::openpgp::Keyring;

use super::given;
use super::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The OpenPGP keys that charts may be signed with.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyringArgs {
    /// The file of public keys that charts may be signed with; default ~/.gnupg/pubring.gpg
    #[arg(long, value_name = "FILE")]
    keyring: Option<String>,
}

impl KeyringArgs {
    /// Says whether a keyring is named.
    pub(crate) fn is_given(&self) -> bool {
        given(&self.keyring).is_some()
    }

    /// Reads the keyring.
    pub(crate) fn read(&self, session: &Session<'_>) -> Result<Keyring, Failure> {
        let path = match given(&self.keyring) {
            Some(path) => path.to_owned(),
            None => default(session)?,
        };
        let bytes = file::read(session.directory(), &path, LIMIT)?;
        Keyring::parse(&bytes).map_err(|source| Failure::Keyring { path, source })
    }
}

fn default(session: &Session<'_>) -> Result<String, Failure> {
    let environment = session.environment();
    let folder = environment.text(env::GNUPGHOME).map(str::to_owned);
    let folder = folder.or_else(|| environment.text(env::HOME).map(|home| format!("{home}/.gnupg")));
    match folder {
        Some(folder) => Ok(format!("{folder}/pubring.gpg")),
        None => Err(UsageError::because("--keyring: there is neither GNUPGHOME nor HOME to look for one in").into()),
    }
}

/// The largest file that is read, in bytes.
const LIMIT: u64 = 16 << 20;
