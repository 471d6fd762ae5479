//! The search for a path, and what is asked of each issuer on it.

use jiff::Timestamp;

use super::{PathError, Purpose, known};
use crate::certificate::constraints::{Comparisons, Finding};
use crate::certificate::{Certificate, algorithm};

/// Looks for issuers, depth first, the trusted certificate before all others.
pub(super) struct Search<'a> {
    anchor: &'a Certificate,
    others: Vec<&'a Certificate>,
    purpose: Purpose,
    at: Timestamp,
    signatures: usize,
    comparisons: Comparisons,
    refusals: Vec<PathError>,
}

/// Whether a path was found.
enum Outcome {
    Found,
    NotFound,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        anchor: &'a Certificate,
        issuing: &'a [Certificate],
        intermediates: &'a [Certificate],
        purpose: Purpose,
        at: Timestamp,
    ) -> Self {
        let mut others: Vec<&Certificate> = Vec::new();
        for other in issuing.iter().chain(intermediates) {
            // what comes with a leaf may be what is known anyway, and even what is trusted
            if other != anchor && !others.contains(&other) {
                others.push(other);
            }
        }
        Self {
            anchor,
            others,
            purpose,
            at,
            signatures: SIGNATURES,
            comparisons: Comparisons::new(COMPARISONS),
            refusals: Vec::new(),
        }
    }

    /// Returns the certificates from the leaf to the trusted one.
    pub(super) fn path(mut self, leaf: &'a Certificate) -> Result<Vec<&'a Certificate>, PathError> {
        let mut path = vec![leaf];
        match self.climb(&mut path)? {
            Outcome::Found => Ok(path),
            Outcome::NotFound => Err(match self.refusals.pop() {
                Some(only) if self.refusals.is_empty() => only,
                Some(last) => {
                    self.refusals.push(last);
                    PathError::NoPath {
                        refusals: self.refusals,
                    }
                }
                None => unknown_issuer(leaf),
            }),
        }
    }

    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> Result<Outcome, PathError> {
        let Some(&subject) = path.last() else {
            return Ok(Outcome::NotFound);
        };
        if subject == self.anchor {
            return Ok(Outcome::Found);
        }
        let mut is_known = false;
        for issuer in self.issuers(subject, path) {
            is_known = true;
            if path.len() >= PATH {
                self.refuse(PathError::PathTooLong { limit: PATH });
                break;
            }
            match self.check(issuer, path) {
                Err(PathError::TooMuchWork) => return Err(PathError::TooMuchWork),
                Err(reason) => self.refuse(reason),
                Ok(()) => {
                    path.push(issuer);
                    if let Outcome::Found = self.climb(path)? {
                        return Ok(Outcome::Found);
                    }
                    path.pop();
                }
            }
        }
        if !is_known {
            self.refuse(unknown_issuer(subject));
        }
        Ok(Outcome::NotFound)
    }

    /// Returns who bears the issuer's name and is not on the path: the same name and key twice is a circle.
    fn issuers(&self, subject: &Certificate, path: &[&Certificate]) -> Vec<&'a Certificate> {
        let is_on_path = |issuer: &Certificate| {
            path.iter()
                .any(|other| other.subject == issuer.subject && other.key_info == issuer.key_info)
        };
        std::iter::once(self.anchor)
            .chain(self.others.iter().copied())
            .filter(|issuer| issuer.subject == subject.issuer && !is_on_path(issuer))
            .collect()
    }

    fn refuse(&mut self, reason: PathError) {
        if self.refusals.len() < REFUSALS && !self.refusals.contains(&reason) {
            self.refusals.push(reason);
        }
    }

    /// Checks that `issuer` issued the last certificate of `path`, and may have issued all that are below it.
    fn check(&mut self, issuer: &Certificate, path: &[&Certificate]) -> Result<(), PathError> {
        self.check_authority(issuer, path)?;
        let Some(subject) = path.last() else {
            return Ok(());
        };
        self.check_signature(issuer, subject)?;
        self.check_names(issuer, path)
    }

    fn check_authority(&self, issuer: &Certificate, path: &[&Certificate]) -> Result<(), PathError> {
        let named = || issuer.shown();
        let extensions = &issuer.extensions;
        if !issuer.validity.contains(self.at) {
            return Err(PathError::IssuerOutsideValidity {
                issuer: named(),
                validity: issuer.validity,
                at: self.at,
            });
        }
        if let Some(identifier) = &extensions.unknown_critical {
            return Err(PathError::UnknownCriticalExtension {
                subject: named(),
                identifier: identifier.as_str().into(),
            });
        }
        // only a trusted certificate from before version 3 need not say that it is an authority (RFC 5280 §6.1.4 (k))
        let is_authority = match extensions.basic_constraints {
            Some(constraints) => constraints.is_authority,
            None => issuer == self.anchor && !issuer.is_version_3,
        };
        if !is_authority {
            return Err(PathError::IssuerIsNoAuthority { issuer: named() });
        }
        if extensions.key_usage.is_some_and(|usage| !usage.signs_certificates) {
            return Err(PathError::IssuerDoesNotSignCertificates { issuer: named() });
        }
        if extensions
            .extended_key_usage
            .is_some_and(|usage| !self.purpose.is_in(usage))
        {
            return Err(PathError::IssuerPurpose {
                issuer: named(),
                expected: self.purpose,
            });
        }
        check_path_length(issuer, path)
    }

    fn check_signature(&mut self, issuer: &Certificate, subject: &Certificate) -> Result<(), PathError> {
        self.signatures = self.signatures.checked_sub(1).ok_or(PathError::TooMuchWork)?;
        if known::is_issue(issuer, subject) {
            return Ok(());
        }
        let key = issuer.public_key().map_err(|source| PathError::Key {
            subject: issuer.shown(),
            source: source.clone(),
        })?;
        let scheme = algorithm::scheme(&subject.signature_algorithm).map_err(|source| PathError::Algorithm {
            subject: subject.shown(),
            source,
        })?;
        if !algorithm::verifies(scheme, key, &subject.tbs, &subject.signature) {
            return Err(PathError::SignatureMismatch {
                subject: subject.shown(),
                issuer: issuer.shown(),
            });
        }
        Ok(())
    }

    fn check_names(&mut self, issuer: &Certificate, path: &[&Certificate]) -> Result<(), PathError> {
        let Some(constraints) = &issuer.extensions.name_constraints else {
            return Ok(());
        };
        for (place, certificate) in path.iter().enumerate() {
            // an authority may renew itself under any constraint, the leaf may not (RFC 5280 §6.1.3 (b), (c))
            if place > 0 && certificate.is_self_issued() {
                continue;
            }
            match constraints.judge(certificate, &mut self.comparisons) {
                Finding::Permitted => {}
                Finding::Refused { name, reason } => {
                    return Err(PathError::Name {
                        name: name.as_str().into(),
                        reason,
                        issuer: issuer.shown(),
                    });
                }
                Finding::TooMuchWork => return Err(PathError::TooMuchWork),
            }
        }
        Ok(())
    }
}

/// Checks how many authorities follow on the issuer; those that renew themselves do not count (RFC 5280 §4.2.1.9).
fn check_path_length(issuer: &Certificate, path: &[&Certificate]) -> Result<(), PathError> {
    let found = path
        .iter()
        .skip(1)
        .filter(|certificate| !certificate.is_self_issued())
        .count();
    let limit = issuer
        .extensions
        .basic_constraints
        .and_then(|constraints| constraints.path_length);
    match limit {
        Some(limit) if u64::try_from(found).is_ok_and(|found| found > limit) => Err(PathError::PathLength {
            issuer: issuer.shown(),
            limit,
            found,
        }),
        _ => Ok(()),
    }
}

fn unknown_issuer(subject: &Certificate) -> PathError {
    PathError::UnknownIssuer {
        subject: subject.shown(),
        issuer: subject.issuer.quoted(),
    }
}

/// The most certificates of a path.
const PATH: usize = 16;

/// The most signatures that are verified for one leaf: many issuers of one name must not cost hours.
const SIGNATURES: usize = 100;

/// The most comparisons of a name with what an authority may certify.
const COMPARISONS: usize = 100_000;

/// The most reasons that are told.
const REFUSALS: usize = 16;
