//! Whose signature is believed (client-spec §4.3).

use std::fmt;

use jiff::Timestamp;

use super::Rejection;
use super::material::{Holder, Material};
use super::time::SignedTimes;
use crate::certificate::Certificate;
use crate::certificate::path::{PathError, Purpose, VerifiedPath, verify_path};
use crate::certificate::sct::{self, SctError, SeenByLog, SeenByLogs, SignedCertificateTimestamp};
use crate::key::PublicKey;
use crate::policy::{CertificateLogRule, IdentityPattern};
use crate::quoted::Quoted;
use crate::trust::{TrustedRoot, Validity};

/// A signer whom the policy trusts for this bundle.
#[derive(Clone, Debug)]
pub(super) struct AcceptedSigner {
    key: PublicKey,
    certificate: Option<Certificate>,
}

impl AcceptedSigner {
    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }

    pub(super) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }
}

/// Returns the signer if the policy trusts them: by their key, which has no validity; or by a certificate, which must be
/// valid at each moment at which the signature existed, be witnessed by logs and name whom the policy trusts.
pub(super) fn accept(
    material: &Material<'_>,
    times: &SignedTimes,
    trust: &TrustedRoot,
) -> Result<AcceptedSigner, Rejection> {
    let certificate = match &material.holder {
        Holder::Trusted => None,
        Holder::Certified {
            leaf,
            others,
            timestamp,
            identities,
            certificate_log,
        } => {
            let path = path(leaf, others, times, trust)?;
            check_witnessed(&path, timestamp.as_ref(), *certificate_log, trust)?;
            check_identity(leaf, identities)?;
            Some(Certificate::clone(leaf))
        }
    };
    Ok(AcceptedSigner {
        key: material.key().clone(),
        certificate,
    })
}

/// Finds a path at each of the moments; returns the last.
fn path(
    leaf: &Certificate,
    others: &[Certificate],
    times: &SignedTimes,
    trust: &TrustedRoot,
) -> Result<VerifiedPath, Rejection> {
    let mut found = None;
    for at in times.moments() {
        found = Some(path_at(leaf, others, *at, trust)?);
    }
    found.ok_or(Rejection::NoTime)
}

fn path_at(
    leaf: &Certificate,
    others: &[Certificate],
    at: Timestamp,
    trust: &TrustedRoot,
) -> Result<VerifiedPath, Rejection> {
    let mut reasons = Vec::new();
    for authority in trust.certificate_authorities() {
        if !authority.validity().contains(at) {
            let reason = UnrelatedReason::OutsideValidity(authority.validity());
            reasons.push((Quoted::new(authority.uri()), reason));
            continue;
        }
        match verify_path(leaf, others, authority.chain(), Purpose::CodeSigning, at) {
            Ok(path) => return Ok(path),
            Err(source) => reasons.push((Quoted::new(authority.uri()), UnrelatedReason::Path(source))),
        }
    }
    Err(Rejection::UntrustedCertificate {
        at,
        reasons: Unrelated(reasons),
    })
}

/// Counts the logs that have seen the certificate: by the timestamps in it, and by one that came beside it, which must be
/// as it should.
fn check_witnessed(
    path: &VerifiedPath,
    beside: Option<&SignedCertificateTimestamp>,
    rule: CertificateLogRule,
    trust: &TrustedRoot,
) -> Result<(), Rejection> {
    let CertificateLogRule::Required { logs } = rule else {
        return Ok(());
    };
    let embedded = sct::verify_embedded(path, trust.certificate_logs());
    let found = match beside {
        None => embedded?.logs().len(),
        Some(timestamp) => {
            let detached = sct::verify_detached(path, timestamp, trust.certificate_logs())?;
            let embedded = match embedded {
                Err(SctError::Absent) => None,
                embedded => Some(embedded?),
            };
            let mut seen: Vec<_> = embedded.iter().flat_map(SeenByLogs::logs).map(SeenByLog::id).collect();
            seen.extend(detached.logs().iter().map(SeenByLog::id));
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        }
    };
    if found < logs.get() {
        return Err(Rejection::TooFewCertificateLogs {
            expected: logs.get(),
            found,
        });
    }
    Ok(())
}

/// Checks that the certificate names one of those who are trusted.
fn check_identity(leaf: &Certificate, identities: &[IdentityPattern]) -> Result<(), Rejection> {
    if identities.iter().any(|identity| identity.is_of(leaf)) {
        return Ok(());
    }
    Err(Rejection::OtherIdentity {
        expected: identities
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", or "),
        found: found(leaf, identities),
    })
}

/// What the certificate says instead, for people: its names, its issuer, and what else was asked for.
fn found(leaf: &Certificate, identities: &[IdentityPattern]) -> FoundIdentity {
    let extensions = leaf.extensions();
    let mut claims = Vec::new();
    for (claim, _) in identities.iter().flat_map(|identity| identity.claims()) {
        if let Some(value) = extensions.value(*claim) {
            claims.push((claim.name(), Quoted::new(value)));
        }
    }
    claims.dedup();
    FoundIdentity {
        names: leaf
            .names()
            .iter()
            .take(SHOWN)
            .map(|name| Quoted::new(&name.to_string()))
            .collect(),
        issuer: extensions.issuer().map(Quoted::new),
        claims,
    }
}

/// Whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundIdentity {
    names: Vec<Quoted>,
    issuer: Option<Quoted>,
    claims: Vec<(&'static str, Quoted)>,
}

impl fmt::Display for FoundIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            f.write_str("nobody")?;
        }
        for (index, name) in self.names.iter().enumerate() {
            write!(f, "{}{name}", if index == 0 { "" } else { " or " })?;
        }
        match &self.issuer {
            Some(issuer) => write!(f, " by {issuer}")?,
            None => f.write_str(" by no issuer")?,
        }
        for (claim, value) in &self.claims {
            write!(f, ", {claim} {value}")?;
        }
        Ok(())
    }
}

/// Authorities that a certificate is not of, each with the reason.
#[derive(Debug)]
pub struct Unrelated(Vec<(Quoted, UnrelatedReason)>);

/// Why a certificate is not of an authority.
#[derive(Debug)]
enum UnrelatedReason {
    /// The authority is not to be believed at the moment.
    OutsideValidity(Validity),
    /// No path leads to it.
    Path(PathError),
}

impl fmt::Display for Unrelated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no certificate authority is trusted");
        }
        for (index, (authority, reason)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match reason {
                UnrelatedReason::OutsideValidity(validity) => {
                    write!(f, "{separator}authority {authority} is trusted {validity}")?;
                }
                UnrelatedReason::Path(source) => write!(f, "{separator}authority {authority}: {source}")?,
            }
        }
        Ok(())
    }
}

/// How many names are shown.
const SHOWN: usize = 8;
