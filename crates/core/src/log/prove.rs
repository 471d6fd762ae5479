//! That an entry is in a log that is trusted, and about a signature (client-spec §4.2.2, §4.4 and §4.6).

use jiff::Timestamp;

use super::body::{BodyError, EntryBody, HASHEDREKORD, Logged, REKOR_2};
use super::checkpoint::{Checkpoint, CheckpointError};
use super::merkle::{self, MerkleError, TreeHash, TreeHead};
use super::promise::{self, PromiseError};
use super::{EntryKind, InclusionProof, LogEntry, LogId};
use crate::bundle::{Format, Version};
use crate::trust::{TransparencyLog, Validity};

/// An entry that a trusted log has, and that witnesses a signature.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    entry: LogEntry,
    log: TransparencyLog,
    integrated_time: Option<Timestamp>,
}

impl ProvenEntry {
    /// Returns the entry.
    pub fn entry(&self) -> &LogEntry {
        &self.entry
    }

    /// Returns the log that has it.
    pub fn log(&self) -> &TransparencyLog {
        &self.log
    }

    /// Returns when the log took the entry, if it promised that it did.
    ///
    /// Without a promise the time is not signed, and anybody may have written it.
    pub fn integrated_time(&self) -> Option<Timestamp> {
        self.integrated_time
    }
}

/// Shows that `entry`, from evidence in this `format`, is in one of the `logs` and about `logged`.
///
/// A log must be trusted at the time of the entry: at the integrated time where it is promised, else at one at least of the
/// moments `known` from elsewhere at which the signature existed. If none is known, nothing is asked of the time. Whatever
/// the entry has, promise or proof, must verify, also where the other would do.
///
/// # Errors
///
/// [`LogRejection`], with the reason of the first of the logs that have the entry's log id.
pub fn prove(
    entry: &LogEntry,
    logged: &Logged<'_>,
    format: Format,
    logs: &[TransparencyLog],
    known: &[Timestamp],
) -> Result<ProvenEntry, LogRejection> {
    check_has_what_it_must(entry, format)?;
    let mut rejection = None;
    for log in logs.iter().filter(|log| log.id() == entry.log_id()) {
        match prove_in(log, entry, logged, known) {
            Ok(proven) => return Ok(proven),
            Err(reason) => rejection = rejection.or(Some(reason)),
        }
    }
    Err(rejection.unwrap_or(LogRejection::UnknownLog { found: entry.log_id() }))
}

/// Checks that no two entries are the same: else one entry could count as often as it is written.
///
/// # Errors
///
/// [`LogRejection::Repeated`], with the first that is.
pub fn check_distinct(entries: &[LogEntry]) -> Result<(), LogRejection> {
    let place = |entry: &LogEntry| (entry.log_id(), entry.log_index());
    for (number, entry) in entries.iter().enumerate() {
        if entries.iter().take(number).any(|other| place(other) == place(entry)) {
            return Err(LogRejection::Repeated {
                log: entry.log_id(),
                index: entry.log_index(),
            });
        }
    }
    Ok(())
}

/// Returns how many logs have the entries: logs of one operator are one, for whoever runs one can falsify both.
pub fn count_logs(entries: &[ProvenEntry]) -> usize {
    let is_same = |one: &TransparencyLog, other: &TransparencyLog| {
        one.id() == other.id() || (one.operator().is_some() && one.operator() == other.operator())
    };
    let is_new = |(number, entry): &(usize, &ProvenEntry)| {
        !entries
            .iter()
            .take(*number)
            .any(|other| is_same(&other.log, &entry.log))
    };
    entries.iter().enumerate().filter(is_new).count()
}

/// Version 0.1 and what came before it want a promise, later versions and Rekor 2 a proof (`sigstore_bundle.proto`).
fn check_has_what_it_must(entry: &LogEntry, format: Format) -> Result<(), LogRejection> {
    let wants_proof = match format {
        Format::Bundle(Version::V02 | Version::V03) => true,
        Format::Bundle(Version::V01) | Format::LegacyFile | Format::LegacyLayer | Format::Signature => false,
    };
    if !wants_proof && entry.promise().is_none() {
        return Err(LogRejection::Promise(PromiseError::Missing));
    }
    if (wants_proof || is_of_rekor_2(entry.kind())) && entry.proof().is_none() {
        return Err(LogRejection::NoProof);
    }
    Ok(())
}

fn is_of_rekor_2(kind: &EntryKind) -> bool {
    kind.name() == HASHEDREKORD && kind.version() == REKOR_2
}

