//! Flags that every command has, before or after its name.

use clap::Args;

use super::duration::TimeLimit;

/// The flags that every command has.
#[derive(Args, Clone, Debug)]
pub(crate) struct GlobalArgs {
    /// Writes the results to FILE instead of stdout
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global flags")]
    output_file: Option<String>,

    /// Ends the command after this time, 0 for never
    #[arg(
        short,
        long,
        global = true,
        value_name = "DURATION",
        default_value = "3m0s",
        help_heading = "Global flags"
    )]
    timeout: TimeLimit,

    /// Shows the requests to registries on stderr
    #[arg(short = 'd', long, global = true, help_heading = "Global flags")]
    verbose: bool,
}

impl GlobalArgs {
    /// The file that takes the results, where there is one.
    pub(crate) fn output_file(&self) -> Option<&str> {
        self.output_file.as_deref().filter(|path| !path.is_empty())
    }

    /// How long the command may take.
    pub(crate) fn timeout(&self) -> TimeLimit {
        self.timeout
    }

    /// Whether the requests to registries are shown.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }
}
