//! The key that signs, opened.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use clap::Args;
use countersign::key_reference::KeyReference;
use countersign::sign::SignError;
use countersign_core::key::{PrivateKey, SignatureDigest};
use countersign_core::signer::Signer;
use countersign_oci::http::Http;

use super::key::KeyArgs;
use super::registry::plain_client;
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
        let reference = self.reference(session)?;
        let pem = reference.read(&session.variables(), http).await?;
        let password = password::obtain(session, Purpose::Open)?;
        let opened = tokio::task::spawn_blocking(move || reference.open(&pem, &password)).await;
        Ok(Arc::new(self.with_digest(opened.map_err(Failure::Task)??)?))
    }

    /// Opens the key for a command that needs no registry, and does `work` beside it.
    pub(crate) fn open_beside<T>(
        &self,
        session: &Session<'_>,
        work: impl FnOnce() -> T,
    ) -> Result<(PrivateKey, T), Failure> {
        let reference = self.reference(session)?;
        let pem = match reference.read_here(&session.variables())? {
            Some(pem) => pem,
            None => {
                let http = plain_client(session);
                session.wait(async { Ok(reference.read(&session.variables(), &http).await?) })?
            }
        };
        let password = password::obtain(session, Purpose::Open)?;
        let (opened, done) = thread::scope(|scope| {
            let opening = scope.spawn(|| reference.open(&pem, &password));
            let done = work();
            (opening.join().unwrap_or_else(|panic| resume_unwind(panic)), done)
        });
        Ok((self.with_digest(opened?)?, done))
    }

    /// Says whether a key was given.
    pub(crate) fn is_given(&self) -> bool {
        self.key.is_given()
    }

    /// The digest that an ECDSA or RSA key signs.
    pub(crate) fn digest(&self) -> SignatureDigest {
        self.signature_digest_algorithm.unwrap_or(SignatureDigest::Sha256)
    }

    fn reference(&self, session: &Session<'_>) -> Result<KeyReference, Failure> {
        Ok(self
            .key
            .reference(session)?
            .ok_or_else(|| UsageError::because("a key is needed: pass --key with a file, env://NAME or https://…"))?)
    }

    fn with_digest(&self, key: PrivateKey) -> Result<PrivateKey, Failure> {
        Ok(match self.signature_digest_algorithm {
            Some(digest) => key.with_digest(digest).map_err(SignError::from)?,
            None => key,
        })
    }
}