fn prove_in(
    log: &TransparencyLog,
    entry: &LogEntry,
    logged: &Logged<'_>,
    known: &[Timestamp],
) -> Result<ProvenEntry, LogRejection> {
    let promised = entry.promise().map(|_| promise::check(entry, log)).transpose()?;
    check_trusted(log.validity(), promised.as_ref().map_or(known, std::slice::from_ref))?;
    let rebuilt;
    let body = if entry.body().is_empty() && is_of_rekor_2(entry.kind()) {
        rebuilt = logged.to_rekor_2()?;
        &rebuilt
    } else {
        EntryBody::parse(entry.kind(), entry.body())?.check_about(logged)?;
        entry.body()
    };
    if let Some(proof) = entry.proof() {
        check_included(body, entry, proof, log)?;
    }
    Ok(ProvenEntry {
        entry: entry.clone(),
        log: log.clone(),
        integrated_time: promised,
    })
}

fn check_trusted(validity: Validity, times: &[Timestamp]) -> Result<(), LogRejection> {
    // `sigstore_trustroot.proto`, `PublicKey.valid_for`: whoever trusts a key says since when.
    if validity.start().is_none() {
        return Err(LogRejection::NoStart);
    }
    match times {
        [first, ..] if !times.iter().any(|time| validity.contains(*time)) => Err(LogRejection::NotTrusted {
            validity,
            found: *first,
        }),
        _ => Ok(()),
    }
}

/// Checks that the body is in the tree that the log signed, and that the proof says nothing else of the tree.
fn check_included(
    body: &[u8],
    entry: &LogEntry,
    proof: &InclusionProof,
    log: &TransparencyLog,
) -> Result<(), LogRejection> {
    let checkpoint = Checkpoint::parse(proof.checkpoint().ok_or(LogRejection::NoCheckpoint)?)?;
    checkpoint.check_signed_by(log)?;
    // In Rekor 1 the entry's place counts over all shards and the proof's in one.
    if !checkpoint.is_of_rekor_1() && entry.log_index() != proof.log_index() {
        return Err(LogRejection::OtherPlace {
            expected: entry.log_index(),
            found: proof.log_index(),
        });
    }
    let signed = checkpoint.head();
    let claimed = TreeHead {
        size: proof.tree_size(),
        root: TreeHash::new(*proof.root_hash()),
    };
    if claimed != *signed {
        return Err(LogRejection::OtherTree {
            expected: *signed,
            found: claimed,
        });
    }
    let path: Vec<_> = proof.hashes().iter().copied().map(TreeHash::new).collect();
    let root = merkle::root_of(TreeHash::of_leaf(body), proof.log_index(), signed.size, &path)?;
    Ok(merkle::same_root(&signed.root, root)?)
}

/// Why a log entry is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogRejection {
    /// It is not about the signature.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The log's checkpoint is malformed or is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It is not in the tree that the log signed.
    #[error("log entry is not in the log")]
    NotIncluded(#[from] MerkleError),
    /// There is a proof, and no checkpoint that it leads to.
    #[error("inclusion proof has no checkpoint")]
    NoCheckpoint,
    /// There must be a proof and is none.
    #[error("log entry has no inclusion proof")]
    NoProof,
    /// It is not said since when the log is trusted.
    #[error("log is not said to be trusted since any time")]
    NoStart,
    /// The log was not trusted then.
    #[error("log is trusted {validity}, the entry is of {found}")]
    NotTrusted {
        /// When the log is trusted.
        validity: Validity,
        /// The time of the entry.
        found: Timestamp,
    },
    /// The proof is for another place.
    #[error("inclusion proof is for the entry {found}, expected {expected}")]
    OtherPlace {
        /// The entry's place.
        expected: u64,
        /// The place in the proof.
        found: u64,
    },
    /// The proof is for another tree than the log signed.
    #[error(
        "inclusion proof is for a tree of {} entries with the root {}, expected {} entries and {}",
        .found.size, .found.root, .expected.size, .expected.root
    )]
    OtherTree {
        /// The tree that the log signed.
        expected: TreeHead,
        /// The tree in the proof.
        found: TreeHead,
    },
    /// The log did not promise it.
    #[error(transparent)]
    Promise(#[from] PromiseError),
    /// The same entry is there twice.
    #[error("entry {index} of the log {log} is there more than once")]
    Repeated {
        /// The log.
        log: LogId,
        /// The place.
        index: u64,
    },
    /// No trusted log has the id.
    #[error("no trusted log has the id {found}")]
    UnknownLog {
        /// The id in the entry.
        found: LogId,
    },
}

#[cfg(test)]
mod tests;
