//! The form in which results are printed.

use clap::{Args, ValueEnum};

/// The form in which results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For programs.
    Json,
    /// For people.
    Text,
}

/// The form in which results are printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// The form of the results; json shows a failure as JSON too
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    output: Option<OutputFormat>,
}

impl OutputArgs {
    /// The form asked for; `None` leaves it to the command.
    pub(crate) fn format(&self) -> Option<OutputFormat> {
        self.output
    }
}

/// What is printed of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyOutput {
    /// One versioned object, for success and failure.
    Json,
    /// One versioned object a line for each image as it comes, then one that sums up.
    Jsonl,
    /// For people.
    Text,
}

/// What is printed of signatures.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyOutputArgs {
    /// The form of the results; json and jsonl (a line for each image as it comes) show failures as JSON too
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    output: Option<VerifyOutput>,
}

impl VerifyOutputArgs {
    /// The form asked for; `None` leaves it to the command.
    pub(crate) fn format(&self) -> Option<VerifyOutput> {
        self.output
    }
}

/// What is printed of attestations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AttestationOutput {
    /// One versioned object, for success and failure.
    Json,
    /// The envelopes, a line each.
    Text,
    /// The predicates as they were signed, a line end after each.
    Predicate,
    /// The statements as they were signed, a line end after each.
    Statement,
}

/// The form in which a tree is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TreeOutput {
    /// For programs.
    Json,
    /// For people.
    Text,
    /// One page with the graph.
    Html,
    /// The graph in DOT.
    Dot,
}
