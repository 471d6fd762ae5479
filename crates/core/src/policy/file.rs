//! Policy files: who must have signed, and what else must vouch for it, as JSON (`docs/policy.schema.json`).

mod bases;
mod error;
mod reader;

use std::num::NonZero;

use serde_json::Value;

use super::{
    CertificateLogRule, Claim, Denied, IdentityPattern, LogRule, Pattern, Policy, Quorum, Regexp, TimestampRule,
    TrustedSigner,
};
use crate::base::BasePolicy;
use crate::certificate::FulcioExtension;
use crate::chain::{Countersigners, Covers, Depth};
use crate::digest::Digest;
use crate::key::PublicKey;
pub use error::{Malformed, PolicyFileError};
use reader::Reader;

/// The longest policy file that is read, in bytes.
pub const LIMIT: usize = 1024 * 1024;

/// The most signers of a policy.
pub const SIGNERS: usize = 64;

/// The most digests, keys or identities that a policy denies.
pub const DENIED: usize = 4096;

const MEMBERS: &[&str] = &[
    "version",
    "signers",
    "threshold",
    "logs",
    "timestamps",
    "certificateLogs",
    "deny",
    "bases",
    "countersigners",
];

/// The version of the files that are read.
const VERSION: u64 = 1;

/// A policy as it is written; keys may be in files of their own.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    quorum: Quorum,
    denied: Denied,
    log: LogRule,
    timestamps: TimestampRule,
    countersigners: Option<Countersigners>,
    bases: Option<BasePolicy>,
}

impl PolicyFile {
    /// Reads a policy; `load` reads the file that a key is in.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`], which names the member; `E` is what `load` fails with.
    pub fn parse<E>(json: &Value, load: &dyn Fn(&str) -> Result<Vec<u8>, E>) -> Result<Self, PolicyFileError<E>> {
        let file = Reader::root(json).object(MEMBERS)?;
        let version = file.required("version")?.number(u64::MAX)?;
        if version != VERSION {
            return Err(Malformed::Version { found: version }.into());
        }
        let certificate_log = file.count("certificateLogs", 1)?;
        let certificate_log = certificate_log.map_or(CertificateLogRule::InsecurelyIgnored, |logs| {
            CertificateLogRule::Required { logs }
        });
        let mut policy = Self {
            quorum: quorum(&file, certificate_log, load)?,
            denied: file
                .member("deny")
                .map_or(Ok(Denied::default()), |deny| denied(deny, load))?,
            log: match file.count("logs", 1)? {
                Some(logs) => LogRule::Required { logs },
                None => LogRule::InsecurelyIgnored,
            },
            timestamps: match file.count("timestamps", 0)? {
                Some(authorities) => TimestampRule::Required { authorities },
                None => TimestampRule::NotAsked,
            },
            countersigners: match file.member("countersigners") {
                Some(countersigners) => Some(self::countersigners(countersigners, certificate_log, load)?),
                None => None,
            },
            bases: None,
        };
        if let Some(section) = file.member("bases") {
            let asked = |signer, claim| policy.of_signer(signer, claim);
            policy.bases = Some(bases::bases(section, certificate_log, &asked, load)?);
        }
        Ok(policy)
    }

    /// Returns who must have countersigned, where the policy says it.
    pub fn countersigners(&self) -> Option<&Countersigners> {
        self.countersigners.as_ref()
    }

    /// Returns who must have signed.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Returns what each signature must satisfy by itself.
    pub fn policy(&self, claim: Claim) -> Policy {
        self.of_signer(self.quorum.anyone(), claim)
    }

    /// Returns on which bases an image must stand, where the policy says so.
    pub fn bases(&self) -> Option<&BasePolicy> {
        self.bases.as_ref()
    }

    fn of_signer(&self, signer: TrustedSigner, claim: Claim) -> Policy {
        Policy::new(signer, claim, self.log)
            .stamped(self.timestamps)
            .denying(self.denied.clone())
    }
}

