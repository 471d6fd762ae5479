//! An OpenID provider that believes whatever it is told: for development, tests and machines of one user.
//!
//! Whoever reaches it gets a token for any address, so that it is there only where nobody else reaches it, or where it is
//! asked for. A page of another site can send forms here but not read the answers; under another host name, which such a
//! page may have pointed at this machine, nothing is answered.

mod device;
pub(crate) mod form;
mod key;
mod login;
mod page;

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::Secret;
use http::header::HOST;
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::device::Devices;
use self::form::Form;
use self::key::{LIFETIME, Own};
use self::login::Logins;
use super::AUDIENCE;
use super::fetch::is_loopback;
use super::jwks::KeySet;
use super::provider::ProviderError;
use crate::authority::principal::is_email;
use crate::body::RequestBody;
use crate::keys::Keys;
use crate::reply::{Reply, TEXT, collect, is_read};

pub(crate) use self::key::note;
pub use self::key::token_of_folder;

/// The provider of this server.
pub(crate) struct Development {
    issuer: String,
    /// The host of the issuer.
    host: String,
    keys: Arc<Keys>,
    own: OnceCell<Own>,
    logins: Mutex<Logins>,
    devices: Mutex<Devices>,
}

impl Development {
    /// Is the provider at `url`, which is below this server's address.
    pub(crate) fn new(url: String, keys: Arc<Keys>) -> Self {
        let uri = url.parse::<http::Uri>().ok();
        let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or_default().to_owned();
        Self {
            issuer: url,
            host,
            keys,
            own: OnceCell::new(),
            logins: Mutex::default(),
            devices: Mutex::default(),
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the keys that its tokens are signed with.
    pub(crate) async fn key_set(&self) -> Result<Arc<KeySet>, ProviderError> {
        Ok(Arc::clone(&self.own().await?.set))
    }

    /// Returns a token that says that its holder has this address.
    pub(crate) async fn token(
        &self,
        email: &str,
        audience: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Secret<String>, ProviderError> {
        let own = self.own().await?;
        Ok(own.token(&self.issuer, email, audience, nonce, now)?)
    }

    /// Answers what is at a path below that of the issuer.
    pub(crate) async fn answer(&self, head: &Parts, path: &str, body: &mut RequestBody) -> Reply {
        if !self.is_meant(head) {
            return refusal(
                StatusCode::MISDIRECTED_REQUEST,
                "invalid_request",
                "this provider answers under the host name of its issuer only",
            )
            .into();
        }
        let given = match self.form(head, body).await {
            Ok(form) => form,
            Err(refusal) => return refusal.into(),
        };
        let is_post = head.method == Method::POST;
        if !is_post && !is_read(&head.method) {
            return Reply::method("GET, HEAD, POST");
        }
        let now = Timestamp::now();
        match (path, is_post) {
            ("/.well-known/openid-configuration", false) => Reply::json(StatusCode::OK, &self.discovery()),
            ("/keys", false) => self.published().await,
            ("/auth", false) => self.ask(&given),
            ("/auth", true) => self.log_in(&given, now),
            ("/device/code", true) => self.begin_device(&given, now),
            ("/device", false) => self.ask_device(&given),
            ("/device", true) => self.approve_device(&given, now),
            ("/token", true) => self.exchange(&given, now).await,
            ("/mint", true) => self.mint(&given, now).await,
            ("/.well-known/openid-configuration" | "/keys", true) => Reply::method("GET, HEAD"),
            ("/device/code" | "/token" | "/mint", false) => Reply::method("POST"),
            _ => Reply::nothing(),
        }
    }

    /// A name that a page of another site has pointed at this machine is not that of the issuer.
    fn is_meant(&self, head: &Parts) -> bool {
        let named = head.headers.get(HOST).and_then(|value| value.to_str().ok());
        let named = named.or_else(|| head.uri.authority().map(|authority| authority.as_str()));
        let host = named.and_then(|named| named.parse::<http::uri::Authority>().ok());
        host.is_some_and(|host| {
            let host = host.host().trim_matches(['[', ']']);
            host == self.host.trim_matches(['[', ']'])
                || (is_loopback(host) && is_loopback(self.host.trim_matches(['[', ']'])))
        })
    }

    async fn form(&self, head: &Parts, body: &mut RequestBody) -> Result<Form, Refusal> {
        let wrong = |reason: &str| refusal(StatusCode::BAD_REQUEST, "invalid_request", reason);
        if head.method != Method::POST {
            return Form::parse(head.uri.query().unwrap_or_default().as_bytes())
                .map_err(|error| wrong(&error.to_string()));
        }
        let body = collect(body, FORM).await;
        let body = body.map_err(|(status, reason)| refusal(status, "invalid_request", &reason))?;
        Form::parse(&body).map_err(|error| wrong(&error.to_string()))
    }

    fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"),
            "device_authorization_endpoint": at("/device/code"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", device::GRANT],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email"],
            "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "nbf", "nonce", "sub"],
        })
    }

