//! A login on another device (RFC 8628), at the OpenID provider that its discovery document describes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{Digest, Secret};
use countersign_oci::http::{Answered, Http};
use serde::Deserialize;

use super::LoginError;
use super::provider::{Client, WireProvider, discover, post, token_of};
use crate::service::{JSON, Place, Service, ServiceError};

/// What the user has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The page to open, on any device.
    pub page: String,
    /// The code that the page must show, or asks for.
    pub code: String,
}

/// Has the user log in: `show` tells what to do, and the token comes when it is done.
///
/// # Errors
/// [`ServiceError`]; [`LoginError`] is what the provider says of the login.
pub async fn token(
    client: &Client<'_>,
    show: impl FnOnce(&Request),
    http: &Http,
) -> Result<Secret<String>, ServiceError> {
    let place = Place {
        service: Service::IdentityProvider,
        url: client.issuer,
    };
    let provider = discover(&place, http).await?;
    let verifier = Secret::new(URL_SAFE_NO_PAD.encode(client.seed));
    let device = begin(&place, &provider, client, &verifier, http).await?;
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
    poll(&place, &provider.token_endpoint, client, &code, &verifier, wait, http).await
}

/// Has the provider prepare a login, which only who has `verifier` can end (RFC 7636 §4).
async fn begin(
    place: &Place<'_>,
    provider: &WireProvider,
    client: &Client<'_>,
    verifier: &Secret<String>,
    http: &Http,
) -> Result<WireDevice, ServiceError> {
    let Some(endpoint) = &provider.device_authorization_endpoint else {
        return Err(place.unusable(LoginError::Malformed));
    };
    let challenge = URL_SAFE_NO_PAD.encode(Digest::sha256(verifier.expose().as_bytes()).bytes());
    let members = [
        ("client_id", client.id),
        ("scope", "openid email"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let content = place.content(
        post(place, endpoint, &members, client, http).await?,
        JSON,
        client.secret,
    )?;
    serde_json::from_slice(&content).map_err(|_| place.unusable(LoginError::Malformed))
}

struct Wait {
    pause: Duration,
    rest: Duration,
}

async fn poll(
    place: &Place<'_>,
    endpoint: &str,
    client: &Client<'_>,
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
        let members = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client.id),
            ("device_code", code.expose()),
            ("code_verifier", verifier.expose()),
        ];
        let answered = post(place, endpoint, &members, client, http).await?;
        match refusal(&answered).as_deref() {
            Some("authorization_pending") => {}
            Some("slow_down") => wait.pause += SLOWER,
            _ => return token_of(place, answered, code),
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
struct WireRefusal {
    error: String,
}

/// How long to wait between questions where the provider does not say, in seconds (RFC 8628 §3.2).
const PAUSE: u64 = 5;

/// How much longer to wait when the provider says so (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The longest that a login may take, in seconds, whatever the provider says.
const LONGEST: u64 = 30 * 60;
