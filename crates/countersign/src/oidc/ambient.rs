//! Tokens that the surroundings give: the CI service that runs us, or a file or variable that somebody has set.

mod google;
mod spiffe;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use countersign_core::Secret;
use countersign_oci::http::grpc::AgentAddress;
use countersign_oci::http::{Call, Http};
use serde::Deserialize;

#[cfg(fuzzing)]
pub use self::spiffe::fuzzing;
pub use self::spiffe::{AGENT, SpiffeError};

use super::LIMIT;
use crate::service::{JSON, Place, Service, ServiceError};

/// What gives a token without anybody being asked, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// GitHub Actions: `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    GitHubActions,
    /// Buildkite: `BUILDKITE_JOB_ID` and `BUILDKITE_AGENT_ACCESS_TOKEN`.
    Buildkite,
    /// The variable `SIGSTORE_ID_TOKEN`, which GitLab sets among others.
    Variable,
    /// The file `/var/run/sigstore/cosign/oidc-token`.
    File,
    /// Google's metadata server, which virtual machines and builds have.
    Google,
    /// The account of Google that `GOOGLE_SERVICE_ACCOUNT_NAME` names, by the metadata server's.
    GoogleImpersonate,
    /// A SPIFFE agent: at `SPIFFE_ENDPOINT_SOCKET`, or where SPIRE's listens by default.
    Spiffe,
}

impl Provider {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::GitHubActions,
        Self::Buildkite,
        Self::Variable,
        Self::File,
        Self::Google,
        Self::GoogleImpersonate,
        Self::Spiffe,
    ];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHubActions => "github-actions",
            Self::Buildkite => "buildkite-agent",
            Self::Variable => "envvar",
            Self::File => "filesystem",
            Self::Google => "google-workload-identity",
            Self::GoogleImpersonate => "google-impersonate",
            Self::Spiffe => "spiffe",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.name() == text)
            .ok_or_else(|| UnknownProvider { found: text.to_owned() })
    }
}

/// No provider has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no identity provider is called {found:?}: expected github-actions, buildkite-agent, envvar, filesystem, \
     google-workload-identity, google-impersonate or spiffe"
)]
pub struct UnknownProvider {
    /// The name.
    pub found: String,
}

/// What is around us.
pub struct Surroundings<'a> {
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The file that may hold a token.
    pub file: &'a Path,
    /// The file that says whose machine this is.
    pub machine: &'a Path,
    /// Where Google gives tokens for its accounts.
    pub google: &'a str,
    /// Where a SPIFFE agent may listen.
    pub agent: &'a Path,
}

/// Where the file is by custom.
pub const FILE: &str = "/var/run/sigstore/cosign/oidc-token";

/// Where Linux says whose machine this is.
pub const MACHINE: &str = "/sys/class/dmi/id/product_name";

/// Where Google gives tokens for its accounts (IAM Service Account Credentials API).
pub const GOOGLE: &str = "https://iamcredentials.googleapis.com/v1";

/// Why a provider that is there gave no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AmbientError {
    /// The file cannot be read.
    #[error("reading identity token {}", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The service gave none.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The provider is not there.
    #[error("identity provider {provider} is not there")]
    Absent {
        /// The provider.
        provider: Provider,
    },
    /// The SPIFFE agent gave none.
    #[error(transparent)]
    Spiffe(#[from] SpiffeError),
    /// The token is longer than is read.
    #[error("identity token {} is larger than {LIMIT} bytes", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
}

/// Asks the first provider that is there for a token for `audience`; there may be none.
///
/// # Errors
/// [`AmbientError`] of that provider: the next one could name somebody else.
pub async fn token(
    surroundings: &Surroundings<'_>,
    audience: &str,
    http: &Http,
) -> Result<Option<Secret<String>>, AmbientError> {
    for provider in Provider::ALL {
        if let Some(token) = ask(provider, surroundings, audience, http).await? {
            return Ok(Some(token));
        }
    }
    Ok(None)
}

/// Asks this provider.
///
/// # Errors
/// [`AmbientError::Absent`] where it is not there, or why it gave none.
pub async fn token_of(
    provider: Provider,
    surroundings: &Surroundings<'_>,
    audience: &str,
    http: &Http,
) -> Result<Secret<String>, AmbientError> {
    ask(provider, surroundings, audience, http)
        .await?
        .ok_or(AmbientError::Absent { provider })
}

