//! How many things are done at once.

use std::num::NonZeroUsize;

use clap::Args;

/// How many files are moved at once.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConcurrencyArgs {
    /// How many files are moved at once
    #[arg(long, value_name = "NUMBER", default_value = "3")]
    concurrency: NonZeroUsize,
}

impl ConcurrencyArgs {
    /// How many files are moved at once.
    pub(crate) fn at_once(&self) -> NonZeroUsize {
        self.concurrency
    }
}
