//! The providers whose tokens are taken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::Secret;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::claims::Claims;
use super::development::Development;
use super::fetch::{self, FetchError};
use super::jwks::{KeySet, KeySetError};
use super::kind::{Kind, UnknownKind};
use super::token::{Token, Unusable};

/// A provider, as it is configured: its address, and what its tokens tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcIssuer {
    url: String,
    kind: Kind,
}

impl OidcIssuer {
    /// Reads `URL` or `URL=KIND`; a provider that is known by its address has its own kind, others vouch for e-mail addresses.
    ///
    /// # Errors
    /// [`OidcIssuerError`].
    pub fn parse(text: &str) -> Result<Self, OidcIssuerError> {
        let (url, kind) = match text.rsplit_once('=') {
            Some((url, kind)) => (url, kind.parse()?),
            None => (text, Kind::usual(text)),
        };
        let has_host = url
            .split_once("://")
            .is_some_and(|(scheme, rest)| matches!(scheme, "http" | "https") && !rest.is_empty());
        if !has_host || url.contains(['?', '#']) {
            return Err(OidcIssuerError::Url {
                found: url.chars().take(120).collect(),
            });
        }
        Ok(Self {
            url: url.to_owned(),
            kind,
        })
    }

    /// Returns its address, which is the issuer that its tokens name.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Why a text describes no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcIssuerError {
    /// The kind is not known.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    /// The address is none.
    #[error("issuer is {found:?}, expected a URL of https without ? and #")]
    Url {
        /// What was given.
        found: String,
    },
}

/// The providers whose tokens are taken, by the issuer that these name.
pub(crate) struct Providers {
    configured: BTreeMap<String, Provider>,
    development: Option<Arc<Development>>,
}

struct Provider {
    kind: Kind,
    known: Mutex<Known>,
}

/// What is known of a provider's keys.
#[derive(Default)]
struct Known {
    fetched: Option<(Arc<KeySet>, Instant)>,
    failed: Option<Instant>,
}

impl Providers {
    pub(crate) fn new(configured: Vec<OidcIssuer>, development: Option<Arc<Development>>) -> Self {
        let configured = configured.into_iter().map(|issuer| {
            let provider = Provider {
                kind: issuer.kind,
                known: Mutex::default(),
            };
            (issuer.url, provider)
        });
        Self {
            configured: configured.collect(),
            development,
        }
    }

    /// Returns each issuer with its kind.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Kind)> {
        let own = self.development.iter().map(|own| (own.issuer(), &Kind::Email));
        own.chain(
            self.configured
                .iter()
                .map(|(url, provider)| (url.as_str(), &provider.kind)),
        )
    }

    /// Believes a token, if one of these issued it for us and it is valid now.
    pub(crate) async fn verify(&self, token: &Secret<String>, now: Timestamp) -> Result<(Claims, &Kind), TokenError> {
        let token = Token::parse(token.expose())?;
        let issuer = token.issuer()?;
        if let Some(own) = self.development.as_ref().filter(|own| own.issuer() == issuer) {
            let keys = own.key_set().await?;
            return Ok((token.verify(&keys, now)?, &Kind::Email));
        }
        let Some(provider) = self.configured.get(issuer) else {
            return Err(TokenError::UnknownIssuer {
                found: issuer.chars().take(120).collect(),
            });
        };
        let keys = provider.keys_for(&token, issuer).await?;
        Ok((token.verify(&keys, now)?, &provider.kind))
    }
}

impl Provider {
    /// Returns the provider's keys: those fetched before, unless they are old or have not the one that is named.
    async fn keys_for(&self, token: &Token<'_>, issuer: &str) -> Result<Arc<KeySet>, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some((keys, at)) = &known.fetched {
            let age = at.elapsed();
            if age < OLD && (token.has_key_in(keys) || age < PAUSE) {
                return Ok(Arc::clone(keys));
            }
        }
        if known.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(ProviderError::Recently { after: PAUSE });
        }
        match fetch_keys(issuer).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                known.fetched = Some((Arc::clone(&keys), Instant::now()));
                Ok(keys)
            }
            Err(error) => {
                known.failed = Some(Instant::now());
                Err(error)
            }
        }
    }
}

/// Asks a provider where its keys are, and for them (OpenID Connect Discovery 1.0 §4).
async fn fetch_keys(issuer: &str) -> Result<KeySet, ProviderError> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let provider: WireProvider =
        serde_json::from_slice(&fetch::json(&address).await?).map_err(|source| ProviderError::Discovery {
            url: address.clone(),
            source,
        })?;
    if provider.issuer != issuer {
        return Err(ProviderError::OtherIssuer {
            expected: issuer.to_owned(),
            found: provider.issuer.chars().take(120).collect(),
        });
    }
    let keys = fetch::json(&provider.jwks_uri).await?;
    KeySet::parse(&keys).map_err(|source| ProviderError::Keys {
        url: provider.jwks_uri,
        source,
    })
}

#[derive(Deserialize)]
struct WireProvider {
    issuer: String,
    jwks_uri: String,
}

/// Why a token is not believed, or cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TokenError {
    #[error("the issuer's keys are not known")]
    Provider(#[from] ProviderError),
    #[error("identity token is of the issuer {found:?}, which is not one that this server believes")]
    UnknownIssuer { found: String },
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

impl TokenError {
    /// Says whether nobody can tell whether the token is right.
    pub(crate) fn is_providers_fault(&self) -> bool {
        matches!(self, Self::Provider(_))
    }
}

/// Why a provider's keys are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProviderError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{url} does not describe an OpenID provider")]
    Discovery {
        url: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("{url} holds no keys")]
    Keys {
        url: String,
        #[source]
        source: KeySetError,
    },
    #[error("the key of the issuer of this server cannot be used")]
    Own(#[from] crate::keys::KeysError),
    #[error("the provider calls itself {found:?}, expected {expected:?}")]
    OtherIssuer { expected: String, found: String },
    #[error("they could not be fetched a moment ago, and are not asked for again within {after:?}")]
    Recently { after: Duration },
    #[error("a task of the server failed")]
    Task(#[from] tokio::task::JoinError),
}

/// When keys are fetched again in any case.
const OLD: Duration = Duration::from_secs(60 * 60);
/// How long a key that is not known, or a failure, does not make us ask again, or anyone could have us ask without end.
const PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