async fn ask(
    provider: Provider,
    surroundings: &Surroundings<'_>,
    audience: &str,
    http: &Http,
) -> Result<Option<Secret<String>>, AmbientError> {
    let variable = |name| (surroundings.variable)(name).filter(|value| !value.is_empty());
    match provider {
        Provider::GitHubActions => {
            let (url, secret) = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
            match (variable(url), variable(secret).map(Secret::new)) {
                (Some(url), Some(secret)) => Ok(Some(github(&url, &secret, audience, http).await?)),
                _ => Ok(None),
            }
        }
        Provider::Buildkite => {
            let url = variable("BUILDKITE_AGENT_ENDPOINT");
            let url = url.as_deref().unwrap_or(BUILDKITE);
            let secret = variable("BUILDKITE_AGENT_ACCESS_TOKEN").map(Secret::new);
            match (variable("BUILDKITE_JOB_ID"), secret) {
                (Some(job), Some(secret)) => Ok(Some(buildkite(url, &job, &secret, audience, http).await?)),
                _ => Ok(None),
            }
        }
        Provider::Variable => Ok(variable("SIGSTORE_ID_TOKEN").map(Secret::new)),
        Provider::File => file(surroundings.file),
        Provider::Google if is_google(surroundings) => {
            Ok(Some(google::of_machine(surroundings, audience, http).await?))
        }
        Provider::Google => Ok(None),
        Provider::GoogleImpersonate => match variable("GOOGLE_SERVICE_ACCOUNT_NAME") {
            Some(account) => Ok(Some(google::of_account(&account, surroundings, audience, http).await?)),
            None => Ok(None),
        },
        Provider::Spiffe => {
            let address = match variable(spiffe::SOCKET) {
                Some(text) => text.parse().map_err(SpiffeError::Agent)?,
                None if surroundings.agent.exists() => AgentAddress::Unix(surroundings.agent.to_owned()),
                None => return Ok(None),
            };
            Ok(Some(spiffe::token(&address, audience).await?))
        }
    }
}

/// Says whether this is a machine of Google, or its metadata server is named.
fn is_google(surroundings: &Surroundings<'_>) -> bool {
    let is_named = (surroundings.variable)(google::HOST).is_some_and(|host| !host.is_empty());
    is_named
        || std::fs::read_to_string(surroundings.machine)
            .is_ok_and(|name| matches!(name.trim(), "Google" | "Google Compute Engine"))
}

async fn github(
    url: &str,
    secret: &Secret<String>,
    audience: &str,
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let place = Place {
        service: Service::IdentityProvider,
        url: url.split_once('?').map_or(url, |(start, _)| start),
    };
    let joint = if url.contains('?') { '&' } else { '?' };
    let address = format!("{url}{joint}audience={audience}");
    let call = Call::get(&address, ANSWER)
        .with_credentials("bearer", secret)
        .with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, JSON, Some(secret))?;
    let wire: WireValue = serde_json::from_slice(&content).map_err(|_| place.unusable(NoToken))?;
    Ok(Secret::new(wire.value))
}

async fn buildkite(
    url: &str,
    job: &str,
    secret: &Secret<String>,
    audience: &str,
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let place = Place {
        service: Service::IdentityProvider,
        url,
    };
    if !job.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(place.unaskable(NoJob));
    }
    let address = place.join(&format!("jobs/{job}/oidc/tokens"));
    let body = serde_json::json!({ "audience": audience }).to_string();
    let call = Call::post(&address, JSON, body, ANSWER)
        .with_credentials("Token", secret)
        .with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, JSON, Some(secret))?;
    let wire: WireToken = serde_json::from_slice(&content).map_err(|_| place.unusable(NoToken))?;
    Ok(Secret::new(wire.token))
}

fn file(path: &Path) -> Result<Option<Secret<String>>, AmbientError> {
    let unreadable = |source| AmbientError::File {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(LIMIT as u64 + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() > LIMIT {
        return Err(AmbientError::TooLong { path: path.to_owned() });
    }
    let text = Secret::new(text);
    Ok(Some(Secret::new(text.expose().trim().to_owned())))
}

/// What the answer lacks; what it holds instead may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("it holds no token")]
pub struct NoToken;

/// The job's id is none.
#[derive(Debug, thiserror::Error)]
#[error("BUILDKITE_JOB_ID is no id of a job")]
pub struct NoJob;

#[derive(Deserialize)]
struct WireValue {
    value: String,
}

#[derive(Deserialize)]
struct WireToken {
    token: String,
}

const BUILDKITE: &str = "https://agent.buildkite.com/v3";

/// The longest answer with a token, in bytes.
const ANSWER: u64 = 128 * 1024;

const ATTEMPTS: u32 = 3;
