//! `COSIGN_<FLAG>`: the environment stands in for flags that are not on the command line.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::commands::Leaf;
use crate::env::{Environment, FLAG_PREFIX};

/// Puts `--flag=value` behind the command's word for each flag whose variable is set and that is not given.
pub(crate) fn append(arguments: &mut Vec<OsString>, place: usize, leaf: &Leaf, environment: &Environment) {
    let mut set = environment.flag_values().peekable();
    if set.peek().is_none() {
        return;
    }
    let command = super::with_globals(leaf.defined());
    let mut given: Option<ArgMatches> = None;
    let mut added = Vec::new();
    for (variable, value) in set {
        let Some((id, flag)) = flag_of(&command, variable) else {
            continue;
        };
        let given = given.get_or_insert_with(|| on_command_line(&command, arguments));
        if given.value_source(&id) != Some(ValueSource::CommandLine) {
            added.push(OsString::from(format!("--{flag}={value}")));
        }
    }
    arguments.splice(place + 1..place + 1, added);
}

fn flag_of(command: &Command, variable: &str) -> Option<(String, String)> {
    let flag = variable
        .strip_prefix(FLAG_PREFIX)?
        .to_ascii_lowercase()
        .replace('_', "-");
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(&flag))?;
    Some((arg.get_id().to_string(), flag))
}

/// Reads the command line for what it has, whatever is wrong with it; that is told later.
fn on_command_line(command: &Command, arguments: &[OsString]) -> ArgMatches {
    let command = command.clone().ignore_errors(true).no_binary_name(true);
    let all = arguments.iter().skip(1);
    command.try_get_matches_from(all).unwrap_or_default()
}
