//! Wrong command lines, in the words that cosign's users know.

/// Why a command line is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct UsageError {
    kind: UsageKind,
    command: Option<&'static str>,
    suggestion: Option<String>,
}

/// What is wrong with a command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UsageKind {
    /// There is no such command.
    #[error("unknown command {found:?} for {within:?}")]
    UnknownCommand {
        /// The word.
        found: String,
        /// The program, with the command before the word.
        within: String,
    },
    /// There is no such flag.
    #[error("unknown flag: {found}")]
    UnknownFlag {
        /// The flag with its dashes.
        found: String,
    },
    /// There is no such flag of one letter.
    #[error("unknown shorthand flag: '{letter}' in {found}")]
    UnknownShorthand {
        /// The letter.
        letter: char,
        /// The argument it was in.
        found: String,
    },
    /// A flag has no value.
    #[error("flag needs an argument: {flag}")]
    NoValue {
        /// The flag with its dashes.
        flag: String,
    },
    /// A flag has a wrong value.
    #[error("invalid argument {value:?} for {flag:?} flag: {reason}")]
    Value {
        /// The value.
        value: String,
        /// The flag with its dashes.
        flag: String,
        /// Why it is wrong.
        reason: String,
    },
    /// A flag that must be given is not.
    #[error("required flag(s) {flags:?} not set")]
    Required {
        /// The flags without dashes, with commas.
        flags: String,
    },
    /// Two flags exclude each other.
    #[error("{first} cannot be used with {second}")]
    Conflict {
        /// A flag.
        first: String,
        /// The other flag.
        second: String,
    },
    /// The number of arguments is wrong.
    #[error("accepts {expected} arg(s), received {found}")]
    Count {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// There are too few arguments.
    #[error("requires at least {expected} arg(s), only received {found}")]
    TooFew {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Anything else, in a sentence of its own.
    #[error("{0}")]
    Other(String),
}

impl UsageError {
    pub(crate) fn new(kind: UsageKind) -> Self {
        Self {
            kind,
            command: None,
            suggestion: None,
        }
    }

    /// A wrong combination of flags or arguments, in a sentence.
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self::new(UsageKind::Other(reason.into()))
    }

    pub(crate) fn of_command(mut self, command: Option<&'static str>) -> Self {
        self.command = self.command.or(command);
        self
    }

    pub(crate) fn with_suggestion(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }

    /// The command that was asked for, where it is known.
    pub(crate) fn command(&self) -> Option<&'static str> {
        self.command
    }

    /// What may have been meant.
    pub(crate) fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}
