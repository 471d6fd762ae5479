//! When the signature existed (client-spec §4.2).

use jiff::Timestamp;

use super::Rejection;
use super::log::ProvenEntries;
use crate::bundle::{Bundle, Content};
use crate::log::ProvenEntry;
use crate::policy::{LogRule, Policy, TimestampRule, TrustedSigner};
use crate::timestamp::{ProvenTime, TimestampError, TimestampToken, count_authorities};
use crate::trust::TrustedRoot;

/// The moments at which the signature is known to have existed.
#[derive(Clone, Debug)]
pub(super) struct SignedTimes {
    /// Those of timestamp authorities first.
    proven: Vec<Timestamp>,
    stamped: usize,
    /// The proven ones or, where the policy asks for none, the moment of the judgement.
    moments: Vec<Timestamp>,
    judged_at: Timestamp,
}

impl SignedTimes {
    pub(super) fn proven(&self) -> &[Timestamp] {
        &self.proven
    }

    /// Those of the proven moments that timestamp authorities prove.
    pub(super) fn stamped(&self) -> &[Timestamp] {
        self.proven.get(..self.stamped).unwrap_or_default()
    }

    /// The moments at which a certificate must be valid, all of them.
    pub(super) fn moments(&self) -> &[Timestamp] {
        &self.moments
    }

    pub(super) fn judged_at(&self) -> Timestamp {
        self.judged_at
    }
}

/// Returns the moments that timestamps prove, of as many authorities as the policy asks for.
///
/// A timestamp of an authority that is not trusted does not count; any other must be as it should. By a key whose
/// timestamps the policy does not ask for, none is looked at: the moment does not matter.
pub(super) fn stamped(bundle: &Bundle, policy: &Policy, trust: &TrustedRoot) -> Result<Vec<Timestamp>, Rejection> {
    let wanted = match policy.timestamps() {
        TimestampRule::Required { authorities } => authorities.get(),
        TimestampRule::NotAsked => 0,
    };
    if wanted == 0 && matches!(policy.signer(), TrustedSigner::Key { .. }) {
        return Ok(Vec::new());
    }
    let mut proven: Vec<ProvenTime> = Vec::new();
    let mut untrusted = None;
    for token in bundle.timestamps() {
        match of_content(token, bundle.content(), trust) {
            Ok(time) => proven.push(time),
            Err(reason @ TimestampError::Untrusted { .. }) => untrusted = untrusted.or(Some(reason)),
            Err(reason) => return Err(reason.into()),
        }
    }
    let found = count_authorities(&proven);
    match untrusted {
        Some(reason) if found < wanted.max(1) => Err(reason.into()),
        _ if found < wanted => Err(Rejection::TooFewTimestamps {
            expected: wanted,
            found,
        }),
        _ => Ok(proven.iter().map(ProvenTime::time).collect()),
    }
}

/// Proves when the content was signed.
///
/// What is stamped is the signature. Of an attestation in an `.att` layer cosign 2 stamps the envelope, and cosign 3 the
/// signature though it expects the envelope.
fn of_content(token: &TimestampToken, content: &Content, trust: &TrustedRoot) -> Result<ProvenTime, TimestampError> {
    let authorities = trust.timestamp_authorities();
    let outcome = token.verify(content.signature().as_bytes(), authorities);
    match (&outcome, content) {
        (Err(TimestampError::Imprint { .. }), Content::Envelope(signed)) => match signed.json_digest() {
            Some(stored) => token.verify_digest(stored, authorities),
            None => outcome,
        },
        _ => outcome,
    }
}

/// Joins what timestamps and logs prove.
///
/// A log's time counts only under its promise, or an unrelated entry could lend its age to this bundle (client-spec
/// §4.2.2).
pub(super) fn establish(
    stamped: Vec<Timestamp>,
    entries: &ProvenEntries,
    policy: &Policy,
    now: Timestamp,
) -> SignedTimes {
    let (stamped, mut proven) = (stamped.len(), stamped);
    proven.extend(entries.as_slice().iter().filter_map(ProvenEntry::integrated_time));
    let is_timeless = policy.log() == LogRule::InsecurelyIgnored && policy.timestamps() == TimestampRule::NotAsked;
    let moments = match proven.is_empty() && is_timeless {
        true => vec![now],
        false => proven.clone(),
    };
    SignedTimes {
        proven,
        stamped,
        moments,
        judged_at: now,
    }
}
