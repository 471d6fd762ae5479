//! Tags that expire: what a signature says of a tag, and whether it may be believed now (docs/tags.md).
//!
//! A statement says which digest a tag has, from when, until when, and how many statements came before it. It is an ordinary
//! signature: all of it stands in annotations, which every cosign signs and asks for.

mod judge;
mod lock;
mod refusal;
mod set;
mod state;
mod statement;
mod text;

pub use judge::{Candidate, Dated, Fresh, Recalled, TagRules, TimeSource, TimestampDemand, TrustedTime, judge};
pub use lock::{Locked, TagsLock};
pub use refusal::{NotAStatement, TagRefusal, Unreadable};
pub use set::{KnownSet, Listed, SET_LIMIT, SET_TAG, TagSet};
pub use state::{Known, STATE_LIMIT, State};
pub use statement::{Period, SEQUENCES, Sequence, TagName, TagStatement};

/// By how much clocks may disagree, in seconds.
pub const SKEW: i64 = 5 * 60;

/// How far the time that others prove may be from the time that the signer writes, in seconds, where it must be proven.
pub const DATING: i64 = 10 * 60;

/// The most tags that are kept in one file.
pub const TAGS: usize = 100_000;

#[cfg(test)]
mod tests;