/// Reads the members `signers` and `threshold`.
fn quorum<E>(
    object: &Reader<'_>,
    certificate_log: CertificateLogRule,
    load: &dyn Fn(&str) -> Result<Vec<u8>, E>,
) -> Result<Quorum, PolicyFileError<E>> {
    let signers = signers(&object.required("signers")?, certificate_log, load)?;
    let threshold = match (object.member("threshold"), signers.len()) {
        (None, 1) => NonZero::<usize>::MIN,
        // neither one of them nor all can be meant by silence
        (None, _) => {
            return Err(Malformed::Missing {
                path: object.path_of("threshold"),
            }
            .into());
        }
        (Some(_), _) => object.count("threshold", 1)?.ok_or(Malformed::NoThreshold)?,
    };
    Ok(Quorum::new(threshold, signers).map_err(Malformed::Quorum)?)
}

fn countersigners<E>(
    object: Reader<'_>,
    certificate_log: CertificateLogRule,
    load: &dyn Fn(&str) -> Result<Vec<u8>, E>,
) -> Result<Countersigners, PolicyFileError<E>> {
    let object = object.object(&["signers", "threshold", "covers", "minDepth"])?;
    let covers = match object.member("covers") {
        None => Covers::All,
        Some(member) => match member.text()? {
            "all" => Covers::All,
            "any" => Covers::Any,
            _ => {
                return Err(Malformed::Kind {
                    path: member.path().to_owned(),
                    expected: "all or any",
                    found: "another text",
                }
                .into());
            }
        },
    };
    let countersigners = Countersigners::new(quorum(&object, certificate_log, load)?, covers);
    let Some(depth) = object.member("minDepth") else {
        return Ok(countersigners);
    };
    let found = object.count("minDepth", 0)?.map_or(0, NonZero::get);
    match Depth::new(found) {
        Some(depth) => Ok(countersigners.deep(depth)),
        None => Err(Malformed::TooSmall {
            path: depth.path().to_owned(),
            limit: Depth::LEAST,
            found,
        }
        .into()),
    }
}

fn signers<E>(
    list: &Reader<'_>,
    certificate_log: CertificateLogRule,
    load: &dyn Fn(&str) -> Result<Vec<u8>, E>,
) -> Result<Vec<(String, TrustedSigner)>, PolicyFileError<E>> {
    let mut signers = Vec::new();
    for item in list.items(SIGNERS)? {
        let signer = item.object(&[
            "name",
            "key",
            "identity",
            "identityRegexp",
            "issuer",
            "issuerRegexp",
            "claims",
        ])?;
        let trusted = match signer.member("key") {
            Some(key) => {
                signer.alone(
                    "key",
                    &["identity", "identityRegexp", "issuer", "issuerRegexp", "claims"],
                )?;
                TrustedSigner::key(public_key(&key, load)?)
            }
            None => TrustedSigner::Identities {
                identities: vec![identity(&signer, None)?],
                certificate_log,
            },
        };
        let name = match signer.member("name") {
            Some(name) => name.text()?.to_owned(),
            None => shown(&trusted),
        };
        signers.push((name, trusted));
    }
    if signers.is_empty() {
        return Err(Malformed::NoSigners.into());
    }
    Ok(signers)
}

/// How a signer without a name is called.
fn shown(signer: &TrustedSigner) -> String {
    match signer {
        TrustedSigner::Key { key, .. } => format!("key {}", key.hint()),
        TrustedSigner::Identities { identities, .. } => identities.iter().map(ToString::to_string).collect(),
        TrustedSigner::AnyOf(signers) => signers.iter().map(shown).collect(),
    }
}

