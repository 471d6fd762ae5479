//! Why nothing is learnt from a repository.

use std::io;
use std::path::PathBuf;

use countersign_core::tuf::TufError;

use crate::service::ServiceError;

/// Why nothing is learnt from a repository.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TufFailure {
    /// The repository's address is none.
    #[error("TUF repository {address:?}: expected an address that starts with https://, http:// or file:///")]
    Address {
        /// The address as given.
        address: String,
    },
    /// The repository could not be asked.
    #[error(transparent)]
    Fetch(#[from] ServiceError),
    /// A file of this machine cannot be read or written.
    #[error("{action} {} failed", path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it cannot be.
        source: io::Error,
    },
    /// A file of this machine is larger than what is kept.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },
    /// The file that says which mirror is read does not.
    #[error("{} names no mirror; initialize writes it anew", path.display())]
    Remote {
        /// The file.
        path: PathBuf,
    },
    /// What the repository publishes, or what is kept of it, is not believed.
    #[error("TUF repository {repository} is not believed")]
    Refused {
        /// The repository's address.
        repository: String,
        /// The file, and why.
        source: TufError,
    },
}

impl TufFailure {
    /// Says whether the repository could not be asked, so that nothing is known of what it publishes now.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Fetch(_))
    }
}
