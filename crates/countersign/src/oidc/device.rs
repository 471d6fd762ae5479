//! A login on another device (RFC 8628), at the OpenID provider that its discovery document describes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{Digest, Secret};
use countersign_oci::http::{Answered, Call, Http};
use serde::Deserialize;

use crate::service::{JSON, Place, Service, ServiceError};

/// Who asks: the name under which the provider knows this program.
pub const CLIENT_ID: &str = "sigstore";

/// What the user has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The page to open, on any device.
    pub page: String,
    /// The code that the page must show, or asks for.
    pub code: String,
}

/// Has the user log in at the provider `issuer`: `show` tells what to do, and the token comes when it is done. `seed` is
/// random.
///
/// # Errors
/// [`ServiceError`]; [`LoginError`] is what the provider says of the login.
pub async fn token(
    issuer: &str,
    client_id: &str,
    seed: [u8; 32],
    show: impl FnOnce(&Request),
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let place = Place {
        service: Service::IdentityProvider,
        url: issuer,
    };
    let provider = discover(&place, http).await?;
    let verifier = Secret::new(URL_SAFE_NO_PAD.encode(seed));
    let device = begin(&place, &provider, client_id, &verifier, http).await?;
    show(&Request {
        page: device.verification_uri_complete.unwrap_or(device.verification_uri),
        code: device.user_code,
    });
    let wait = Wait {
        // without a pause it would be asked without end
        pause: Duration::from_secs(device.interval.unwrap_or(PAUSE).max(1)),
        rest: Duration::from_secs(device.expires_in.min(LONGEST)),
    };
    let code = Secret::new(device.device_code);
    poll(
        &place,
        &provider.token_endpoint,
        client_id,
        &code,
        &verifier,
        wait,
        http,
    )
    .await
}

/// Has the provider prepare a login, which only who has `verifier` can end (RFC 7636 §4).
async fn begin(
    place: &Place<'_>,
    provider: &WireProvider,
    client_id: &str,
    verifier: &Secret<String>,
    http: &Http,
) -> Result<WireDevice, ServiceError> {
    let challenge = URL_SAFE_NO_PAD.encode(Digest::sha256(verifier.expose().as_bytes()).bytes());
    let form = form(&[
        ("client_id", client_id),
        ("scope", "openid email"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    let call = Call::post(&provider.device_authorization_endpoint, FORM, form, ANSWER);
    let content = place.content(place.call(&call, http).await?, JSON, None)?;
    serde_json::from_slice(&content).map_err(|_| place.unusable(LoginError::Malformed))
}

/// Reads where the provider is asked; it must be the one that was meant (OpenID Connect Discovery 1.0 §4.3).
async fn discover(place: &Place<'_>, http: &Http) -> Result<WireProvider, ServiceError> {
    let address = place.join(".well-known/openid-configuration");
    let call = Call::get(&address, ANSWER).with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, JSON, None)?;
    let provider: WireProvider = serde_json::from_slice(&content).map_err(|_| place.unusable(LoginError::Malformed))?;
    if provider.issuer.trim_end_matches('/') != place.url.trim_end_matches('/') {
        return Err(place.unusable(LoginError::OtherIssuer));
    }
    let is_safe = |url: &str| url.starts_with("https://") || place.url.starts_with("http://");
    if !is_safe(&provider.device_authorization_endpoint) || !is_safe(&provider.token_endpoint) {
        return Err(place.unusable(LoginError::Plain));
    }
    Ok(provider)
}

struct Wait {
    pause: Duration,
    rest: Duration,
}

async fn poll(
    place: &Place<'_>,
    endpoint: &str,
    client_id: &str,
    code: &Secret<String>,
    verifier: &Secret<String>,
    mut wait: Wait,
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    loop {
        if wait.pause > wait.rest {
            return Err(place.unusable(LoginError::Late));
        }
        tokio::time::sleep(wait.pause).await;
        wait.rest -= wait.pause;
        let form = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client_id),
            ("device_code", code.expose()),
            ("code_verifier", verifier.expose()),
        ]);
        let answered = place.call(&Call::post(endpoint, FORM, form, ANSWER), http).await?;
        match refusal(&answered).as_deref() {
            Some("authorization_pending") => {}
            Some("slow_down") => wait.pause += SLOWER,
            _ => {
                let content = place.content(answered, JSON, Some(code))?;
                let wire: WireToken =
                    serde_json::from_slice(&content).map_err(|_| place.unusable(LoginError::Malformed))?;
                return Ok(Secret::new(wire.id_token));
            }
        }
    }
}

/// The reason of a refusal (RFC 8628 §3.5).
fn refusal(answered: &Answered) -> Option<String> {
    if answered.status != 400 {
        return None;
    }
    serde_json::from_slice::<WireRefusal>(&answered.body)
        .ok()
        .map(|wire| wire.error)
}

/// Writes `application/x-www-form-urlencoded`.
fn form(members: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in members {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

/// Why a login came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Nobody logged in while there was time.
    #[error("nobody logged in while there was time")]
    Late,
    /// What it says is not what the specification has.
    #[error("it does not say what is needed for a login on another device")]
    Malformed,
    /// It is another provider.
    #[error("it is another provider than it says")]
    OtherIssuer,
    /// It wants secrets over plain HTTP.
    #[error("it wants to be asked over plain HTTP")]
    Plain,
}

#[derive(Deserialize)]
struct WireProvider {
    issuer: String,
    device_authorization_endpoint: String,
    token_endpoint: String,
}

#[derive(Deserialize)]
struct WireDevice {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

#[derive(Deserialize)]
struct WireToken {
    id_token: String,
}

#[derive(Deserialize)]
struct WireRefusal {
    error: String,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// How long to wait between questions where the provider does not say, in seconds (RFC 8628 §3.2).
const PAUSE: u64 = 5;

/// How much longer to wait when the provider says so (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The longest that a login may take, in seconds, whatever the provider says.
const LONGEST: u64 = 30 * 60;

/// The longest answer, in bytes.
const ANSWER: u64 = 128 * 1024;

const ATTEMPTS: u32 = 3;
