//! Logging in on another device (RFC 8628).

use std::collections::HashMap;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::form::Form;
use super::login::{NOTE, challenge_of};
use super::{Development, Granted, Refusal, address, lock, page, refusal, unguessable};
use crate::oidc::AUDIENCE;
use crate::reply::Reply;

/// The logins that were begun, by what the client has.
#[derive(Default)]
pub(super) struct Devices(HashMap<String, Device>);

struct Device {
    /// What the user sees.
    code: String,
    /// Who has what this was made of may end the login, where the client said so.
    challenge: Option<String>,
    email: Option<String>,
    /// Until when it may be ended, in seconds since 1970.
    until: i64,
}

impl Development {
    /// Begins a login.
    pub(super) fn begin_device(&self, given: &Form, now: Timestamp) -> Reply {
        if given.value("client_id") != Some(AUDIENCE) {
            return refusal(
                StatusCode::BAD_REQUEST,
                "invalid_client",
                "client_id is not \"sigstore\"",
            )
            .into();
        }
        let (secret, code) = match unguessable().and_then(|secret| Ok((secret, shown_code()?))) {
            Ok(made) => made,
            Err(refusal) => return refusal.into(),
        };
        let mut devices = lock(&self.devices);
        devices.0.retain(|_, device| device.until > now.as_second());
        if devices.0.len() >= DEVICES {
            return refusal(StatusCode::TOO_MANY_REQUESTS, "slow_down", "too many log in at a time").into();
        }
        let device = Device {
            code: code.clone(),
            challenge: given.value("code_challenge").map(str::to_owned),
            email: None,
            until: now.as_second() + LIFETIME,
        };
        devices.0.insert(secret.clone(), device);
        drop(devices);
        let page = format!("{}/device", self.issuer);
        Reply::json(
            StatusCode::OK,
            &json!({
                "device_code": secret, "user_code": code, "verification_uri": page,
                "verification_uri_complete": format!("{page}?user_code={code}"), "expires_in": LIFETIME, "interval": 1,
            }),
        )
    }

    /// Asks who the user is, and which login is meant.
    pub(super) fn ask_device(&self, given: &Form) -> Reply {
        let code = given.value("user_code").unwrap_or_default();
        page::ask("Who signs?", NOTE, "", &[], Some(("user_code", code)))
    }

    /// Notes who the user says they are.
    pub(super) fn approve_device(&self, given: &Form, now: Timestamp) -> Reply {
        let email = match address(given) {
            Ok(email) => email,
            Err(refusal) => return refusal.into(),
        };
        let code = given.value("user_code").unwrap_or_default().trim().to_ascii_uppercase();
        let mut devices = lock(&self.devices);
        let waiting = devices.0.values_mut().find(|device| device.code == code);
        let waiting = waiting.filter(|device| device.until > now.as_second() && device.email.is_none());
        let Some(device) = waiting else {
            return page::tell(
                StatusCode::BAD_REQUEST,
                "No such login",
                "No login with this code is waiting.",
            );
        };
        device.email = Some(email.to_owned());
        page::tell(StatusCode::OK, "Logged in", "Your program goes on within seconds.")
    }

    /// Tells a client whether its user has logged in.
    pub(super) fn poll_device(&self, given: &Form, now: Timestamp) -> Result<Granted, Refusal> {
        let wrong = |error: &'static str, reason: &str| refusal(StatusCode::BAD_REQUEST, error, reason);
        let secret = given.value("device_code").unwrap_or_default();
        let mut devices = lock(&self.devices);
        let Some(device) = devices.0.get(secret).filter(|device| device.until > now.as_second()) else {
            return Err(wrong(
                "expired_token",
                "device_code is not that of a login that is under way",
            ));
        };
        let verifier = given.value("code_verifier").unwrap_or_default();
        let is_who_asked = device
            .challenge
            .as_ref()
            .is_none_or(|challenge| challenge_of(verifier) == *challenge);
        if !is_who_asked {
            return Err(wrong(
                "invalid_grant",
                "code_verifier is not that of the code_challenge",
            ));
        }
        let Some(email) = device.email.clone() else {
            return Err(wrong("authorization_pending", "the user has not logged in yet"));
        };
        devices.0.remove(secret);
        Ok(Granted { email, nonce: None })
    }
}

/// A code of eight letters that people can type: no vowels, so that no words come of it (RFC 8628 §6.1).
fn shown_code() -> Result<String, Refusal> {
    let random = unguessable()?;
    let letters = random
        .bytes()
        .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let letters: String = letters.take(8).collect();
    let (start, end) = letters.split_at(4);
    Ok(format!("{start}-{end}"))
}

pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How long a login may take, in seconds.
const LIFETIME: i64 = 5 * 60;
/// The most logins at a time.
const DEVICES: usize = 1000;