    async fn published(&self) -> Reply {
        match self.own().await {
            Ok(own) => Reply::json(StatusCode::OK, &own.published),
            Err(error) => unavailable(&error),
        }
    }

    /// Gives a script the token itself; nothing else is asked.
    async fn mint(&self, given: &Form, now: Timestamp) -> Reply {
        let email = match address(given) {
            Ok(email) => email,
            Err(refusal) => return refusal.into(),
        };
        let audience = given.value("audience").unwrap_or(AUDIENCE);
        match self.token(email, audience, None, now).await {
            Ok(token) => Reply::new(StatusCode::OK, TEXT, token.expose().clone()),
            Err(error) => unavailable(&error),
        }
    }

    /// Gives the token for which a login, here or on another device, was the preparation.
    async fn exchange(&self, given: &Form, now: Timestamp) -> Reply {
        let granted = match given.value("grant_type") {
            Some("authorization_code") => self.redeem(given, now),
            Some(device::GRANT) => self.poll_device(given, now),
            _ => Err(refusal(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type is neither authorization_code nor that of devices",
            )),
        };
        let granted = match granted {
            Ok(granted) => granted,
            Err(refusal) => return refusal.into(),
        };
        match self
            .token(&granted.email, AUDIENCE, granted.nonce.as_deref(), now)
            .await
        {
            Ok(token) => {
                let token = token.expose();
                let answer =
                    json!({"access_token": token, "id_token": token, "token_type": "Bearer", "expires_in": LIFETIME});
                Reply::json(StatusCode::OK, &answer)
            }
            Err(error) => unavailable(&error),
        }
    }

    async fn own(&self) -> Result<&Own, ProviderError> {
        self.own
            .get_or_try_init(|| async {
                let keys = Arc::clone(&self.keys);
                Ok(tokio::task::spawn_blocking(move || Own::open(&keys)).await??)
            })
            .await
    }
}

/// Whom a token is to be for.
struct Granted {
    email: String,
    nonce: Option<String>,
}

/// The address that somebody says is theirs.
fn address(given: &Form) -> Result<&str, Refusal> {
    let email = given.value("email").map(str::trim).unwrap_or_default();
    if is_email(email) {
        return Ok(email);
    }
    Err(refusal(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        &format!(
            "email is {:?}, expected an e-mail address",
            email.chars().take(SHOWN).collect::<String>()
        ),
    ))
}

/// A refusal in the words of OAuth (RFC 6749 §5.2).
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            status,
            error,
            description,
        } = refusal;
        let answer = json!({"error": error, "error_description": description});
        Self::json(status, &answer).because(format!("{error}: {description}"))
    }
}

fn refusal(status: StatusCode, error: &'static str, description: &str) -> Refusal {
    Refusal {
        status,
        error,
        description: description.to_owned(),
    }
}

fn unavailable(error: &ProviderError) -> Reply {
    let refusal = refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "the token could not be made; the server's log says why",
    );
    Reply::from(refusal).because(error.to_string())
}

/// A code that nobody guesses.
fn unguessable() -> Result<String, Refusal> {
    let mut random = [0; 32];
    match aws_lc_rs::rand::fill(&mut random) {
        Ok(()) => Ok(URL_SAFE_NO_PAD.encode(random)),
        Err(_) => Err(refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "there is no randomness",
        )),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // what is behind it is whole after each statement
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest form, in bytes.
const FORM: usize = 64 * 1024;
/// How much of a bad text an error repeats, in characters.
const SHOWN: usize = 120;