/// Reads whom a certificate names; half an identity is `other` in the rest, or an error.
fn identity(signer: &Reader<'_>, other: Option<&Pattern>) -> Result<IdentityPattern, Malformed> {
    let half = |exact: &'static str, regexp: &'static str| match (signer.member(exact), signer.member(regexp), other) {
        (Some(text), None, _) => Ok(Pattern::Exact(text.text()?.to_owned())),
        (None, Some(text), _) => {
            let expression = Regexp::whole(text.text()?);
            expression.map(Pattern::Regexp).map_err(|source| Malformed::Regexp {
                path: text.path().to_owned(),
                source,
            })
        }
        (None, None, Some(other)) => Ok(other.clone()),
        (None, None, None) => Err(Malformed::Missing {
            path: signer.path_of(exact),
        }),
        (Some(_), Some(_), _) => Err(Malformed::Both {
            path: signer.path_of(exact),
            other: regexp,
        }),
    };
    let pattern = IdentityPattern::new(half("identity", "identityRegexp")?, half("issuer", "issuerRegexp")?);
    let Some(claims) = signer.member("claims") else {
        return Ok(pattern);
    };
    claims.entries()?.try_fold(pattern, |pattern, (name, value)| {
        let claim = claim_named(name).ok_or_else(|| Malformed::Unknown {
            path: claims.path_of(name),
        })?;
        Ok(pattern.claiming(claim, value.text()?.to_owned()))
    })
}

fn denied<E>(deny: Reader<'_>, load: &dyn Fn(&str) -> Result<Vec<u8>, E>) -> Result<Denied, PolicyFileError<E>> {
    let deny = deny.object(&["digests", "keys", "identities"])?;
    let list = |name| deny.member(name).map_or(Ok(Vec::new()), |list| list.items(DENIED));
    let mut denied = Denied::default();
    for item in list("digests")? {
        let digest = item.text()?.parse::<Digest>();
        denied.digests.push(digest.map_err(|source| Malformed::Digest {
            path: item.path().to_owned(),
            source,
        })?);
    }
    for item in list("keys")? {
        denied.keys.push(public_key(&item, load)?);
    }
    for item in list("identities")? {
        let item = item.object(&["identity", "identityRegexp", "issuer", "issuerRegexp", "claims"])?;
        if item.is_empty() {
            return Err(Malformed::Missing {
                path: item.path_of("identity"),
            }
            .into());
        }
        denied.identities.push(identity(&item, Some(&Pattern::Anything))?);
    }
    Ok(denied)
}

/// Reads a key: PEM, or the name of the file that it is in.
fn public_key<E>(key: &Reader<'_>, load: &dyn Fn(&str) -> Result<Vec<u8>, E>) -> Result<PublicKey, PolicyFileError<E>> {
    let text = key.text()?;
    let loaded;
    let pem = if text.trim_start().starts_with("-----BEGIN") {
        text.as_bytes()
    } else {
        loaded = load(text).map_err(PolicyFileError::Key)?;
        &loaded
    };
    PublicKey::from_pem(pem).map_err(|source| {
        Malformed::Key {
            path: key.path().to_owned(),
            source,
        }
        .into()
    })
}

/// The extension of Fulcio that a member names: `githubWorkflowRef` is "GitHub Workflow Ref".
fn claim_named(member: &str) -> Option<FulcioExtension> {
    FulcioExtension::ALL.into_iter().find(|claim| {
        !matches!(claim, FulcioExtension::Issuer | FulcioExtension::DeprecatedIssuer) && member_of(*claim) == member
    })
}

/// How a policy file names an extension of Fulcio: its name's words together, `githubWorkflowRef`.
pub fn member_of(claim: FulcioExtension) -> String {
    let mut member = String::new();
    for word in claim.name().split(' ') {
        let mut letters = word.chars().map(|letter| letter.to_ascii_lowercase());
        match letters.next() {
            Some(first) if !member.is_empty() => member.push(first.to_ascii_uppercase()),
            first => member.extend(first),
        }
        member.extend(letters);
    }
    member
}

#[cfg(test)]
mod tests;
