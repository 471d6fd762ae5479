//! An OpenID provider, as its discovery document describes it (OpenID Connect Discovery 1.0).

use countersign_core::{Secret, percent};
use countersign_oci::http::{Answered, Call, Http};
use serde::Deserialize;

use super::LoginError;
use crate::service::{JSON, Place, ServiceError};

/// Who asks: the name under which providers know this program.
pub const CLIENT_ID: &str = "sigstore";

/// Who asks a provider for what.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The name under which it knows the program.
    pub id: &'a str,
    /// What it knows the program by, where a name is not enough.
    pub secret: Option<&'a Secret<String>>,
    /// Random bytes.
    pub seed: [u8; 32],
}

/// Reads where the provider is asked; it must be the one that was meant (§4.3).
pub(super) async fn discover(place: &Place<'_>, http: &Http) -> Result<WireProvider, ServiceError> {
    let address = place.join(".well-known/openid-configuration");
    let call = Call::get(&address, ANSWER).with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, JSON, None)?;
    let provider: WireProvider = serde_json::from_slice(&content).map_err(|_| place.unusable(LoginError::Malformed))?;
    if provider.issuer.trim_end_matches('/') != place.url.trim_end_matches('/') {
        return Err(place.unusable(LoginError::OtherIssuer));
    }
    let endpoints = [
        Some(&provider.token_endpoint),
        provider.device_authorization_endpoint.as_ref(),
        provider.authorization_endpoint.as_ref(),
    ];
    let is_safe = |url: &String| url.starts_with("https://") || place.url.starts_with("http://");
    if !endpoints.into_iter().flatten().all(is_safe) {
        return Err(place.unusable(LoginError::Plain));
    }
    Ok(provider)
}

/// Posts a form; the client's secret is added where there is one.
pub(super) async fn post(
    place: &Place<'_>,
    endpoint: &str,
    members: &[(&str, &str)],
    client: &Client<'_>,
    http: &Http,
) -> Result<Answered, ServiceError> {
    let secret = client.secret.map(|secret| ("client_secret", secret.expose().as_str()));
    let members: Vec<(&str, &str)> = members.iter().copied().chain(secret).collect();
    place
        .call(&Call::post(endpoint, FORM, form(&members), ANSWER), http)
        .await
}

/// Takes the identity token from an answer, which is shown without `secret` if it is a refusal.
pub(super) fn token_of(
    place: &Place<'_>,
    answered: Answered,
    secret: &Secret<String>,
) -> Result<Secret<String>, ServiceError> {
    let content = place.content(answered, JSON, Some(secret))?;
    let wire: WireToken = serde_json::from_slice(&content).map_err(|_| place.unusable(LoginError::Malformed))?;
    Ok(Secret::new(wire.id_token))
}

/// Writes `application/x-www-form-urlencoded`.
pub(super) fn form(members: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in members {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&percent::encode(value, b""));
    }
    text
}

#[derive(Deserialize)]
pub(super) struct WireProvider {
    issuer: String,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) device_authorization_endpoint: Option<String>,
    pub(super) token_endpoint: String,
}

#[derive(Deserialize)]
struct WireToken {
    id_token: String,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The longest answer, in bytes.
const ANSWER: u64 = 128 * 1024;

const ATTEMPTS: u32 = 3;
