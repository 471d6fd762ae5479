//! Why a command did not do what it was asked.

use std::io;
use std::time::Duration;

use countersign_oci::StoreError;
use countersign_oci::reference::ReferenceError;

use crate::args::usage::UsageError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The command line is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The name is not one.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The registry, layout or archive did not give or take something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error("{action} {path}")]
    File {
        /// What was tried: `reading` or `writing`.
        action: &'static str,
        /// The path as the user gave it.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// An input is larger than its limit.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// What was read.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// Standard input could not be read.
    #[error("reading standard input")]
    Input(#[source] io::Error),
    /// Standard output could not be written.
    #[error("writing standard output")]
    Output(#[source] io::Error),
    /// The runtime could not be started.
    #[error("starting the runtime")]
    Runtime(#[source] io::Error),
    /// The user said no.
    #[error("user declined the prompt")]
    Declined,
    /// The user said neither yes nor no.
    #[error("invalid input {found:?} (allowed values y, n)")]
    Answer {
        /// What was typed.
        found: String,
    },
    /// Two passwords typed for a new key are not the same.
    #[error("passwords do not match")]
    PasswordsDiffer,
    /// A password of a key is not valid text where one is needed.
    #[error("the password in {variable} is not valid UTF-8")]
    PasswordNotText {
        /// The variable.
        variable: &'static str,
    },
    /// The machine gave no randomness.
    #[error("drawing random bytes")]
    Random(#[source] io::Error),
    /// The time for the whole command is over.
    #[error("the command did not finish within {after:?}")]
    TimedOut {
        /// The limit of `--timeout`.
        after: Duration,
    },
}
