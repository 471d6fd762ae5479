//! Exit codes, documented in docs/exit-codes.md.

/// How the program ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Success = 0,
    /// Anything without a code of its own, wrong usage included (as cosign has it).
    General = 1,
    /// The image has no signature.
    NoSignature = 10,
    /// The name does not exist in the registry.
    NotFound = 11,
    /// There are signatures, and none is accepted.
    NoneMatch = 12,
    /// The registry failed, could not be reached or took too long: nothing is known.
    CouldNotTell = 20,
    /// What was received is not what its digest, size or format says, or is over a limit.
    Corrupt = 21,
    /// The registry wants credentials or refuses those it got.
    Denied = 22,
    /// No accepted signature says that the tag is where it is.
    TagNotSigned = 30,
    /// What is said of the tag has expired (freeze).
    TagExpired = 31,
    /// Something newer was said of the tag before (rollback).
    TagRollback = 32,
    /// The tag does not fit the set of its repository's tags (mix and match).
    TagMixed = 33,
    /// Two statements of one number say different things.
    TagEquivocation = 34,
    /// The statement is from the future.
    TagFromFuture = 35,
    /// The statement is older, or valid for longer, than is asked for.
    TagStale = 36,
    /// The clock went back.
    ClockRolledBack = 37,
    /// Others do not prove that the statement was made when it says.
    TagUndated = 38,
    /// The lock file says something else.
    TagNotLocked = 39,
    /// Whoever reads our output went away (128 + SIGPIPE, as a shell shows it).
    BrokenPipe = 141,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The code's name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::General => "failed",
            Self::NoSignature => "no-signature",
            Self::NotFound => "not-found",
            Self::NoneMatch => "none-match",
            Self::CouldNotTell => "could-not-tell",
            Self::Corrupt => "corrupt",
            Self::Denied => "denied",
            Self::TagNotSigned => "tag-not-signed",
            Self::TagExpired => "tag-expired",
            Self::TagRollback => "tag-rollback",
            Self::TagMixed => "tag-mixed",
            Self::TagEquivocation => "tag-equivocation",
            Self::TagFromFuture => "tag-from-future",
            Self::TagStale => "tag-stale",
            Self::ClockRolledBack => "clock-rolled-back",
            Self::TagUndated => "tag-undated",
            Self::TagNotLocked => "tag-not-locked",
            Self::BrokenPipe => "broken-pipe",
        }
    }
}
