//! The entries that the logs answer with.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::bounded::Bounded;
use crate::bundle::{self, BundleError};
use crate::go_json::decode_bytes;
use crate::log::{EntryKind, InclusionProof, LogEntry, LogId};
use crate::quoted::Quoted;

/// The longest answer that is read, in bytes: an entry has hashes, a signature and a certificate, twice.
pub const LIMIT: usize = 1024 * 1024;

/// Reads the entry that Rekor 1 answers with, to a new entry or to the question for one; *untrusted*.
///
/// # Errors
///
/// [`LoggedError`].
pub fn entry_of_rekor_1(answer: &[u8]) -> Result<LogEntry, LoggedError> {
    check_length(answer)?;
    entry(serde_json::from_slice(answer)?)
}

/// Reads the entries that Rekor 1 answers with to a search, the earliest first; *untrusted*.
///
/// # Errors
///
/// [`LoggedError`].
pub fn entries_of_rekor_1(answer: &[u8]) -> Result<Vec<LogEntry>, LoggedError> {
    check_length(answer)?;
    let wire: Bounded<BTreeMap<String, WireEntry>, FOUND> = serde_json::from_slice(answer)?;
    let found = wire.within_limit();
    let found = found.map_err(|found| LoggedError::TooManyEntries { limit: FOUND, found })?;
    let mut entries = found.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(LogEntry::integrated_time);
    Ok(entries)
}

fn entry(wire: BTreeMap<String, WireEntry>) -> Result<LogEntry, LoggedError> {
    let found = wire.len();
    let mut entries = wire.into_values();
    let (Some(wire), None) = (entries.next(), entries.next()) else {
        return Err(LoggedError::Count { found });
    };
    let body = base64("body", &wire.body)?;
    let kind: WireKind = serde_json::from_slice(&body)?;
    let proof = wire.verification.inclusion_proof;
    Ok(LogEntry {
        log_id: LogId::new(hash("logID", &wire.log_id)?),
        log_index: wire.log_index,
        kind: EntryKind {
            name: kind.kind,
            version: kind.api_version,
        },
        integrated_time: Some(wire.integrated_time),
        promise: Some(base64("signedEntryTimestamp", &wire.verification.promise)?),
        proof: Some(InclusionProof {
            log_index: proof.log_index,
            root_hash: hash("rootHash", &proof.root_hash)?,
            tree_size: proof.tree_size,
            hashes: path(proof.hashes)?,
            checkpoint: Some(proof.checkpoint),
        }),
        body,
    })
}

/// Reads the entry that Rekor 2 answers with, which is what a bundle holds; *untrusted*.
///
/// # Errors
///
/// [`LoggedError::Entry`].
pub fn entry_of_rekor_2(answer: &[u8]) -> Result<LogEntry, LoggedError> {
    check_length(answer)?;
    Ok(bundle::log_entry_from_json(answer)?)
}

fn check_length(answer: &[u8]) -> Result<(), LoggedError> {
    if answer.len() > LIMIT {
        return Err(LoggedError::TooLong {
            limit: LIMIT,
            found: answer.len(),
        });
    }
    Ok(())
}

fn path(hashes: Bounded<String, HASHES>) -> Result<Vec<[u8; 32]>, LoggedError> {
    let hashes = hashes
        .within_limit()
        .map_err(|found| LoggedError::TooMany { limit: HASHES, found })?;
    hashes.iter().map(|text| hash("hashes", text)).collect()
}

fn hash(member: &'static str, text: &str) -> Result<[u8; 32], LoggedError> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| LoggedError::Hash {
        member,
        found: Quoted::new(text),
    })
}

fn base64(member: &'static str, text: &str) -> Result<Vec<u8>, LoggedError> {
    decode_bytes(text).map_err(|source| LoggedError::Base64 { member, source })
}

/// Why an answer is no log entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggedError {
    /// A member is not base64.
    #[error("{member} of the entry is not base64")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// There are several entries, or none.
    #[error("answer holds {found} entries, expected one")]
    Count {
        /// The number found.
        found: usize,
    },
    /// The entry has not what it must.
    #[error(transparent)]
    Entry(#[from] BundleError),
    /// A hash or id is none.
    #[error("{member} of the entry is {found}, expected 64 hexadecimal digits")]
    Hash {
        /// The member's name.
        member: &'static str,
        /// What it holds.
        found: Quoted,
    },
    /// The answer is not JSON of the right shape.
    #[error("answer is malformed")]
    Json(#[from] serde_json::Error),
    /// The answer is longer than is read.
    #[error("answer has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// There are more entries than are read.
    #[error("answer holds {found} entries, the limit is {limit}")]
    TooManyEntries {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The path of the proof is longer than any can be.
    #[error("proof has {found} hashes, the limit is {limit}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
}

/// The most entries that are read of one signature.
const FOUND: usize = 32;

/// The longest path that is read: the tree sizes of 64 bits need no longer one.
const HASHES: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: WireVerification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVerification {
    #[serde(rename = "signedEntryTimestamp")]
    promise: String,
    inclusion_proof: WireProof,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    checkpoint: String,
    hashes: Bounded<String, HASHES>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKind {
    api_version: String,
    kind: String,
}
