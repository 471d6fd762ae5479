//! The token that says who signs.

use std::path::Path;
use std::str::FromStr;

use clap::Args;
use countersign::credential::CredentialError;
use countersign::oidc::ambient::{self, FILE, Provider, Surroundings};
use countersign::oidc::{self, AUDIENCE, IdentityToken, device};
use countersign_core::Secret;
use countersign_core::quoted::Quoted;
use countersign_oci::http::Http;

use super::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// The token that says who signs.
#[derive(Args, Clone)]
#[command(next_help_heading = "Flags of identity")]
pub(crate) struct IdentityTokenArgs {
    /// The identity token, or a file that holds it
    #[arg(long, value_name = "TOKEN")]
    identity_token: Option<String>,

    /// How to log in where there is no token: device (a page that is opened on any device), or token (not at all)
    #[arg(long, value_name = "FLOW")]
    fulcio_auth_flow: Option<Flow>,

    /// The OpenID provider to log in at, instead of that of the signing configuration
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,

    /// The name under which the OpenID provider knows this program
    #[arg(long, value_name = "ID")]
    oidc_client_id: Option<String>,

    /// Asks only this for an identity token: github-actions, buildkite-agent, envvar (SIGSTORE_ID_TOKEN) or filesystem
    #[arg(long, value_name = "NAME")]
    oidc_provider: Option<Provider>,

    /// Does not ask the surroundings, such as a CI service, for an identity token
    #[arg(long)]
    oidc_disable_ambient_providers: bool,
}

impl IdentityTokenArgs {
    /// Returns the first of these flags that was given.
    pub(crate) fn given_flag(&self) -> Option<&'static str> {
        let given = [
            (
                self.identity_token.as_deref().is_some_and(|text| !text.is_empty()),
                "--identity-token",
            ),
            (self.oidc_provider.is_some(), "--oidc-provider"),
            (self.oidc_disable_ambient_providers, "--oidc-disable-ambient-providers"),
            (self.fulcio_auth_flow.is_some(), "--fulcio-auth-flow"),
            (self.oidc_issuer.is_some(), "--oidc-issuer"),
            (self.oidc_client_id.is_some(), "--oidc-client-id"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }

    /// Checks the flags against each other.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let logs_in = self.fulcio_auth_flow == Some(Flow::Device);
        let reason = if logs_in && self.identity_token.is_some() {
            "--fulcio-auth-flow device: there is an --identity-token, so that nobody has to log in"
        } else if logs_in && (self.oidc_provider.is_some() || self.oidc_disable_ambient_providers) {
            "--fulcio-auth-flow device asks no other identity provider"
        } else if !logs_in && self.oidc_issuer.is_some() {
            "--oidc-issuer is where to log in: pass --fulcio-auth-flow device with it"
        } else if !logs_in && self.oidc_client_id.is_some() {
            "--oidc-client-id is for logging in: pass --fulcio-auth-flow device with it"
        } else {
            return Ok(());
        };
        Err(UsageError::because(reason).into())
    }

    /// Has the token: the one that was given, one from a login at `provider`, or one from the surroundings.
    pub(crate) async fn obtain(
        &self,
        provider: Option<&str>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<IdentityToken, Failure> {
        let given = self.identity_token.as_deref().filter(|text| !text.is_empty());
        let text = match (given, self.fulcio_auth_flow) {
            (Some(given), _) => read(given, session)?,
            (None, Some(Flow::Device)) => self.log_in(provider, session, http).await?,
            (None, Some(Flow::Token) | None) => self.ask(session, http).await?,
        };
        Ok(IdentityToken::parse(text, session.now())?)
    }

    async fn log_in(
        &self,
        provider: Option<&str>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Secret<String>, Failure> {
        let Some(issuer) = self.oidc_issuer.as_deref().or(provider) else {
            return Err(UsageError::because(
                "--fulcio-auth-flow device: where to log in is not known: pass --oidc-issuer, or --signing-config with a file",
            )
            .into());
        };
        let client_id = self.oidc_client_id.as_deref().unwrap_or(device::CLIENT_ID);
        let show = |request: &device::Request| {
            let page = Quoted::new(&request.page);
            let code = Quoted::new(&request.code);
            session.ui().info(&format!(
                "To log in, open the page {page} on any device; its code must be {code}"
            ));
        };
        let token = device::token(issuer, client_id, session.random()?, show, http).await;
        Ok(token.map_err(CredentialError::from)?)
    }

    async fn ask(&self, session: &Session<'_>, http: &Http) -> Result<Secret<String>, Failure> {
        let surroundings = Surroundings {
            variable: &session.variables(),
            file: Path::new(FILE),
        };
        let found = match self.oidc_provider {
            Some(provider) => Some(ambient::token_of(provider, &surroundings, AUDIENCE, http).await?),
            None if self.oidc_disable_ambient_providers => None,
            None => ambient::token(&surroundings, AUDIENCE, http).await?,
        };
        found.ok_or_else(|| {
            UsageError::because(
                "who signs is not known: pass --key, or --identity-token, or run where GitHub Actions, Buildkite, \
                 SIGSTORE_ID_TOKEN or /var/run/sigstore/cosign/oidc-token gives an identity token",
            )
            .into()
        })
    }
}

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// On a page that is opened on any device.
    Device,
    /// Not at all: there is a token.
    Token,
}

impl FromStr for Flow {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "device" => Ok(Self::Device),
            "token" => Ok(Self::Token),
            "normal" => Err("a login in a browser is not possible yet: expected device or token"),
            _ => Err("expected device or token"),
        }
    }
}

/// A token, or the file that holds it.
fn read(given: &str, session: &Session<'_>) -> Result<Secret<String>, Failure> {
    if IdentityToken::is_token(given) {
        return Ok(Secret::new(given.to_owned()));
    }
    let bytes = Secret::new(file::read(session.directory(), given, oidc::LIMIT as u64)?);
    Ok(Secret::new(String::from_utf8_lossy(bytes.expose()).trim().to_owned()))
}
