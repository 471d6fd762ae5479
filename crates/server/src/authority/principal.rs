//! Who a token's holder is, by the kind of the provider that vouches (Fulcio, `docs/oidc.md`).

use countersign_core::certificate::FulcioExtension as Extension;

use super::certificate::SignerName;
use crate::oidc::claims::Claims;
use crate::oidc::kind::{Kind, Template};

/// A signer: what the certificate will say of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    name: SignerName,
    /// What the signer signs to show that the key is theirs.
    challenge: String,
    values: Vec<(Extension, String)>,
}

impl Principal {
    /// Reads who is meant from claims that were verified.
    pub(crate) fn read(claims: &Claims, kind: &Kind) -> Result<Self, PrincipalError> {
        let subject = claims.subject().filter(|subject| !subject.is_empty());
        let subject = subject.ok_or(PrincipalError::Subject)?;
        let (name, challenge) = named(subject, claims, kind)?;
        let mut values = values(claims, kind)?;
        let issuer = claims.issuer().to_owned();
        values.push((Extension::DeprecatedIssuer, issuer.clone()));
        values.push((Extension::Issuer, issuer));
        values.push((Extension::TokenSubject, subject.to_owned()));
        Ok(Self {
            name,
            challenge,
            values,
        })
    }

    pub(crate) fn name(&self) -> &SignerName {
        &self.name
    }

    pub(crate) fn challenge(&self) -> &str {
        &self.challenge
    }

    pub(super) fn value(&self, kind: Extension) -> Option<&str> {
        let found = self.values.iter().find(|(known, _)| *known == kind);
        found.map(|(_, value)| value.as_str())
    }
}

/// What the certificate names the signer, and what they sign to show that the key is theirs.
fn named(subject: &str, claims: &Claims, kind: &Kind) -> Result<(SignerName, String), PrincipalError> {
    let name = match kind {
        Kind::Email => {
            let address = email(claims)?;
            return Ok((SignerName::Email(address.clone()), address));
        }
        Kind::Uri { domain } => uri_within(subject, domain)?,
        Kind::Spiffe { domain } => uri_within(subject, &format!("spiffe://{domain}"))?,
        Kind::Username { .. } if subject.contains(['!', '@']) => {
            return Err(PrincipalError::User { found: shown(subject) });
        }
        Kind::Username { domain } => SignerName::User(format!("{subject}!{domain}")),
        Kind::Workflow(workflow) => {
            let name = filled(workflow.name, claims, kind)?;
            if !is_uri(&name) {
                return Err(PrincipalError::Uri { found: shown(&name) });
            }
            SignerName::Uri(name)
        }
    };
    Ok((name, subject.to_owned()))
}

fn uri_within(subject: &str, domain: &str) -> Result<SignerName, PrincipalError> {
    if uri_is_within(subject, domain) {
        return Ok(SignerName::Uri(subject.to_owned()));
    }
    Err(PrincipalError::Domain {
        expected: domain.to_owned(),
        found: shown(subject),
    })
}

/// What is said of the run of a workflow.
fn values(claims: &Claims, kind: &Kind) -> Result<Vec<(Extension, String)>, PrincipalError> {
    let Kind::Workflow(workflow) = kind else {
        return Ok(Vec::new());
    };
    let extensions = workflow.extensions.iter();
    extensions
        .map(|(extension, template)| Ok((*extension, filled(*template, claims, kind)?)))
        .collect()
}

/// An address that nobody has verified is anybody's.
fn email(claims: &Claims) -> Result<String, PrincipalError> {
    let address = claims.text("email").ok_or(PrincipalError::Email)?;
    if !claims.is_true("email_verified") {
        return Err(PrincipalError::Unverified { found: shown(&address) });
    }
    if is_email(&address) {
        Ok(address)
    } else {
        Err(PrincipalError::Address { found: shown(&address) })
    }
}

/// Says whether a text is an address as certificates have them: ASCII, one name, one host (RFC 5280 §4.2.1.6).
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || ATOM.contains(&byte))
    };
    text.len() <= NAME && local.split('.').all(is_atom) && host.split('.').all(is_label)
}

/// Says whether a text has the form of an absolute URI (RFC 3986), which is ASCII without blanks.
fn is_uri(text: &str) -> bool {
    let is_plain = text.len() <= NAME
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !UNSAFE.contains(&byte));
    is_plain
        && text
            .split_once("://")
            .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}

/// Says whether scheme and host of a URI are those of `domain`.
fn uri_is_within(uri: &str, domain: &str) -> bool {
    let authority = |text: &'_ str| {
        let (scheme, rest) = text.split_once("://")?;
        let host = rest.split(['/', '?', '#']).next()?;
        // what is before an @ is a user, not the host
        (!host.contains('@') && !host.is_empty()).then(|| format!("{scheme}://{}", host.to_ascii_lowercase()))
    };
    is_uri(uri) && authority(uri).is_some() && authority(uri) == authority(domain)
}

/// Fills the places of a template with claims.
fn filled(Template(template): Template, claims: &Claims, kind: &Kind) -> Result<String, PrincipalError> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, after) = after
            .split_once('}')
            .expect("the templates of this program are well formed");
        text.push_str(before);
        text.push_str(&claimed(place, claims, kind)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn claimed(place: &str, claims: &Claims, kind: &Kind) -> Result<String, PrincipalError> {
    match place {
        // a deployment has one, a build need not
        "environment" => Ok(claims.text(place).unwrap_or_default()),
        "url" => Ok(kind.url(claims.issuer())),
        "ref_kind" => match claims.text("ref_type").as_deref() {
            Some("branch") => Ok("heads".to_owned()),
            Some("tag") => Ok("tags".to_owned()),
            _ => Err(PrincipalError::Claim {
                claim: "ref_type".to_owned(),
            }),
        },
        _ => claims.text(place).ok_or_else(|| PrincipalError::Claim {
            claim: place.to_owned(),
        }),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// Why a token does not tell who its holder is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PrincipalError {
    #[error("identity token's e-mail address is {found:?}, which is none that a certificate can hold")]
    Address { found: String },
    #[error("identity token has no claim {claim:?}, which the certificate is to tell")]
    Claim { claim: String },
    #[error("identity token's subject is {found:?}, expected a URI of {expected}")]
    Domain { expected: String, found: String },
    #[error("identity token has no e-mail address, which is what tokens of this issuer are to be about")]
    Email,
    #[error("identity token has no subject")]
    Subject,
    #[error("identity token is for {found:?}, which its issuer has not verified (email_verified is not true)")]
    Unverified { found: String },
    #[error("identity token names the signer {found:?}, which is no URI")]
    Uri { found: String },
    #[error("identity token's subject is {found:?}, expected a user's name without ! and @")]
    User { found: String },
}

/// What an address may have before its @ besides letters and digits (RFC 5321 §4.1.2, `Atom`).
const ATOM: &[u8] = b"!#$%&'*+-/=?^_`{|}~";
const UNSAFE: &[u8] = b"\"<>\\^`{|}";
/// The longest name of a signer, in bytes.
const NAME: usize = 1024;
/// How much of a bad text an error repeats, in characters.
const SHOWN: usize = 120;

#[cfg(test)]
mod tests;
