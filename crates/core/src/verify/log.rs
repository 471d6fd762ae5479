//! Which log entries witness the signature (client-spec §4.4).

use super::Rejection;
use super::signer::AcceptedSigner;
use crate::bundle::Bundle;
use crate::log::LogEntry;
use crate::policy::{LogRule, Policy};

/// Log entries that are proven to witness the signature.
#[derive(Clone, Debug)]
pub(super) struct ProvenEntries {
    entries: Vec<LogEntry>,
}

impl ProvenEntries {
    pub(super) fn as_slice(&self) -> &[LogEntry] {
        &self.entries
    }
}

/// Returns the entries that the policy asks for; a policy without a log asks for none, and then none counts as proven.
pub(super) fn prove(_bundle: &Bundle, _signer: &AcceptedSigner, policy: &Policy) -> Result<ProvenEntries, Rejection> {
    match policy.log() {
        LogRule::InsecurelyIgnored => Ok(ProvenEntries { entries: Vec::new() }),
    }
}
