//! Entries of transparency logs (sigstore protobuf-specs, `sigstore_rekor.proto`), and what shows that they are in one.

pub mod body;
pub mod checkpoint;
pub mod merkle;
pub mod note;
pub mod promise;
mod prove;

use std::fmt;

use crate::go_json::encode_bytes;

pub use body::{EntryBody, Logged, Verifier};
pub use prove::{LogRejection, ProvenEntry, check_distinct, count_logs, prove};

/// The id of a log: the SHA-256 of its public key's DER, or the key id of its checkpoints (Rekor 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId([u8; 32]);

impl LogId {
    /// Takes the id's bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the id's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Shows the id as log lists do, in base64.
impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_bytes(&self.0))
    }
}

/// An entry as a bundle brings it; *untrusted* until it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub(crate) log_id: LogId,
    pub(crate) log_index: u64,
    pub(crate) kind: EntryKind,
    pub(crate) integrated_time: Option<i64>,
    pub(crate) promise: Option<Vec<u8>>,
    pub(crate) proof: Option<InclusionProof>,
    pub(crate) body: Vec<u8>,
}

impl LogEntry {
    /// Returns which log the entry says it is in.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Returns the entry's place in the log.
    pub fn log_index(&self) -> u64 {
        self.log_index
    }

    /// Returns the type of the body.
    pub fn kind(&self) -> &EntryKind {
        &self.kind
    }

    /// Returns when the log says it took the entry, in seconds since 1970; Rekor 2 says nothing.
    pub fn integrated_time(&self) -> Option<i64> {
        self.integrated_time
    }

    /// Returns the log's signed promise to include the entry.
    pub fn promise(&self) -> Option<&[u8]> {
        self.promise.as_deref()
    }

    /// Returns the proof that the log includes the entry.
    pub fn proof(&self) -> Option<&InclusionProof> {
        self.proof.as_ref()
    }

    /// Returns the canonical body, byte for byte as logged; it is empty where the verifier has to rebuild it.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// The type of an entry's body, such as `hashedrekord` `0.0.2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryKind {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl EntryKind {
    /// Names a kind.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
        }
    }

    /// Returns the kind's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version of the kind.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// The path from an entry to a signed tree head (RFC 6962 §2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    pub(crate) log_index: u64,
    pub(crate) root_hash: [u8; 32],
    pub(crate) tree_size: u64,
    pub(crate) hashes: Vec<[u8; 32]>,
    pub(crate) checkpoint: Option<String>,
}

impl InclusionProof {
    /// Returns the entry's place in the tree that the proof is for.
    pub fn log_index(&self) -> u64 {
        self.log_index
    }

    /// Returns the root of that tree, as the bundle claims it.
    pub fn root_hash(&self) -> &[u8; 32] {
        &self.root_hash
    }

    /// Returns the number of entries in that tree.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// Returns the path, from the leaf up.
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    /// Returns the signed tree head as a note.
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }
}

#[cfg(test)]
mod tests;
