//! The token that says who signs.

use std::path::Path;
use std::str::FromStr;

use clap::Args;
use countersign::credential::CredentialError;
use countersign::oidc::ambient::{self, AGENT, FILE, GOOGLE, MACHINE, Provider, Surroundings};
use countersign::oidc::{self, AUDIENCE, CLIENT_ID, Client, IdentityToken, browser, device};
use countersign_core::Secret;
use countersign_core::quoted::Quoted;
use countersign_oci::http::Http;

use super::opener;
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

    /// How to log in where there is no token: normal (in a browser of this machine), device (a page that is opened on any
    /// device), or token (not at all); without it, in a browser if this is a terminal, else on a device
    #[arg(long, value_name = "FLOW")]
    fulcio_auth_flow: Option<Flow>,

    /// The OpenID provider to log in at, instead of that of the signing configuration
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,

    /// The name under which the OpenID provider knows this program
    #[arg(long, value_name = "ID")]
    oidc_client_id: Option<String>,

    /// The file with the secret that the OpenID provider knows this program by, beside its name
    #[arg(long, value_name = "FILE")]
    oidc_client_secret_file: Option<String>,

    /// Where the browser comes back to after the login, http://localhost:PORT/PATH; without it, at a free port
    #[arg(long, value_name = "URL")]
    oidc_redirect_url: Option<String>,

    /// Asks only this for an identity token: github-actions, buildkite-agent, envvar (SIGSTORE_ID_TOKEN), filesystem,
    /// google-workload-identity, google-impersonate or spiffe
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
            (self.oidc_client_secret_file.is_some(), "--oidc-client-secret-file"),
            (self.oidc_redirect_url.is_some(), "--oidc-redirect-url"),
        ];
        given.into_iter().find_map(|(is_given, flag)| is_given.then_some(flag))
    }

    /// Checks the flags against each other.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let flow = self.fulcio_auth_flow;
        let logs_in = matches!(flow, Some(Flow::Device | Flow::Normal));
        let of_login = [
            (self.oidc_issuer.is_some(), "--oidc-issuer"),
            (self.oidc_client_id.is_some(), "--oidc-client-id"),
            (self.oidc_client_secret_file.is_some(), "--oidc-client-secret-file"),
            (self.oidc_redirect_url.is_some(), "--oidc-redirect-url"),
        ];
        let of_login = of_login
            .into_iter()
            .find_map(|(is_given, flag)| is_given.then_some(flag));
        let name = flow.map_or("", Flow::name);
        let reason = match of_login {
            _ if logs_in && self.identity_token.is_some() => {
                format!("--fulcio-auth-flow {name}: there is an --identity-token, so that nobody has to log in")
            }
            _ if logs_in && (self.oidc_provider.is_some() || self.oidc_disable_ambient_providers) => {
                format!("--fulcio-auth-flow {name} asks no other identity provider")
            }
            Some(flag) if flow == Some(Flow::Token) || self.identity_token.is_some() => {
                format!("{flag} is for logging in, and there is a token")
            }
            _ if flow == Some(Flow::Device) && self.oidc_redirect_url.is_some() => {
                "--oidc-redirect-url is for a browser of this machine: not with --fulcio-auth-flow device".to_owned()
            }
            _ => return Ok(()),
        };
        Err(UsageError::because(reason).into())
    }

    /// Has the token: the one that was given, one from the surroundings, or one from a login at `provider`.
    pub(crate) async fn obtain(
        &self,
        provider: Option<&str>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<IdentityToken, Failure> {
        let given = self.identity_token.as_deref().filter(|text| !text.is_empty());
        let text = match (given, self.fulcio_auth_flow) {
            (Some(given), _) => read(given, session)?,
            (None, Some(Flow::Token)) => self.ask(session, http).await?.ok_or_else(unknown)?,
            (None, Some(flow)) => self.log_in(flow, provider, session, http).await?,
            (None, None) => match self.ask(session, http).await? {
                Some(token) => token,
                None => self.log_in_somehow(provider, session, http).await?,
            },
        };
        Ok(IdentityToken::parse(text, session.now())?)
    }

    /// Logs in as the terminal allows, where it is known at which provider.
    async fn log_in_somehow(
        &self,
        provider: Option<&str>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Secret<String>, Failure> {
        if self.oidc_issuer.as_deref().or(provider).is_none() || self.oidc_provider.is_some() {
            return Err(unknown());
        }
        let flow = match session.ui().terminal().stdin {
            true => Flow::Normal,
            false => {
                let told = "Non-interactive mode detected, using device flow.";
                session.ui().info(told);
                Flow::Device
            }
        };
        self.log_in(flow, provider, session, http).await
    }

    async fn log_in(
        &self,
        flow: Flow,
        provider: Option<&str>,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Secret<String>, Failure> {
        let Some(issuer) = self.oidc_issuer.as_deref().or(provider) else {
            return Err(UsageError::because(format!(
                "--fulcio-auth-flow {}: where to log in is not known: pass --oidc-issuer, or --signing-config with a file",
                flow.name()
            ))
            .into());
        };
        let secret = self.oidc_client_secret_file.as_deref();
        let secret = secret.map(|path| read_secret(path, session)).transpose()?;
        let client = Client {
            issuer,
            id: self.oidc_client_id.as_deref().unwrap_or(CLIENT_ID),
            secret: secret.as_ref(),
            seed: session.random()?,
        };
        let token = match flow {
            Flow::Normal => {
                let ui = session.ui();
                let user = browser::User {
                    open: &|address| opener::open(address, session),
                    tell: &|text| ui.info(text),
                    ask: &|question| ui.ask_line(question),
                };
                browser::token(&client, self.oidc_redirect_url.as_deref(), &user, http).await
            }
            Flow::Device | Flow::Token => device::token(&client, |request| show(request, session), http).await,
        };
        Ok(token.map_err(CredentialError::from)?)
    }

    /// Asks the surroundings.
    async fn ask(&self, session: &Session<'_>, http: &Http) -> Result<Option<Secret<String>>, Failure> {
        let surroundings = Surroundings {
            variable: &session.variables(),
            file: Path::new(FILE),
            machine: Path::new(MACHINE),
            google: GOOGLE,
            agent: Path::new(AGENT),
        };
        Ok(match self.oidc_provider {
            Some(provider) => Some(ambient::token_of(provider, &surroundings, AUDIENCE, http).await?),
            None if self.oidc_disable_ambient_providers => None,
            None => ambient::token(&surroundings, AUDIENCE, http).await?,
        })
    }
}

fn show(request: &device::Request, session: &Session<'_>) {
    let (page, code) = (Quoted::new(&request.page), Quoted::new(&request.code));
    session.ui().info(&format!(
        "To log in, open the page {page} on any device; its code must be {code}"
    ));
}

fn unknown() -> Failure {
    UsageError::because(
        "who signs is not known: pass --key, or --identity-token, or --oidc-issuer to log in, or run where GitHub Actions, \
         Buildkite, Google, SPIFFE, SIGSTORE_ID_TOKEN or /var/run/sigstore/cosign/oidc-token gives an identity token",
    )
    .into()
}

/// How to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// In a browser of this machine.
    Normal,
    /// On a page that is opened on any device.
    Device,
    /// Not at all: there is a token.
    Token,
}

impl Flow {
    fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Device => "device",
            Self::Token => "token",
        }
    }
}

impl FromStr for Flow {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "device" => Ok(Self::Device),
            "token" => Ok(Self::Token),
            "normal" => Ok(Self::Normal),
            _ => Err("expected normal, device or token"),
        }
    }
}

fn read_secret(path: &str, session: &Session<'_>) -> Result<Secret<String>, Failure> {
    let bytes = Secret::new(file::read(session.directory(), path, oidc::LIMIT as u64)?);
    Ok(Secret::new(String::from_utf8_lossy(bytes.expose()).trim().to_owned()))
}

/// A token, or the file that holds it.
fn read(given: &str, session: &Session<'_>) -> Result<Secret<String>, Failure> {
    if IdentityToken::is_token(given) {
        return Ok(Secret::new(given.to_owned()));
    }
    read_secret(given, session)
}
