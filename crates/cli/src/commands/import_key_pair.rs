//! `import-key-pair`: a private key of another program becomes a key pair in two files.

use clap::Args;
use countersign_core::Secret;
use countersign_core::key::{ImportError, KEY_FILE_LIMIT, PrivateKey};

use super::Subcommand;
use crate::args::key_pair::KeyPairArgs;
use crate::failure::Failure;
use crate::file;
use crate::password::{self, Purpose};
use crate::session::Session;

/// Imports a private key
#[derive(Args)]
pub(crate) struct ImportKeyPair {
    /// The file with the private key, PEM: PKCS #1, SEC 1, PKCS #8 or encrypted PKCS #8
    #[arg(short, long, value_name = "FILE", required = true)]
    key: String,

    /// What begins the names of the two files
    #[arg(short, long, value_name = "PREFIX", default_value = "import-cosign")]
    output_key_prefix: String,

    #[command(flatten)]
    files: KeyPairArgs,
}

impl Subcommand for ImportKeyPair {
    const NAME: &'static str = "import-key-pair";
    const ABOUT: &'static str = "Makes a key pair of a private key in PEM";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let limit = u64::try_from(KEY_FILE_LIMIT).expect("a limit of some KiB fits");
        let text = Secret::new(file::read(session.directory(), &self.key, limit)?);
        let refused = |source| Failure::Import {
            path: self.key.clone(),
            source,
        };
        let (key, password) = match PrivateKey::import(text.expose(), None) {
            Err(ImportError::PasswordNeeded) => {
                let passwords = password::for_import(session)?;
                let key = PrivateKey::import(text.expose(), Some(&passwords.old)).map_err(refused)?;
                (key, passwords.new)
            }
            imported => (imported.map_err(refused)?, password::obtain(session, Purpose::Create)?),
        };
        self.files.write(session, &self.output_key_prefix, &key, &password)
    }
}
