//! What can go wrong in a log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_core::certificate::CertificateError;
use countersign_core::log::checkpoint::CheckpointError;
use countersign_core::signer::SignerError;

/// Why a log did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The operating system refused.
    #[error("{} is not usable", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what the log wrote.
    #[error("{} is damaged: {what} is {found}, expected {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The log has no checkpoint, and yet entries.
    #[error("{} is missing, and the log has entries", path.display())]
    NoCheckpoint {
        /// Where it must be.
        path: PathBuf,
    },
    /// The checkpoint is not one.
    #[error("{} is damaged", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: CheckpointError,
    },
    /// The log was made under another name or with another key.
    #[error("{} is of the log {found}, expected {expected}", path.display())]
    OtherLog {
        /// The file that says so.
        path: PathBuf,
        /// The log's name and key as they are given.
        expected: String,
        /// The log's name and key as they were.
        found: String,
    },
    /// The key is of a kind that this log's clients do not take.
    #[error("key of the log is {found}, expected {expected}")]
    Key {
        /// The kinds that they take.
        expected: &'static str,
        /// The kind of the key.
        found: String,
    },
    /// The certificate of an issuer is none.
    #[error("certificate of an issuer is not usable")]
    Issuer(#[source] CertificateError),
    /// An entry is longer than its place in a tile can be.
    #[error("entry has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// The key signed nothing.
    #[error("checkpoint could not be signed")]
    Signer(#[from] SignerError),
    /// The entries that were to become durable together did not.
    #[error("the entry could not be written")]
    NotWritten(#[source] Arc<Self>),
    /// The log takes no more entries, because it is not known what of the last ones is on the disk.
    #[error("the log stopped when a checkpoint could not be written; it goes on when the server is started again")]
    Stopped,
}

impl LogError {
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
