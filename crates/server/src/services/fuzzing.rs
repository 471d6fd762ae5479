//! Doors for the fuzz targets: what clients and providers send, before anything is done with it.

use std::str::FromStr;

use jiff::Timestamp;

use crate::authority::fuzzing::{certificate_request as read_request, principal as read_principal};
use crate::oidc::claims::Claims;
use crate::oidc::development::form::Form;
use crate::oidc::jwks::KeySet;
use crate::oidc::kind::Kind;
use crate::oidc::token::Token;

/// Reads an identity token and believes it by a set of keys; says whether it is believed.
pub fn token(token: &str, keys: &[u8]) -> bool {
    let Ok(keys) = KeySet::parse(keys) else {
        return false;
    };
    let verified = Token::parse(token).and_then(|token| token.verify(&keys, Timestamp::UNIX_EPOCH));
    verified.is_ok()
}

/// Reads who is meant by claims as providers of a kind make them; returns the certificate's extensions, each in DER.
pub fn principal(kind: &str, claims: &[u8]) -> Option<Vec<Vec<u8>>> {
    let kind = Kind::from_str(kind).ok()?;
    let claims = Claims::new(
        "https://issuer.example".to_owned(),
        serde_json::from_slice(claims).ok()?,
    );
    read_principal(&claims, &kind)
}

/// Reads a request for a certificate, of both versions; says whether one is right and its key shown to be held.
pub fn certificate_request(body: &[u8]) -> bool {
    read_request(body)
}

/// Reads a request for a timestamp, and writes the refusal where it is not one.
pub fn timestamp_request(der: &[u8]) -> Option<Vec<u8>> {
    crate::timestamp::fuzzing(der)
}

/// Reads a form; returns the member `a`.
pub fn form(bytes: &[u8]) -> Option<String> {
    let form = Form::parse(bytes).ok()?;
    form.value("a").map(str::to_owned)
}
