//! Why a file is no policy.

use serde_json::Value;

use super::VERSION;
use crate::digest::DigestError;
use crate::key::PublicKeyError;
use crate::policy::{QuorumError, RegexpError};

/// Why a file is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError<E> {
    /// It is not what the schema has.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A key's file cannot be read.
    #[error(transparent)]
    Key(E),
}

/// How a file departs from the schema of policies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A base is there twice.
    #[error("bases.authorised has {name} twice")]
    BaseTwice {
        /// Its name.
        name: String,
    },
    /// Two members exclude each other.
    #[error("{path} and {other} exclude each other")]
    Both {
        /// The first.
        path: String,
        /// The second.
        other: &'static str,
    },
    /// A text is no digest.
    #[error("{path} is no digest")]
    Digest {
        /// The member.
        path: String,
        /// What is wrong with it.
        source: DigestError,
    },
    /// There is no key.
    #[error("{path} is no public key")]
    Key {
        /// The member.
        path: String,
        /// What is wrong with it.
        source: PublicKeyError,
    },
    /// A member is not of the kind that it must be.
    #[error("{path} is {found}, expected {expected}")]
    Kind {
        /// The member.
        path: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A list is longer than is read.
    #[error("{path} has {found} members, the limit is {limit}")]
    TooMany {
        /// The list.
        path: String,
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// A member must be there and is not.
    #[error("{path} is missing")]
    Missing {
        /// The member.
        path: String,
    },
    /// An image may stand on no base.
    #[error("bases.authorised is empty, expected one at least")]
    NoBases,
    /// Nobody is trusted.
    #[error("signers is empty, expected one at least")]
    NoSigners,
    /// Nobody must have signed.
    #[error("threshold is 0, expected 1 at least")]
    NoThreshold,
    /// A number is out of range.
    #[error("{path} is {found}, expected {limit} at most")]
    TooLarge {
        /// The member.
        path: String,
        /// The largest.
        limit: u64,
        /// The number found.
        found: u64,
    },
    /// A number is too small to ask for anything.
    #[error("{path} is {found}, expected {limit} at least")]
    TooSmall {
        /// The member.
        path: String,
        /// The smallest.
        limit: usize,
        /// The number found.
        found: usize,
    },
    /// The signers are no quorum.
    #[error(transparent)]
    Quorum(QuorumError),
    /// A text is no regular expression.
    #[error("{path} cannot be used")]
    Regexp {
        /// The member.
        path: String,
        /// What is wrong with it.
        source: RegexpError,
    },
    /// A text is not what it must be.
    #[error("{path}: {reason}")]
    Text {
        /// The member.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A member is not known: what is misspelt must not count for nothing.
    #[error("{path} is not known")]
    Unknown {
        /// The member.
        path: String,
    },
    /// The file is of another version.
    #[error("version is {found}, expected {VERSION}")]
    Version {
        /// The version found.
        found: u64,
    },
}

impl Malformed {
    pub(super) fn kind(path: &str, expected: &'static str, found: &Value) -> Self {
        Self::Kind {
            path: path.to_owned(),
            expected,
            found: match found {
                Value::Null => "nothing",
                Value::Bool(_) => "true or false",
                Value::Number(_) => "a number",
                Value::String(_) => "a text",
                Value::Array(_) => "a list",
                Value::Object(_) => "an object",
            },
        }
    }
}
