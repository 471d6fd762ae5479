//! Why a file of a repository is not believed.

use jiff::Timestamp;

use super::NotCanonical;
use crate::quoted::Quoted;

/// A file of a repository that is not believed, and why.
#[derive(Debug, thiserror::Error)]
#[error("{file} is refused: {refusal}")]
pub struct TufError {
    /// The file, as the repository names it.
    pub file: Quoted,
    /// Why it is not believed.
    pub refusal: Refusal,
}

impl TufError {
    pub(super) fn of(file: &str, refusal: Refusal) -> Self {
        Self {
            file: Quoted::new(file),
            refusal,
        }
    }
}

/// Why a file of a repository is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not there.
    #[error("it is not there")]
    Absent,
    /// It is signed in a form that has no canonical spelling.
    #[error(transparent)]
    Canonical(#[from] NotCanonical),
    /// The same key's name is there twice.
    #[error("key id {id} is there twice")]
    DuplicateKeyId {
        /// The key's name.
        id: Quoted,
    },
    /// It is too old: an attacker may hold back what is newer, or the clock is wrong.
    #[error("it expired at {expired}, and it is {now}")]
    Expired {
        /// When it expired.
        expired: Timestamp,
        /// The time of the update.
        now: Timestamp,
    },
    /// It is not what was signed.
    #[error("its {algorithm} is {found}, expected {expected}")]
    Hash {
        /// The hash's algorithm.
        algorithm: &'static str,
        /// The hash that was signed.
        expected: String,
        /// The hash of what is there.
        found: String,
    },
    /// It is not JSON.
    #[error("it is not JSON: {reason}")]
    Json {
        /// Where it departs from JSON.
        reason: Quoted,
    },
    /// It is longer or shorter than what was signed.
    #[error("it has {found} bytes, expected {expected}")]
    Length {
        /// The length that was signed.
        expected: u64,
        /// The length of what is there.
        found: u64,
    },
    /// A member is missing or of another kind.
    #[error("member {member:?} is {found}, expected {expected}")]
    Member {
        /// The member's name.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: Quoted,
    },
    /// The snapshot does not list the role, so nobody knows which version is right.
    #[error("snapshot.json does not list it")]
    NotInSnapshot,
    /// There is no such target, or nobody who may speak for it lists it.
    #[error("no role that may list this target does")]
    NoSuchTarget,
    /// It is hashed in no way that is known here.
    #[error("it has no hash of sha256 or sha512")]
    NoKnownHash,
    /// It is larger than any such file may be.
    #[error("it has {found} bytes, the limit is {limit}")]
    Oversized {
        /// The most bytes allowed.
        limit: u64,
        /// The bytes there are.
        found: u64,
    },
    /// A delegated role takes the name of a top-level one, or none.
    #[error("a delegated role is called {name}")]
    ReservedRole {
        /// The role's name.
        name: Quoted,
    },
    /// What it names is older than what was seen before: an attacker may be turning back the repository.
    #[error("it names version {found} of {of}, version {known} is known")]
    RolledBack {
        /// What is named.
        of: Quoted,
        /// The version that is known.
        known: u64,
        /// The version that is named.
        found: u64,
    },
    /// A role that was listed is no longer.
    #[error("it no longer lists {role}")]
    RoleVanished {
        /// The role's file.
        role: Quoted,
    },
    /// Too few of the keys that must sign it did.
    #[error("{found} of the keys of {signer} signed it, {threshold} must")]
    Threshold {
        /// Whose keys.
        signer: &'static str,
        /// How many must sign.
        threshold: u64,
        /// How many did.
        found: u64,
    },
    /// There are more members than any repository has.
    #[error("{member} has {found} members, at most {limit} are read")]
    TooMany {
        /// The list.
        member: &'static str,
        /// The most that are read.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// It is another version than the one asked for.
    #[error("it is version {found}, expected {expected}")]
    Version {
        /// The version that must be there.
        expected: u64,
        /// The version that is there.
        found: u64,
    },
}
