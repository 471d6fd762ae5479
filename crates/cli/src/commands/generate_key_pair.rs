//! `generate-key-pair`: a new key pair in two files.

use clap::Args;
use countersign_core::key::{KeyAlgorithm, PrivateKey};

use super::Subcommand;
use crate::args::key_pair::KeyPairArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::password::{self, Purpose};
use crate::session::Session;

/// Makes a key pair
#[derive(Args)]
pub(crate) struct GenerateKeyPair {
    #[command(flatten)]
    files: KeyPairArgs,

    /// What begins the names of the two files
    #[arg(long, value_name = "PREFIX", default_value = "cosign")]
    output_key_prefix: String,

    /// The kind of key: ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096
    #[arg(long = "type", value_name = "TYPE", default_value = "ecdsa-p256")]
    algorithm: KeyAlgorithm,

    /// Makes the key in a key management service
    #[arg(long, value_name = "REFERENCE")]
    kms: Option<String>,

    #[arg(value_name = "TARGET", hide = true)]
    targets: Vec<String>,
}

impl Subcommand for GenerateKeyPair {
    const NAME: &'static str = "generate-key-pair";
    const ABOUT: &'static str = "Makes a key pair: PREFIX.key, sealed with a password, and PREFIX.pub";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        if let Some(reference) = self.kms.as_deref().or(self.targets.first().map(String::as_str)) {
            return Err(elsewhere(reference));
        }
        let password = password::obtain(session, Purpose::Create)?;
        let key = PrivateKey::generate(self.algorithm)?;
        self.files.write(session, &self.output_key_prefix, &key, &password)
    }
}

fn elsewhere(reference: &str) -> Failure {
    let kind = reference.split_once(':').map_or(reference, |(kind, _)| kind);
    UsageError::because(format!("keys cannot be made in {kind} ({reference}): only in files")).into()
}
