//! The token that says who signs.

use std::path::Path;

use clap::Args;
use countersign::oidc::ambient::{self, FILE, Provider, Surroundings};
use countersign::oidc::{self, AUDIENCE, IdentityToken};
use countersign_core::Secret;
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
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }

    /// Has the token: the one that was given, or one from the surroundings.
    pub(crate) async fn obtain(&self, session: &Session<'_>, http: &Http) -> Result<IdentityToken, Failure> {
        let text = match self.identity_token.as_deref().filter(|text| !text.is_empty()) {
            Some(given) => read(given, session)?,
            None => self.ask(session, http).await?,
        };
        Ok(IdentityToken::parse(text, session.now())?)
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

/// A token, or the file that holds it.
fn read(given: &str, session: &Session<'_>) -> Result<Secret<String>, Failure> {
    if IdentityToken::is_token(given) {
        return Ok(Secret::new(given.to_owned()));
    }
    let bytes = Secret::new(file::read(session.directory(), given, oidc::LIMIT as u64)?);
    Ok(Secret::new(String::from_utf8_lossy(bytes.expose()).trim().to_owned()))
}
