//! From a leaf to a certificate that is trusted (RFC 5280 §6.1, client-spec §4.3).

mod error;
mod known;
mod search;

use jiff::Timestamp;

use self::search::Search;
use super::Certificate;
use super::extensions::ExtendedKeyUsage;
use crate::key::PublicKey;

pub use error::PathError;

/// What a leaf is to be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// To sign artifacts: unless it says what it is for, a certificate is for anything.
    CodeSigning,
    /// To sign timestamps, which a certificate must say, alone and critically (RFC 3161 §2.3).
    TimeStamping,
}

/// Certificates that were found to lead from a leaf to what is trusted, at one moment.
#[derive(Clone, Debug)]
pub struct VerifiedPath {
    certificates: Vec<Certificate>,
    leaf: Certificate,
    anchor: Certificate,
    key: PublicKey,
}

impl VerifiedPath {
    /// Returns the certificate at the path's start.
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// Returns the leaf's key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns who issued the leaf: itself, when it is trusted and issued itself; `None` when it is trusted and another did.
    pub fn issuer(&self) -> Option<&Certificate> {
        match self.certificates.get(1) {
            Some(issuer) => Some(issuer),
            None => Some(&self.leaf).filter(|leaf| leaf.is_self_issued()),
        }
    }

    /// Returns the trusted certificate at the path's end.
    pub fn anchor(&self) -> &Certificate {
        &self.anchor
    }

    /// Returns every certificate, the leaf first and the trusted one last.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// Finds a path from `leaf` to the last of `authority_chain`, all of it valid at `at`, and checks it.
///
/// The other certificates of the authority and the `intermediates`, for which nobody vouches, may be on the way. As in
/// Go, a leaf that is itself what is trusted is a path; and certificates of authorities that name purposes must name
/// this one.
///
/// # Errors
///
/// [`PathError`]: what is wrong with the leaf, or why each issuer that it could have is none.
pub fn verify_path(
    leaf: &Certificate,
    intermediates: &[Certificate],
    authority_chain: &[Certificate],
    purpose: Purpose,
    at: Timestamp,
) -> Result<VerifiedPath, PathError> {
    let Some((anchor, issuing)) = authority_chain.split_last() else {
        return Err(PathError::NoAuthority);
    };
    if intermediates.len() > INTERMEDIATES {
        return Err(PathError::TooManyIntermediates {
            limit: INTERMEDIATES,
            found: intermediates.len(),
        });
    }
    let key = check_leaf(leaf, purpose, at)?;
    let path = Search::new(anchor, issuing, intermediates, purpose, at).path(leaf)?;
    Ok(VerifiedPath {
        certificates: path.into_iter().cloned().collect(),
        leaf: leaf.clone(),
        anchor: anchor.clone(),
        key: key.clone(),
    })
}

/// Checks what does not depend on who issued it.
fn check_leaf(leaf: &Certificate, purpose: Purpose, at: Timestamp) -> Result<&PublicKey, PathError> {
    if !leaf.validity.contains(at) {
        return Err(PathError::LeafOutsideValidity {
            validity: leaf.validity,
            at,
        });
    }
    if let Some(identifier) = &leaf.extensions.unknown_critical {
        return Err(PathError::UnknownCriticalExtension {
            subject: leaf.shown(),
            identifier: identifier.as_str().into(),
        });
    }
    if leaf.extensions.key_usage.is_some_and(|usage| !usage.signs) {
        return Err(PathError::LeafDoesNotSign);
    }
    let is_fit = match (purpose, leaf.extensions.extended_key_usage) {
        (Purpose::CodeSigning, usage) => usage.is_none_or(|usage| purpose.is_in(usage)),
        (Purpose::TimeStamping, usage) => {
            usage.is_some_and(|usage| usage.is_critical && usage.has_time_stamping && usage.count == 1)
        }
    };
    if !is_fit {
        return Err(PathError::LeafPurpose { expected: purpose });
    }
    leaf.public_key().map_err(|source| PathError::Key {
        subject: leaf.shown(),
        source: source.clone(),
    })
}

impl Purpose {
    fn is_in(self, usage: ExtendedKeyUsage) -> bool {
        usage.has_any
            || match self {
                Self::CodeSigning => usage.has_code_signing,
                Self::TimeStamping => usage.has_time_stamping,
            }
    }
}

/// The most certificates that may come with a leaf; a path with one has been seen.
const INTERMEDIATES: usize = 16;
