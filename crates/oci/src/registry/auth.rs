//! Who asks: challenges remembered for each host, tokens kept and fetched once for many requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::secret::Secret;
use http::{HeaderMap, HeaderValue};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::call::Call;
use super::challenge::{self, Bearer, Challenge};
use super::credentials::{Credential, Found};
use super::scope::{Access, Scopes};
use super::{Host, Registry};
use crate::error::StoreError;
use crate::reference::Repository;

/// What a host wants, and what we have for it.
#[derive(Default)]
pub(super) struct HostAuth {
    challenge: Mutex<Option<Challenge>>,
    /// The scopes that the host asked for, where they are more than we thought.
    wider: Mutex<HashMap<Scopes, Scopes>>,
    tokens: Mutex<Vec<Arc<Slot>>>,
    credentials: Mutex<HashMap<Box<str>, Arc<Lookup>>>,
}

/// A credential that is looked up by the first who needs it.
#[derive(Default)]
struct Lookup(OnceCell<Arc<Found>>);

/// A token for some scopes, fetched by the first who needs it.
pub(super) struct Slot {
    pub(super) bearer: Bearer,
    token: tokio::sync::Mutex<Option<Token>>,
}

/// A token and when to stop using it.
pub(super) struct Token {
    pub(super) value: Secret<String>,
    pub(super) expires: Instant,
}

/// What a request was authorized with.
pub(super) enum Used {
    /// Nothing.
    Nothing,
    /// User name and password, or a token given by the user.
    Credential,
    /// A token fetched now or before.
    Token(Arc<Slot>, Age),
}

/// Whether a token was fetched for this very request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Kept,
}

impl Registry {
    /// The `Authorization` for a request, where the host is known to want one.
    pub(super) async fn authorization(
        &self,
        host: &Arc<Host>,
        repository: &Repository,
        access: Access<'_>,
    ) -> Result<(Option<HeaderValue>, Used), StoreError> {
        let known = lock(&host.auth.challenge).clone();
        let Some(challenge) = known else {
            return Ok((None, Used::Nothing));
        };
        let found = self.credential(host, repository).await?;
        match (&challenge, &found.credential) {
            (_, Some(Credential::RegistryToken(token))) => Ok((Some(bearer_value(token)?), Used::Credential)),
            (Challenge::Basic, Some(Credential::Basic { username, password })) => {
                Ok((Some(basic_value(username, password)?), Used::Credential))
            }
            (Challenge::Basic, _) => Ok((None, Used::Credential)),
            (Challenge::Bearer(bearer), _) => {
                let mut wanted = bearer.clone();
                let scopes = Scopes::of(repository.path(), access);
                wanted.scopes = lock(&host.auth.wider).get(&scopes).cloned().unwrap_or(scopes);
                self.token(host, wanted, found).await
            }
        }
    }

    async fn token(
        &self,
        host: &Arc<Host>,
        wanted: Bearer,
        found: Arc<Found>,
    ) -> Result<(Option<HeaderValue>, Used), StoreError> {
        let slot = host.auth.slot(wanted);
        let mut held = slot.token.lock().await;
        let age = match &*held {
            Some(token) if token.expires > Instant::now() => Age::Kept,
            _ => {
                *held = Some(self.fetch_token(host, &slot.bearer, &found).await?);
                Age::Fresh
            }
        };
        let value = match &*held {
            Some(token) => Some(bearer_value(&token.value)?),
            None => None,
        };
        drop(held);
        Ok((value, Used::Token(slot, age)))
    }

    /// Takes in what a 401 says. Says whether asking again can help.
    pub(super) fn learn(&self, call: &Call<'_>, used: &Used, headers: &HeaderMap) -> bool {
        let Some(chosen) = challenge::choose(headers) else {
            return false;
        };
        let auth = &call.host.auth;
        let is_new = lock(&auth.challenge)
            .as_ref()
            .is_none_or(|known| match (known, &chosen) {
                (Challenge::Bearer(known), Challenge::Bearer(new)) => {
                    known.realm != new.realm || known.service != new.service
                }
                (known, new) => known != new,
            });
        let mut is_wider = false;
        if let Challenge::Bearer(bearer) = &chosen {
            let scopes = Scopes::of(call.repository.path(), call.access);
            let mut wider = lock(&auth.wider);
            let known = wider.get(&scopes).unwrap_or(&scopes);
            if !known.covers(&bearer.scopes) && wider.len() < WIDER_LIMIT {
                let mut union = known.clone();
                union.extend(&bearer.scopes);
                wider.insert(scopes, union);
                is_wider = true;
            }
        }
        *lock(&auth.challenge) = Some(chosen);
        match used {
            Used::Nothing => true,
            Used::Credential => is_new,
            Used::Token(slot, age) => {
                auth.forget(slot);
                is_new || is_wider || *age == Age::Kept
            }
        }
    }

    /// The credential for a repository, looked up once.
    pub(super) async fn credential(&self, host: &Arc<Host>, repository: &Repository) -> Result<Arc<Found>, StoreError> {
        let lookup = {
            let mut known = lock(&host.auth.credentials);
            Arc::clone(known.entry(repository.path().into()).or_default())
        };
        let found = lookup
            .0
            .get_or_try_init(|| self.0.options.credentials.find(repository))
            .await?;
        Ok(Arc::clone(found))
    }
}

impl HostAuth {
    /// The place for a token that has at least the scopes wanted.
    fn slot(&self, wanted: Bearer) -> Arc<Slot> {
        let mut slots = lock(&self.tokens);
        let known = slots.iter().find(|slot| {
            slot.bearer.realm == wanted.realm
                && slot.bearer.service == wanted.service
                && slot.bearer.scopes.covers(&wanted.scopes)
        });
        if let Some(slot) = known {
            return Arc::clone(slot);
        }
        if slots.len() >= TOKENS {
            slots.remove(0);
        }
        let slot = Arc::new(Slot {
            bearer: wanted,
            token: tokio::sync::Mutex::new(None),
        });
        slots.push(Arc::clone(&slot));
        slot
    }

    fn forget(&self, refused: &Arc<Slot>) {
        lock(&self.tokens).retain(|slot| !Arc::ptr_eq(slot, refused));
    }
}

impl Token {
    /// Keeps a token for a bit less than its life, which is at least a minute (distribution token specification).
    pub(super) fn new(value: String, life: Option<u64>) -> Self {
        let life = Duration::from_secs(life.unwrap_or(LIFE).clamp(LIFE, LONGEST_LIFE));
        Self {
            value: Secret::new(value),
            expires: Instant::now() + life.saturating_sub(MARGIN),
        }
    }
}

/// `Basic …` (RFC 7617).
pub(super) fn basic_value(username: &str, password: &Secret<String>) -> Result<HeaderValue, StoreError> {
    let joined = Secret::new(format!("{username}:{}", password.expose()));
    header_value(&format!("Basic {}", STANDARD.encode(joined.expose())))
}

fn bearer_value(token: &Secret<String>) -> Result<HeaderValue, StoreError> {
    header_value(&format!("Bearer {}", token.expose()))
}

fn header_value(text: &str) -> Result<HeaderValue, StoreError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| StoreError::Credentials {
        place: "token".to_owned(),
        reason: "it has characters that a header cannot hold".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// How long a token lives that does not say so, in seconds.
const LIFE: u64 = 60;

/// The longest life of a token that is believed, in seconds.
const LONGEST_LIFE: u64 = 24 * 3600;

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(10);

/// How many tokens are kept for one host.
const TOKENS: usize = 4096;

/// How many scopes a host may widen.
const WIDER_LIMIT: usize = 4096;
