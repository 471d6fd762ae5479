//! What signs: a key, or a new one that is certified to be that of whoever signs.

use std::sync::Arc;

use clap::Args;
use countersign::credential::Credential;
use countersign_core::signer::Signer;
use countersign_oci::http::Http;

use super::consent::{ConsentArgs, Shown};
use super::identity_token::IdentityTokenArgs;
use super::own_certificate::OwnCertificateArgs;
use super::registry::plain_client;
use super::services::{Chosen, ServiceArgs};
use super::signer::SignerArgs;
use super::signing_algorithm::SigningAlgorithm;
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
    #[command(flatten)]
    own: OwnCertificateArgs,

    /// The kind of the new key, where no --key is given: ecdsa-sha2-256-nistp256 (the default), ecdsa-sha2-384-nistp384,
    /// ecdsa-sha2-512-nistp521, or rsa-sign-pkcs1-2048-sha256, -3072- or -4096-
    #[arg(long, value_name = "ALGORITHM")]
    signing_algorithm: Option<SigningAlgorithm>,

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
        if self.own.is_given() && (self.issue_certificate || !self.has_key()) {
            let reason = match self.issue_certificate {
                true => "--certificate and --issue-certificate exclude each other: a key has one certificate",
                false => "--certificate is of a key: pass --key with it",
            };
            return Err(UsageError::because(reason).into());
        }
        if self.signing_algorithm.is_some() && self.has_key() {
            return Err(UsageError::because("--signing-algorithm is of a new key: pass it without --key").into());
        }
        if self.is_issued() {
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
        self.is_issued() || self.own.is_given()
    }

    /// Says whether a certificate will be asked for.
    fn is_issued(&self) -> bool {
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
        let credential = self.own.certify(signer, session)?;
        let name = credential
            .certificate()
            .and_then(|certificate| certificate.names().first());
        let name = name.map(ToString::to_string);
        let shown = match (&name, credential.certificate()) {
            (_, None) => Shown::Key,
            (Some(name), Some(_)) => Shown::Certificate(name),
            (None, Some(_)) => Shown::Certificate("nobody"),
        };
        self.consent.ask(shown, &chosen.services, session)?;
        Ok(credential)
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
        let signer = match signer {
            Some(signer) => signer,
            None => Arc::new(self.signing_algorithm.unwrap_or_default().generate()?),
        };
        Ok(Credential::issued(signer, authority, &token, &http).await?)
    }
}
