//! Services that are trusted and of no use here: the world is ahead of this program.

use std::fmt;

use crate::quoted::Quoted;

/// A service of a trusted root that nothing can be checked with, because it asks for what is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableService {
    pub(super) member: &'static str,
    pub(super) url: Quoted,
    pub(super) reason: UnusableReason,
}

impl UnusableService {
    /// Returns the name of the list that the service is in, such as `tlogs`.
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// Returns the service's address.
    pub fn url(&self) -> &Quoted {
        &self.url
    }

    /// Returns what is not known.
    pub fn reason(&self) -> &UnusableReason {
        &self.reason
    }
}

impl fmt::Display for UnusableService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.member, self.url, self.reason)
    }
}

/// What is not known here of a trusted service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableReason {
    /// The log's tree is hashed otherwise.
    #[error("hash algorithm is {found}, expected SHA2_256")]
    HashAlgorithm {
        /// The algorithm as written.
        found: Quoted,
    },
    /// The log signs otherwise.
    #[error("key details are {found}, which is not known")]
    KeyDetails {
        /// The name as written.
        found: Quoted,
    },
}
