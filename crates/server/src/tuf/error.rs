//! Why a repository is not published.

use std::io;
use std::path::PathBuf;

use countersign_core::SignerError;
use countersign_core::tuf::NotCanonical;

use crate::keys::KeysError;

/// Why a TUF repository is not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TufError {
    /// A file of the repository cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A file of the repository does not hold what this server writes.
    #[error("{file} of the TUF repository is corrupt: {what}")]
    Corrupt {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A key cannot be used.
    #[error("a key of the TUF repository cannot be used")]
    Keys(#[from] KeysError),
    /// The first root is gone, so nobody could begin.
    #[error("the TUF repository has no 1.root.json")]
    NoRoot,
    /// The root key is not the one that signed the last root: no client would follow.
    #[error("keys/root.pem is not the key that signed {file}; bring back the one that is")]
    OtherRootKey {
        /// The last root.
        file: String,
    },
    /// Metadata has no canonical form.
    #[error(transparent)]
    Canonical(#[from] NotCanonical),
    /// Nothing can be signed.
    #[error("a key of the TUF repository does not sign")]
    Sign(#[from] SignerError),
    /// What was made would not be believed.
    #[error("clients would refuse what the TUF repository is about to publish")]
    Refused(#[from] countersign_core::tuf::TufError),
}
