//! A signer in one word: `key=FILE`, or `identity=IDENTITY,issuer=ISSUER`.

use countersign::key_reference::KeyReference;
use countersign_core::policy::{CertificateLogRule, IdentityPattern, Pattern, Regexp, TrustedSigner};
use countersign_oci::http::Http;

use super::annotations::split_list;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Reads a signer and its name; a key is a file, env://VARIABLE or https://…, and expressions match the whole text.
pub(crate) async fn read(
    flag: &'static str,
    text: &str,
    certificate_log: CertificateLogRule,
    session: &Session<'_>,
    http: &Http,
) -> Result<(String, TrustedSigner), Failure> {
    let parts = Parts::parse(flag, text)?;
    let signer = match parts.key {
        Some(key) => {
            let key = match key.parse()? {
                KeyReference::File(path) => KeyReference::File(session.path(path)),
                other => other,
            };
            TrustedSigner::key(key.public_key(&session.variables(), http).await?)
        }
        None => TrustedSigner::Identities {
            identities: vec![IdentityPattern::new(
                parts.half(parts.identity.as_ref(), parts.identity_regexp.as_ref(), "identity")?,
                parts.half(parts.issuer.as_ref(), parts.issuer_regexp.as_ref(), "issuer")?,
            )],
            certificate_log,
        },
    };
    Ok((parts.name.unwrap_or_else(|| text.to_owned()), signer))
}

/// The parts of a signer as they are written.
struct Parts {
    flag: &'static str,
    name: Option<String>,
    key: Option<String>,
    identity: Option<String>,
    identity_regexp: Option<String>,
    issuer: Option<String>,
    issuer_regexp: Option<String>,
}

impl Parts {
    fn parse(flag: &'static str, text: &str) -> Result<Self, UsageError> {
        let mut parts = Self {
            flag,
            name: None,
            key: None,
            identity: None,
            identity_regexp: None,
            issuer: None,
            issuer_regexp: None,
        };
        for part in split_list(text) {
            let (name, value) = part.split_once('=').unwrap_or((&part, ""));
            let place = match name {
                "name" => &mut parts.name,
                "key" => &mut parts.key,
                "identity" => &mut parts.identity,
                "identityRegexp" => &mut parts.identity_regexp,
                "issuer" => &mut parts.issuer,
                "issuerRegexp" => &mut parts.issuer_regexp,
                _ => return Err(parts.wrong(&format!("{name:?} is not known"))),
            };
            if value.is_empty() {
                return Err(parts.wrong(&format!("{name} has no value")));
            }
            if place.replace(value.to_owned()).is_some() {
                return Err(parts.wrong(&format!("{name} is there twice")));
            }
        }
        let has_identity = [
            &parts.identity,
            &parts.identity_regexp,
            &parts.issuer,
            &parts.issuer_regexp,
        ]
        .into_iter()
        .any(Option::is_some);
        match (parts.key.is_some(), has_identity) {
            (true, true) => Err(parts.wrong("a signer is a key or an identity")),
            (false, false) => Err(parts.wrong("neither a key nor an identity is there")),
            _ => Ok(parts),
        }
    }

    /// Half an identity: without it, anyone with a certificate would be meant.
    fn half(&self, exact: Option<&String>, regexp: Option<&String>, name: &str) -> Result<Pattern, UsageError> {
        match (exact, regexp) {
            (Some(text), None) => Ok(Pattern::Exact(text.clone())),
            (None, Some(text)) => match Regexp::whole(text) {
                Ok(regexp) => Ok(Pattern::Regexp(regexp)),
                Err(error) => Err(self.wrong(&format!("{name}Regexp: {error}"))),
            },
            (None, None) => Err(self.wrong(&format!("{name} is missing"))),
            (Some(_), Some(_)) => Err(self.wrong(&format!("{name} and {name}Regexp exclude each other"))),
        }
    }

    fn wrong(&self, reason: &str) -> UsageError {
        UsageError::because(format!(
            "{}: {reason}; expected key=KEY or identity=IDENTITY,issuer=ISSUER",
            self.flag
        ))
    }
}
