//! What can go wrong in the folder.

use std::io;
use std::path::{Path, PathBuf};

/// Why the folder did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    #[error("{} is not usable", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what this server writes.
    #[error("{} is corrupt: {what}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another server uses the folder.
    #[error("{} is held by another server", path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// The folder was written by another kind of server.
    #[error("{} says {found:?}, expected \"countersign registry 1\"", path.display())]
    Format {
        /// The file that says so.
        path: PathBuf,
        /// What it says.
        found: String,
    },
}

impl StoreError {
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
