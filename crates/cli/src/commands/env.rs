//! `env`: the environment variables that count.

use std::fmt::Write as _;

use clap::Args;

use super::{Fallback, Subcommand};
use crate::env::{Environment, Exposure, SHOWN_PREFIXES, VARIABLES};
use crate::failure::Failure;
use crate::session::Session;

/// Prints the environment variables that count
#[derive(Args)]
pub(crate) struct Env {
    /// Says what each variable is for
    #[arg(long, default_value = "true")]
    show_descriptions: bool,

    /// Shows the values of sensitive variables
    #[arg(long)]
    show_sensitive_values: bool,
}

impl Subcommand for Env {
    const NAME: &'static str = "env";
    const ABOUT: &'static str = "Prints the environment variables that count";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let mut text = String::new();
        self.known(&mut text, session.environment());
        self.unknown(&mut text, session.environment(), session.program());
        session.ui().print(text.as_bytes())
    }
}

impl Env {
    fn known(&self, text: &mut String, environment: &Environment) {
        for variable in VARIABLES {
            if self.show_descriptions {
                let _infallible = write!(
                    text,
                    "# {} {}\n# Expects: {}\n",
                    variable.name, variable.description, variable.expects
                );
            }
            let value = environment.get(variable.name).unwrap_or_default();
            self.line(text, variable.name, &value.to_string_lossy(), variable.exposure);
        }
    }

    /// Variables that we do not know may hold anything, so their values are hidden.
    fn unknown(&self, text: &mut String, environment: &Environment, program: &str) {
        let mut is_first = true;
        for (name, value) in environment.iter() {
            let name = name.to_string_lossy();
            let is_shown = SHOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                && VARIABLES.iter().all(|variable| variable.name != name);
            if !is_shown {
                continue;
            }
            if is_first && self.show_descriptions {
                let _infallible = write!(
                    text,
                    "# Environment variables below are not registered with {program},\n\
                     # but might still influence {program}'s behavior.\n"
                );
            }
            is_first = false;
            self.line(text, &name, &value.to_string_lossy(), Exposure::Sensitive);
        }
    }

    fn line(&self, text: &mut String, name: &str, value: &str, exposure: Exposure) {
        let is_hidden = exposure == Exposure::Sensitive && !self.show_sensitive_values && !value.is_empty();
        let value = if is_hidden { "******" } else { value };
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push('\n');
    }
}
