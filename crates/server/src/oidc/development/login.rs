//! Logging in with a browser: a code for who asks, which only they can turn into a token (RFC 6749 §4.1, RFC 7636).

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::percent;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode, Uri};
use jiff::Timestamp;

use super::form::Form;
use super::{Development, Granted, Refusal, address, lock, page, refusal, unguessable};
use crate::oidc::AUDIENCE;
use crate::oidc::fetch::is_loopback;
use crate::reply::Reply;

/// The codes that were given out and not yet turned into tokens.
#[derive(Default)]
pub(super) struct Logins(HashMap<String, Login>);

struct Login {
    granted: Granted,
    challenge: String,
    redirect: String,
    /// Until when the code is good, in seconds since 1970.
    until: i64,
}

/// What a client wants of its user.
struct Wish<'a> {
    redirect: &'a str,
    challenge: &'a str,
    state: Option<&'a str>,
    nonce: Option<&'a str>,
}

impl<'a> Wish<'a> {
    /// Reads a request for a login; what cannot be answered there is not sent anywhere.
    fn read(given: &'a Form) -> Result<Self, &'static str> {
        let redirect = given.value("redirect_uri").ok_or("redirect_uri is missing")?;
        if !is_of_this_machine(redirect) {
            return Err("redirect_uri is not of plain HTTP on this machine, where programs listen for a code");
        }
        if given.value("client_id") != Some(AUDIENCE) {
            return Err("client_id is not \"sigstore\"");
        }
        if given.value("response_type") != Some("code") {
            return Err("response_type is not \"code\"");
        }
        if given.value("code_challenge_method") != Some("S256") {
            return Err("code_challenge_method is not \"S256\"");
        }
        let challenge = given.value("code_challenge").unwrap_or_default();
        if challenge.len() != 43 {
            return Err("code_challenge is not a SHA-256 in base64url");
        }
        Ok(Self {
            redirect,
            challenge,
            state: given.value("state"),
            nonce: given.value("nonce"),
        })
    }
}

impl Development {
    /// Asks who the user is.
    pub(super) fn ask(&self, given: &Form) -> Reply {
        let wish = match Wish::read(given) {
            Ok(wish) => wish,
            Err(reason) => return page::tell(StatusCode::BAD_REQUEST, "This login is not possible", reason),
        };
        let mut known = vec![
            ("redirect_uri", wish.redirect),
            ("client_id", AUDIENCE),
            ("response_type", "code"),
            ("code_challenge", wish.challenge),
            ("code_challenge_method", "S256"),
        ];
        known.extend(wish.state.map(|state| ("state", state)));
        known.extend(wish.nonce.map(|nonce| ("nonce", nonce)));
        let email = given.value("login_hint").unwrap_or_default();
        page::ask("Who signs?", NOTE, email, &known, None)
    }

    /// Sends the browser back with a code.
    pub(super) fn log_in(&self, given: &Form, now: Timestamp) -> Reply {
        let wish = match Wish::read(given) {
            Ok(wish) => wish,
            Err(reason) => return page::tell(StatusCode::BAD_REQUEST, "This login is not possible", reason),
        };
        let (email, code) = match address(given).and_then(|email| Ok((email, unguessable()?))) {
            Ok(found) => found,
            Err(refusal) => return refusal.into(),
        };
        let mut back = format!("{}?code={code}", wish.redirect);
        if let Some(state) = wish.state {
            back.push_str(&format!("&state={}", percent::encode(state, b"")));
        }
        let Ok(location) = HeaderValue::try_from(back) else {
            return page::tell(
                StatusCode::BAD_REQUEST,
                "This login is not possible",
                "redirect_uri is no address",
            );
        };
        let login = Login {
            granted: Granted {
                email: email.to_owned(),
                nonce: wish.nonce.map(str::to_owned),
            },
            challenge: wish.challenge.to_owned(),
            redirect: wish.redirect.to_owned(),
            until: now.as_second() + LIFETIME,
        };
        let mut logins = lock(&self.logins);
        logins.0.retain(|_, login| login.until > now.as_second());
        if logins.0.len() >= LOGINS {
            return page::tell(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many log in",
                "Try again in a few minutes.",
            );
        }
        logins.0.insert(code, login);
        drop(logins);
        let mut reply = page::tell(StatusCode::SEE_OTHER, "Logged in", "Your program knows it by now.");
        reply.response.headers_mut().insert(LOCATION, location);
        reply
    }

    /// Takes a code back from who proves to have asked for it.
    pub(super) fn redeem(&self, given: &Form, now: Timestamp) -> Result<Granted, Refusal> {
        let wrong = |reason: &str| refusal(StatusCode::BAD_REQUEST, "invalid_grant", reason);
        let code = given.value("code").unwrap_or_default();
        // a code is good once, also where what comes with it is wrong
        let login = lock(&self.logins).0.remove(code);
        let login = login.filter(|login| login.until > now.as_second());
        let login =
            login.ok_or_else(|| wrong("code is not one that was given out within five minutes, or was used"))?;
        let verifier = given.value("code_verifier").unwrap_or_default();
        if challenge_of(verifier) != login.challenge {
            return Err(wrong("code_verifier is not that of the code_challenge"));
        }
        if given.value("redirect_uri") != Some(&login.redirect) {
            return Err(wrong("redirect_uri is another than the code was sent to"));
        }
        Ok(login.granted)
    }
}

/// The challenge that only who has the verifier can answer (RFC 7636 §4.2).
pub(super) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Programs listen on this machine, under any port (RFC 8252 §7.3).
fn is_of_this_machine(redirect: &str) -> bool {
    let Ok(uri) = redirect.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let has_user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    uri.scheme_str() == Some("http")
        && is_loopback(host)
        && !has_user
        && uri.query().is_none()
        && !redirect.contains('#')
}

pub(super) const NOTE: &str = "This provider is for development: it believes any address. What is signed with its tokens proves \
     nothing about who signed to anyone but you.";

/// How long a code is good, in seconds.
const LIFETIME: i64 = 5 * 60;
/// The most codes at a time.
const LOGINS: usize = 1000;
