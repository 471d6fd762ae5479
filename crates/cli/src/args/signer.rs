//! The key that signs, opened.

use std::sync::Arc;

use clap::Args;
use countersign::sign::SignError;
use countersign_core::key::SignatureDigest;
use countersign_core::signer::Signer;
use countersign_oci::http::Http;

use super::key::KeyArgs;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::password::{self, Purpose};
use crate::session::Session;

/// The key that signs.
#[derive(Args, Clone, Debug)]
pub(crate) struct SignerArgs {
    #[command(flatten)]
    key: KeyArgs,

    /// The digest that is signed: sha256, sha384 or sha512
    #[arg(long, value_name = "DIGEST")]
    signature_digest_algorithm: Option<SignatureDigest>,
}

impl SignerArgs {
    /// Opens the key; deriving its encryption key takes longer than a request, so it runs beside them.
    pub(crate) async fn open(&self, session: &Session<'_>, http: &Http) -> Result<Arc<dyn Signer>, Failure> {
        let reference = self
            .key
            .reference(session)?
            .ok_or_else(|| UsageError::because("a key is needed: pass --key with a file, env://NAME or https://…"))?;
        let pem = reference.read(&session.variables(), http).await?;
        let password = password::obtain(session, Purpose::Open)?;
        let opened = tokio::task::spawn_blocking(move || reference.open(&pem, &password)).await;
        let key = opened.map_err(Failure::Task)??;
        Ok(match self.signature_digest_algorithm {
            Some(digest) => Arc::new(key.with_digest(digest).map_err(SignError::from)?),
            None => Arc::new(key),
        })
    }
}
