//! Who is trusted to have signed, and what else must vouch for it.

use clap::Args;
use countersign::key_reference::KeyReference;
use countersign_core::key::{PublicKey, SignatureDigest};
use countersign_core::policy::{LogRule, TrustedSigner};
use countersign_oci::http::Http;

use super::key::KeyArgs;
use super::registry::plain_client;
use super::services::check_trusted_root;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Who is trusted to have signed, and what else must vouch for it.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustedSignerArgs {
    #[command(flatten)]
    key: KeyArgs,

    /// Does not ask for an entry in a transparency log
    #[arg(long)]
    insecure_ignore_tlog: bool,

    /// Does not ask for an entry in a transparency log, because there is a private one
    #[arg(long)]
    private_infrastructure: bool,

    /// Contacts nothing but the registry
    #[arg(long)]
    offline: bool,

    /// The trusted root, a file
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,

    /// The digest that was signed: sha256, sha384 or sha512; without it, those usual for the key
    #[arg(long, value_name = "DIGEST")]
    signature_digest_algorithm: Option<SignatureDigest>,
}

impl TrustedSignerArgs {
    /// The rule for logs: no log is reached yet, so whoever verifies must have said so.
    pub(crate) fn log(&self) -> Result<LogRule, Failure> {
        if self.insecure_ignore_tlog || self.private_infrastructure {
            return Ok(LogRule::InsecurelyIgnored);
        }
        Err(UsageError::because(
            "verifying with a transparency log is not possible yet: pass --insecure-ignore-tlog to verify with the key alone",
        )
        .into())
    }

    /// Checks the trusted root and warns of what is not asked of `thing`.
    pub(crate) fn check(&self, thing: &str, session: &Session<'_>) -> Result<(), Failure> {
        check_trusted_root(self.trusted_root.as_deref(), session)?;
        if self.insecure_ignore_tlog {
            session.ui().warn(&format!(
                "Skipping tlog verification is an insecure practice that lacks transparency and auditability \
                 verification for the {thing}."
            ));
        }
        Ok(())
    }

    /// Whether nothing but the registry may be contacted.
    pub(crate) fn is_offline(&self) -> bool {
        self.offline
    }

    /// Reads the key.
    pub(crate) async fn signer(&self, session: &Session<'_>, http: &Http) -> Result<TrustedSigner, Failure> {
        let reference = self.reference(session)?;
        let key = reference.public_key(&session.variables(), http).await?;
        Ok(self.trusting(key))
    }

    /// Reads the key for a command that needs no registry, and so no client where the key is here.
    pub(crate) fn signer_alone(&self, session: &Session<'_>) -> Result<TrustedSigner, Failure> {
        let reference = self.reference(session)?;
        if let Some(pem) = reference.read_here(&session.variables())? {
            return Ok(self.trusting(reference.parse_public(&pem)?));
        }
        let http = plain_client(session);
        session.wait(self.signer(session, &http))
    }

    fn reference(&self, session: &Session<'_>) -> Result<KeyReference, Failure> {
        let reference = self
            .key
            .reference(session)?
            .ok_or_else(|| UsageError::because("a key is needed: pass --key with a file, env://NAME or https://…"))?;
        if self.offline && reference.is_remote() {
            return Err(UsageError::because("--offline: the key is on the network").into());
        }
        Ok(reference)
    }

    fn trusting(&self, key: PublicKey) -> TrustedSigner {
        match self.signature_digest_algorithm {
            Some(digest) => TrustedSigner::key_with_digest(key, digest),
            None => TrustedSigner::key(key),
        }
    }
}
