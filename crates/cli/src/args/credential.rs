//! What signs: a key, or a new one that is certified to be that of whoever signs.

use std::sync::Arc;

use clap::Args;
use countersign::credential::Credential;
use countersign_core::signer::Signer;
use countersign_oci::http::Http;

use super::consent::{ConsentArgs, Shown};
use super::identity_token::IdentityTokenArgs;
use super::registry::plain_client;
use super::services::{Chosen, ServiceArgs};
use super::signer::SignerArgs;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// What signs.
#[derive(Args, Clone)]
pub(crate) struct CredentialArgs {
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    #[command(flatten)]
    token: IdentityTokenArgs,
    #[command(flatten)]
    consent: ConsentArgs,

    /// Has the key certified to be that of whoever signs, where there is a --key
    #[arg(long)]
    issue_certificate: bool,
}

impl CredentialArgs {
    /// Says whether there is a key to be opened.
    pub(crate) fn has_key(&self) -> bool {
        self.signer.is_given()
    }

    /// Checks that there is what a certificate needs where one is asked for, and that nothing is said of one where none is.
    pub(crate) fn check(&self, services: &ServiceArgs, chosen: &Chosen) -> Result<(), Failure> {
        if self.is_certified() {
            self.token.check()?;
            return self.check_certified(chosen);
        }
        let said = self.token.given_flag();
        let said = said.or(services.names_authority().then_some("--fulcio-url"));
        match said {
            None => Ok(()),
            Some(flag) => Err(UsageError::because(format!(
                "{flag}: a key signs, so that nothing is certified; --issue-certificate asks for a certificate of the key"
            ))
            .into()),
        }
    }

    fn check_certified(&self, chosen: &Chosen) -> Result<(), Failure> {
        let reason = if chosen.authority.is_none() && self.has_key() {
            "--issue-certificate needs a certificate authority: pass --signing-config with a file, or --fulcio-url"
        } else if chosen.authority.is_none() {
            "a key is needed: pass --key with a file, env://NAME or https://…; \
             or, to sign without one, --signing-config with a file, or --fulcio-url"
        } else if !chosen.services.tell_the_time() {
            "a certificate is valid for minutes, and no service would witness that the signature was made in them: \
             a timestamp authority or a Rekor 1 is needed"
        } else {
            return Ok(());
        };
        Err(UsageError::because(reason).into())
    }

    /// Says whether there will be a certificate.
    pub(crate) fn is_certified(&self) -> bool {
        self.issue_certificate || !self.has_key()
    }

    /// Makes a credential of a key that is open, and asks for consent where it becomes public.
    pub(crate) fn of_key(
        &self,
        key: impl Signer + 'static,
        chosen: &Chosen,
        session: &Session<'_>,
    ) -> Result<Credential, Failure> {
        let signer: Arc<dyn Signer> = Arc::new(key);
        if self.issue_certificate {
            return session.wait(self.certified(Some(signer), chosen, session));
        }
        self.known(signer, chosen, session)
    }

    /// Opens the key, or makes a new one and has it certified; asks for consent where it becomes public.
    pub(crate) async fn obtain(
        &self,
        chosen: &Chosen,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Credential, Failure> {
        if !self.has_key() {
            return self.certified(None, chosen, session).await;
        }
        let signer = self.signer.open(session, http).await?;
        match self.issue_certificate {
            true => self.certified(Some(signer), chosen, session).await,
            false => self.known(signer, chosen, session),
        }
    }

    /// Makes a new key and has it certified.
    pub(crate) async fn keyless(&self, chosen: &Chosen, session: &Session<'_>) -> Result<Credential, Failure> {
        self.certified(None, chosen, session).await
    }

    fn known(&self, signer: Arc<dyn Signer>, chosen: &Chosen, session: &Session<'_>) -> Result<Credential, Failure> {
        self.consent.ask(Shown::Key, &chosen.services, session)?;
        Ok(Credential::of_key(signer))
    }

    async fn certified(
        &self,
        signer: Option<Arc<dyn Signer>>,
        chosen: &Chosen,
        session: &Session<'_>,
    ) -> Result<Credential, Failure> {
        self.check_certified(chosen)?;
        let authority = chosen.authority.as_deref().unwrap_or_default();
        let http = plain_client(session);
        let token = self.token.obtain(chosen.provider.as_deref(), session, &http).await?;
        let shown = Shown::Identity(token.subject());
        self.consent.ask(shown, &chosen.services, session)?;
        Ok(match signer {
            Some(signer) => Credential::issued(signer, authority, &token, &http).await?,
            None => Credential::keyless(authority, &token, &http).await?,
        })
    }
}
