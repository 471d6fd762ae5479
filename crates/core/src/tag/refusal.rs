//! Why a tag is not believed.

use jiff::{SignedDuration, Timestamp};

use super::judge::TimeSource;
use super::statement::{Sequence, TagName};
use crate::Digest;
use crate::quoted::Quoted;

/// Why a signature says nothing of a tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAStatement {
    /// It names no tag.
    #[error("it names no tag")]
    NoTag,
    /// It names a tag, and no version of the form: what `cosign sign -a tag=…` writes never expires.
    #[error("it names a tag and has no annotation tag.spec: it says neither of which repository nor until when")]
    NoVersion,
    /// It is of another version.
    #[error("its annotation tag.spec is {found}, expected \"1\"")]
    OtherVersion {
        /// The version.
        found: Quoted,
    },
    /// An annotation is not there.
    #[error("it has no annotation {key}")]
    Missing {
        /// Its key.
        key: &'static str,
    },
    /// An annotation is not what it must be.
    #[error("its annotation {key} is wrong")]
    Malformed {
        /// Its key.
        key: &'static str,
        /// What is wrong with it.
        source: Unreadable,
    },
    /// It expires before it is issued.
    #[error("it expires {expires}, which is not after it was issued, {issued}")]
    NoTime {
        /// From when it is.
        issued: Timestamp,
        /// Until when it is.
        expires: Timestamp,
    },
    /// It is about another tag.
    #[error("it is about {found}, expected {expected}")]
    OtherTag {
        /// The tag asked for.
        expected: TagName,
        /// The tag that it names.
        found: TagName,
    },
    /// The signers of this very statement are fewer than must be.
    #[error("too few have signed this very statement (sequence {sequence})")]
    TooFewSigners {
        /// Its number.
        sequence: Sequence,
    },
}

/// A text is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Unreadable {
    expected: &'static str,
    found: Quoted,
}

impl Unreadable {
    /// What is expected of a tag.
    pub(super) const TAG: &str = "a tag";

    /// Says whether it is a tag that is wrong.
    pub(super) fn is_of_tag(&self) -> bool {
        self.expected == Self::TAG
    }

    pub(super) fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: Quoted::new(found),
        }
    }
}

/// Why a tag is not believed to have the digest that a registry gives it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagRefusal {
    /// No statement says that it has.
    #[error("{name}: no accepted signature of {digest} says that the tag is there")]
    NotSigned {
        /// The tag.
        name: TagName,
        /// The digest.
        digest: Digest,
    },
    /// Two statements of one number say different things: somebody has signed for two audiences, or two have signed at once.
    #[error("{name}: two statements have the sequence number {sequence}: {one} and {other}")]
    Equivocation {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
        /// The id of one.
        one: Digest,
        /// The id of the other.
        other: Digest,
    },
    /// The statement says to be made later than now.
    #[error(
        "{name}: sequence {sequence} was issued {issued}, which is after now, {now}, by more than clocks may differ"
    )]
    FromFuture {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
        /// When it says to be made.
        issued: Timestamp,
        /// The moment of the judgement.
        now: Timestamp,
    },
    /// The statement has expired: whoever serves it may be hiding a newer one (freeze).
    #[error("{name}: sequence {sequence} expired {expires}, and it is {now}")]
    Expired {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
        /// When it did.
        expires: Timestamp,
        /// The moment of the judgement.
        now: Timestamp,
    },
    /// The statement is older than is asked for.
    #[error(
        "{name}: sequence {sequence} is of {time} by {source_of_time}, that is {age:#} ago, expected at most {limit:#}"
    )]
    Stale {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
        /// When it was made.
        time: Timestamp,
        /// By whose word.
        source_of_time: TimeSource,
        /// How long ago that is.
        age: SignedDuration,
        /// How long ago it may be.
        limit: SignedDuration,
    },
    /// The statement is valid for longer than is asked for.
    #[error("{name}: sequence {sequence} is valid for {length:#}, expected at most {limit:#}")]
    TooLong {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
        /// For how long it is.
        length: SignedDuration,
        /// For how long it may be.
        limit: SignedDuration,
    },
    /// Nobody but the signer says when the statement was made.
    #[error("{name}: neither a log nor a timestamp authority proves when sequence {sequence} was signed")]
    Undated {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
    },
    /// The statement was made at another time than it says.
    #[error("{name}: sequence {sequence} says to be issued {issued}, and by {source_of_time} was signed {time}")]
    Misdated {
        /// The tag.
        name: TagName,
        /// The number.
        sequence: Sequence,
        /// When it says it was.
        issued: Timestamp,
        /// When it was.
        time: Timestamp,
        /// By whose word.
        source_of_time: TimeSource,
    },
    /// A newer statement was seen before (rollback).
    #[error("{name}: the newest statement is {found}, and {known} was seen before, of {digest}")]
    Rollback {
        /// The tag.
        name: TagName,
        /// The number that was seen.
        known: Sequence,
        /// The digest that it gave the tag.
        digest: Digest,
        /// The number that is found.
        found: Sequence,
    },
    /// The clock is behind what it was: what has expired would be believed.
    #[error("the clock says {now}, and it was {last} when a tag was verified before")]
    ClockRolledBack {
        /// What it says.
        now: Timestamp,
        /// What it said.
        last: Timestamp,
    },
    /// The lock file does not have the tag.
    #[error("{name} is not in the lock file")]
    NotInLock {
        /// The tag.
        name: TagName,
    },
    /// The lock file has another digest for the tag.
    #[error("{name} is {found} (sequence {sequence}), the lock file says {expected} (sequence {locked})")]
    NotAsLocked {
        /// The tag.
        name: TagName,
        /// The digest in the file.
        expected: Digest,
        /// The number in the file.
        locked: Sequence,
        /// The digest found.
        found: Digest,
        /// The number found.
        sequence: Sequence,
    },
    /// The set of the repository's tags does not have the tag.
    #[error("{name} is not in the tag set of its repository (sequence {set})")]
    NotInSet {
        /// The tag.
        name: TagName,
        /// The number of the set.
        set: Sequence,
    },
    /// The set of the repository's tags says that the tag was removed.
    #[error("{name} was removed by the tag set of its repository (sequence {set})")]
    RemovedInSet {
        /// The tag.
        name: TagName,
        /// The number of the set.
        set: Sequence,
    },
    /// The set of the repository's tags has another digest, or a newer statement, for the tag (mix and match).
    #[error(
        "{name} is {found} (sequence {sequence}), the tag set of its repository says {expected} (sequence {listed})"
    )]
    NotAsInSet {
        /// The tag.
        name: TagName,
        /// The digest in the set.
        expected: Digest,
        /// The number in the set.
        listed: Sequence,
        /// The digest found.
        found: Digest,
        /// The number found.
        sequence: Sequence,
    },
    /// A tag that the set had before is gone from it, or went back in it.
    #[error("{name}: the tag set (sequence {set}) has {found}, and sequence {known} was in it before")]
    SetWentBack {
        /// The tag.
        name: TagName,
        /// The number of the set.
        set: Sequence,
        /// What it has.
        found: String,
        /// What it had.
        known: Sequence,
    },
    /// The set is of another repository.
    #[error("the tag set is of {found}, expected {expected}")]
    OtherSet {
        /// The repository asked for.
        expected: String,
        /// The repository that it names.
        found: Quoted,
    },
}
