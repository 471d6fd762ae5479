//! The section on bases: on which of them an image must stand.

use super::{DENIED, Malformed, PolicyFileError, Reader, SIGNERS, identity, public_key, shown};
use crate::age::Age;
use crate::base::{AuthorisedBase, Authority, BasePolicy, CurrentTag, PREDICATE_TYPE, PathPattern, Require, TagState};
use crate::digest::Digest;
use crate::policy::{CertificateLogRule, Claim, Policy, TrustedSigner};

/// Reads the section; `policy` makes of a signer what is asked of each of its signatures.
pub(super) fn bases<E>(
    section: Reader<'_>,
    certificate_log: CertificateLogRule,
    policy: &dyn Fn(TrustedSigner, Claim) -> Policy,
    load: &dyn Fn(&str) -> Result<Vec<u8>, E>,
) -> Result<BasePolicy, PolicyFileError<E>> {
    let section = section.object(&["require", "maxLayersAbove", "forbidOverrides", "deny", "authorised"])?;
    let mut bases: Vec<AuthorisedBase> = Vec::new();
    for item in section.required("authorised")?.items(SIGNERS)? {
        let base = base(item, certificate_log, policy, load)?;
        if let Some(other) = bases.iter().find(|other| other.name == base.name) {
            return Err(Malformed::BaseTwice {
                name: other.name.clone(),
            }
            .into());
        }
        bases.push(base);
    }
    if bases.is_empty() {
        return Err(Malformed::NoBases.into());
    }
    let require = match section.member("require") {
        Some(text) => parsed(&text)?,
        None => Require::Any,
    };
    let layers_above = match section.member("maxLayersAbove") {
        Some(number) => Some(usize::try_from(number.number(LAYERS_ABOVE)?).unwrap_or(usize::MAX)),
        None => None,
    };
    Ok(BasePolicy {
        bases,
        require,
        layers_above,
        denied: digests(&section, "deny")?,
        forbid_overrides: patterns(&section)?,
    })
}

/// Reads the paths that must stay as a base has them.
fn patterns(section: &Reader<'_>) -> Result<Vec<PathPattern>, Malformed> {
    let list = section
        .member("forbidOverrides")
        .map_or(Ok(Vec::new()), |list| list.items(DENIED))?;
    list.iter().map(parsed).collect()
}

fn base<E>(
    item: Reader<'_>,
    certificate_log: CertificateLogRule,
    policy: &dyn Fn(TrustedSigner, Claim) -> Policy,
    load: &dyn Fn(&str) -> Result<Vec<u8>, E>,
) -> Result<AuthorisedBase, PolicyFileError<E>> {
    let base = item.object(MEMBERS)?;
    let max_age = base.member("maxAge").map(|text| parsed::<Age>(&text)).transpose()?;
    let (authority, usual_name) = authority(&base, certificate_log, policy, load)?;
    let tags = texts(&base, "current")?.into_iter().map(|name| CurrentTag {
        name,
        state: TagState::Unknown,
    });
    Ok(AuthorisedBase {
        name: match base.member("name") {
            Some(name) => name.text()?.to_owned(),
            None => usual_name,
        },
        authority,
        max_age,
        denied: digests(&base, "deny")?,
        repositories: texts(&base, "repositories")?,
        current: tags.collect(),
    })
}

/// Reads what makes layers those of a base, and what that is called where it has no name.
fn authority<E>(
    base: &Reader<'_>,
    certificate_log: CertificateLogRule,
    policy: &dyn Fn(TrustedSigner, Claim) -> Policy,
    load: &dyn Fn(&str) -> Result<Vec<u8>, E>,
) -> Result<(Authority, String), PolicyFileError<E>> {
    if base.member("digests").is_some() {
        // what is known by its digest needs no signature, and so has no age
        base.alone("digests", &["key", "maxAge", "repositories", "current"])?;
        base.alone("digests", IDENTITY)?;
        let known = digests(base, "digests")?;
        let Some(name) = known.first().map(Digest::to_string) else {
            let path = base.path_of("digests[0]");
            return Err(Malformed::Missing { path }.into());
        };
        return Ok((Authority::Known(known), name));
    }
    let signer = match base.member("key") {
        Some(key) => {
            base.alone("key", IDENTITY)?;
            TrustedSigner::key(public_key(&key, load)?)
        }
        None => TrustedSigner::Identities {
            identities: vec![identity(base, None)?],
            certificate_log,
        },
    };
    let name = shown(&signer);
    let claim = Claim::attestation(PREDICATE_TYPE.parse().expect("it is a URI"));
    Ok((Authority::Signed(Box::new(policy(signer, claim))), name))
}

/// Reads a list of texts, which may be missing.
fn texts(object: &Reader<'_>, member: &str) -> Result<Vec<String>, Malformed> {
    let list = object
        .member(member)
        .map_or(Ok(Vec::new()), |list| list.items(SIGNERS))?;
    list.iter().map(|text| text.text().map(str::to_owned)).collect()
}

/// Reads a list of digests, which may be missing.
fn digests(object: &Reader<'_>, member: &str) -> Result<Vec<Digest>, Malformed> {
    let list = object
        .member(member)
        .map_or(Ok(Vec::new()), |list| list.items(DENIED))?;
    let digests = list.iter().map(|item| {
        item.text()?.parse().map_err(|source| Malformed::Digest {
            path: item.path().to_owned(),
            source,
        })
    });
    digests.collect()
}

/// Reads a text of its own grammar.
fn parsed<T: std::str::FromStr<Err: ToString>>(text: &Reader<'_>) -> Result<T, Malformed> {
    text.text()?.parse::<T>().map_err(|error| Malformed::Text {
        path: text.path().to_owned(),
        reason: error.to_string(),
    })
}

const MEMBERS: &[&str] = &[
    "name",
    "key",
    "identity",
    "identityRegexp",
    "issuer",
    "issuerRegexp",
    "claims",
    "digests",
    "repositories",
    "maxAge",
    "current",
    "deny",
];

/// What says that a certificate signs.
const IDENTITY: &[&str] = &["identity", "identityRegexp", "issuer", "issuerRegexp", "claims"];

/// The most layers that an image may be allowed above its base; none has so many.
const LAYERS_ABOVE: u64 = 1000;

#[cfg(test)]
mod tests;
