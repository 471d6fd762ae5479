//! `completion`: scripts that complete command lines.

use clap::Args;
use clap_complete::Shell;

use super::{Fallback, Subcommand};
use crate::args::image::exactly_one;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Prints a completion script
#[derive(Args)]
pub(crate) struct Completion {
    /// bash, zsh, fish or powershell
    #[arg(value_name = "SHELL")]
    shells: Vec<String>,
}

impl Subcommand for Completion {
    const NAME: &'static str = "completion";
    const ABOUT: &'static str = "Prints a completion script";
    const ARGUMENTS: &'static str = "bash|zsh|fish|powershell";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let program = session.program();
        let shell = match exactly_one(&self.shells)? {
            "bash" => Shell::Bash,
            "zsh" => Shell::Zsh,
            "fish" => Shell::Fish,
            "powershell" => Shell::PowerShell,
            other => {
                let reason = format!("invalid argument {other:?} for \"{program} completion\"");
                return Err(UsageError::because(reason).into());
            }
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut crate::cli::root(program), program, &mut script);
        session.ui().print(&script)
    }
}
