//! The Update Framework: which files of a repository to believe (TUF specification, §4 and §5).
//!
//! [`Update`] is the client's whole workflow without its IO: it says which file it wants, and from where, judges what it
//! is given, and says what is to be kept. Whoever drives it decides nothing.

mod canonical;
mod delegation;
mod error;
mod key;
mod members;
mod names;
mod roles;
mod search;
mod signed;
mod update;

pub(crate) use delegation::matches_part;

pub use canonical::{NotCanonical, canonical};
pub use error::{Refusal, TufError};
pub use names::{encode, target_address};
pub use roles::TargetFile;
pub use update::{Ask, Keep, Reach, Source, Update};

/// The most bytes of a root: fifteen times the largest of the public-good instance.
pub const ROOT_LIMIT: u64 = 512 * 1024;

/// The most bytes of a timestamp, which names one file.
pub const TIMESTAMP_LIMIT: u64 = 64 * 1024;

/// The most bytes of a snapshot or of targets, a hundred times the public-good instance's.
pub const METADATA_LIMIT: u64 = 1024 * 1024;

/// The most bytes of a target: what is fetched this way is trusted roots and signing configurations.
pub const TARGET_LIMIT: u64 = 4 * 1024 * 1024;

/// The door of the fuzz target: metadata as it is read once its signatures count.
#[cfg(fuzzing)]
pub mod fuzzing {
    use super::roles::{Root, Snapshot, Targets, TimestampRole};
    use super::signed::Signed;
    use super::{METADATA_LIMIT, Refusal};

    /// Reads a file of each role, whoever signed it.
    pub fn read(bytes: &[u8]) -> Result<[bool; 4], Refusal> {
        let signed = Signed::read(bytes, METADATA_LIMIT)?;
        let body = signed.body()?;
        Ok([
            Root::read(body).is_ok(),
            TimestampRole::read(body).is_ok(),
            Snapshot::read(body).is_ok(),
            Targets::read(body).is_ok(),
        ])
    }
}
