//! When the signature existed (client-spec §4.2).

use jiff::Timestamp;

use super::Rejection;
use crate::bundle::Bundle;
use crate::policy::{LogRule, Policy};

/// The moments at which the signature is known to have existed.
#[derive(Clone, Debug)]
pub(super) struct SignedTimes {
    proven: Vec<Timestamp>,
    judged_at: Timestamp,
}

impl SignedTimes {
    pub(super) fn proven(&self) -> &[Timestamp] {
        &self.proven
    }

    pub(super) fn judged_at(&self) -> Timestamp {
        self.judged_at
    }
}

/// Returns the moments at which the signature is known to have existed; a policy without a log knows none.
pub(super) fn establish(_bundle: &Bundle, policy: &Policy, now: Timestamp) -> Result<SignedTimes, Rejection> {
    match policy.log() {
        LogRule::InsecurelyIgnored => Ok(SignedTimes {
            proven: Vec::new(),
            judged_at: now,
        }),
    }
}
