//! Which log entries witness the signature (client-spec §4.4).

use jiff::Timestamp;

use super::Rejection;
use super::material::Material;
use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::log::{LogRejection, Logged, ProvenEntry, check_distinct, count_logs, prove as prove_entry};
use crate::policy::{LogRule, Policy};
use crate::trust::TrustedRoot;

/// Log entries that are proven to witness the signature.
#[derive(Clone, Debug)]
pub(super) struct ProvenEntries {
    entries: Vec<ProvenEntry>,
}

impl ProvenEntries {
    pub(super) fn as_slice(&self) -> &[ProvenEntry] {
        &self.entries
    }
}

/// Returns the entries that witness the signature, of as many logs as the policy asks for.
///
/// An entry in a log that is not trusted does not count; any other must be as it should, for evidence that is false in part
/// is not to be believed. A policy without a log asks for none, and then none counts as proven.
pub(super) fn prove(
    bundle: &Bundle,
    artifact: &Artifact,
    material: &Material<'_>,
    stamped: &[Timestamp],
    policy: &Policy,
    trust: &TrustedRoot,
) -> Result<ProvenEntries, Rejection> {
    let LogRule::Required { logs } = policy.log() else {
        return Ok(ProvenEntries { entries: Vec::new() });
    };
    check_distinct(bundle.log_entries())?;
    let message = artifact.as_message();
    let logged = Logged::new(bundle.content(), &message, material.verifier());
    let mut entries = Vec::new();
    let mut unknown = None;
    for entry in bundle.log_entries() {
        match prove_entry(entry, &logged, bundle.format(), trust.logs(), stamped) {
            Ok(proven) => entries.push(proven),
            Err(reason @ LogRejection::UnknownLog { .. }) => unknown = unknown.or(Some(reason)),
            Err(reason) => return Err(reason.into()),
        }
    }
    let found = count_logs(&entries);
    if found < logs.get() {
        return Err(match unknown {
            Some(reason) => reason.into(),
            None => Rejection::TooFewLogs {
                expected: logs.get(),
                found,
            },
        });
    }
    Ok(ProvenEntries { entries })
}
