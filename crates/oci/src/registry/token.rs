//! Tokens: where they may be asked for, and how (distribution token and OAuth2 specifications).

use countersign_core::secret::Secret;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde::Deserialize;

use super::answer::Words;
use super::auth::{Token, basic_value};
use super::challenge::Bearer;
use super::credentials::{Credential, Found};
use super::{Host, Registry};
use crate::error::StoreError;
use crate::http::body::Payload;
use crate::http::{Answer, Request, address};

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Registry {
    /// Asks the token server that the host named.
    pub(super) async fn fetch_token(&self, host: &Host, bearer: &Bearer, found: &Found) -> Result<Token, StoreError> {
        let denied = |reason: String| StoreError::Denied {
            registry: host.name.to_string(),
            what: bearer.scopes.to_string(),
            reason: format!("{reason} ({})", found.place),
        };
        let realm = realm(&bearer.realm, &host.url("")?, found.credential.is_some()).map_err(denied)?;
        let request = match &found.credential {
            Some(Credential::IdentityToken(identity)) => form(realm, bearer, identity),
            Some(Credential::Basic { username, password }) => {
                let mut request = question(realm, bearer)?;
                let value = basic_value(username, password)?;
                request.headers.insert(header::AUTHORIZATION, value);
                request
            }
            Some(Credential::RegistryToken(_)) | None => question(realm, bearer)?,
        };
        let answer = self.http().exchange(&request, LIMIT).await?;
        read(&answer).map_err(|reason| match reason {
            Refused::Denied(reason) => denied(reason),
            Refused::Failed(detail) => StoreError::Status {
                method: request.method.to_string(),
                url: address::shown(&answer.url),
                status: answer.status.as_u16(),
                detail,
            },
        })
    }
}

pub(super) enum Refused {
    Denied(String),
    Failed(String),
}

pub(super) fn read(answer: &Answer) -> Result<Token, Refused> {
    let words = || match Words::read(&answer.body).shown() {
        text if text.is_empty() => text,
        text => format!(": {text}"),
    };
    let server = address::shown(&answer.url);
    match answer.status {
        status if status.is_success() => {}
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST) => {
            let status = status.as_u16();
            return Err(Refused::Denied(format!(
                "token server {server} answered {status}{}",
                words()
            )));
        }
        _ => return Err(Refused::Failed(words())),
    }
    let malformed = || Refused::Denied(format!("token server {server} gave no token"));
    let answer: TokenAnswer = serde_json::from_slice(&answer.body).map_err(|_| malformed())?;
    let value = answer
        .token
        .filter(|token| !token.is_empty())
        .or(answer.access_token)
        .filter(|token| !token.is_empty())
        .ok_or_else(malformed)?;
    Ok(Token::new(value, answer.expires_in))
}

/// Checks where a registry sends us for a token.
///
/// Over `https` it may be any host, as the registry is who says so. In plain HTTP it must be the registry's own host and
/// port, and the registry itself must be spoken to in plain HTTP: anything else would show the password to whoever is on
/// the way, or to another user's server on this machine. Without credentials a plain registry may name any host.
pub(super) fn realm(text: &str, registry: &Uri, has_credential: bool) -> Result<Uri, String> {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    let realm: Uri = text
        .parse()
        .map_err(|_| format!("its token server {shown:?} is not an address"))?;
    if realm
        .authority()
        .is_none_or(|authority| authority.as_str().contains('@'))
    {
        return Err(format!("its token server {shown:?} is not an address of a host"));
    }
    let is_own = address::is_same_origin(&realm, registry);
    match (realm.scheme_str(), registry.scheme_str()) {
        (Some("https"), _) => Ok(realm),
        (Some("http"), Some("http")) if is_own || !has_credential => Ok(realm),
        (Some("http"), _) => Err(format!(
            "its token server {shown} would get the request in plain HTTP; only https, or a plain registry's own host, is trusted with it"
        )),
        _ => Err(format!("its token server {shown:?} is neither http nor https")),
    }
}

/// Asks with the query, for user names and passwords and for nobody.
pub(super) fn question(realm: Uri, bearer: &Bearer) -> Result<Request, StoreError> {
    let mut members: Vec<String> = Vec::new();
    members.extend(
        bearer
            .service
            .as_deref()
            .map(|service| format!("service={}", encoded(service))),
    );
    members.extend(
        bearer
            .scopes
            .parameters()
            .map(|scope| format!("scope={}", encoded(&scope))),
    );
    let joint = if realm.query().is_some() { '&' } else { '?' };
    let url = format!("{realm}{joint}{}", members.join("&"));
    let url = url.parse().map_err(|_| StoreError::Malformed {
        what: "token server's address".to_owned(),
        reason: address::shown(&realm),
    })?;
    Ok(Request::new(Method::GET, url))
}

/// Asks with a form, for identity tokens (OAuth2 refresh tokens).
fn form(realm: Uri, bearer: &Bearer, identity: &Secret<String>) -> Request {
    let service = bearer.service.as_deref().unwrap_or_default();
    let form = format!(
        "grant_type=refresh_token&client_id=countersign&service={}&scope={}&refresh_token={}",
        encoded(service),
        encoded(&bearer.scopes.to_string()),
        encoded(identity.expose())
    );
    let mut request = Request::new(Method::POST, realm);
    request.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    request.payload = Payload::Bytes(form.into());
    request
}

/// Percent-encodes all but unreserved characters and those that are plain in a query (RFC 3986 §2.3, §3.4).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b',') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The largest answer of a token server, in bytes.
const LIMIT: u64 = 256 * 1024;

/// How much of a bad address an error repeats, in characters.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(realm_text: &str, registry: &str, has_credential: bool) -> bool {
        realm(realm_text, &registry.parse().expect("an address"), has_credential).is_ok()
    }

    #[test]
    fn credentials_go_to_https_realms_and_to_the_plain_registrys_own_host() {
        assert!(is_taken(
            "https://auth.docker.io/token",
            "https://index.docker.io/v2/",
            true
        ));
        assert!(is_taken(
            "http://reg.local:5000/token",
            "http://reg.local:5000/v2/",
            true
        ));
        for (realm, registry) in [
            ("http://other.local:5000/token", "http://reg.local:5000/v2/"),
            ("http://reg.local:5001/token", "http://reg.local:5000/v2/"),
            ("http://127.0.0.1:9/token", "http://127.0.0.1:5000/v2/"),
            ("http://reg.local/token", "https://reg.local/v2/"),
            ("https://user:pw@auth.example/token", "https://reg.example/v2/"),
            ("ftp://reg.local/token", "http://reg.local/v2/"),
            ("/token", "http://reg.local/v2/"),
        ] {
            assert!(!is_taken(realm, registry, true), "{realm} for {registry}");
        }
    }

    #[test]
    fn a_tls_registry_never_leads_to_a_plain_realm() {
        assert!(!is_taken("http://auth.example/token", "https://reg.example/v2/", false));
        assert!(is_taken("http://auth.local/token", "http://reg.local/v2/", false));
    }
}
