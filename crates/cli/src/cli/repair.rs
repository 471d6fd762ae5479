//! Old spellings of flags: `-key` for `--key`, `--o` for `-o`, `-version` for `version`.

use std::ffi::OsString;

use clap::Command;

use crate::commands::Leaf;
use crate::output::Ui;

/// Rewrites old spellings, with cosign's warning for each.
///
/// What is a cluster of one-letter flags (`-yr`) or a one-letter flag with its value (`-ak=v`) stays as it is,
/// unless a flag of that whole name exists.
pub(crate) fn repair(arguments: &mut [OsString], leaf: Option<&'static Leaf>, ui: &Ui<'_>) {
    let mut command = None;
    for argument in arguments.iter_mut().skip(1) {
        let Some(text) = argument.to_str() else { continue };
        if text == "--" {
            return;
        }
        let repaired = if is_long_letter(text) {
            let repaired = text[1..].to_owned();
            ui.warn(&format!(
                "the flag {text} is deprecated and will be removed in a future release. Please use the flag {repaired}."
            ));
            repaired
        } else if is_single_dash_word(text) {
            let command = command.get_or_insert_with(|| flags_of(leaf));
            let Some((repaired, kind)) = long_spelling(text, command) else {
                continue;
            };
            ui.warn(&format!(
                "the {text} flag is deprecated and will be removed in a future release. Please use the {repaired} {kind} instead."
            ));
            repaired
        } else {
            continue;
        };
        *argument = repaired.into();
    }
}

fn is_long_letter(text: &str) -> bool {
    text.strip_prefix("--").is_some_and(|rest| rest.len() == 1)
}

fn is_single_dash_word(text: &str) -> bool {
    text.strip_prefix('-')
        .is_some_and(|rest| rest.len() > 1 && !rest.starts_with('-'))
}

fn flags_of(leaf: Option<&'static Leaf>) -> Command {
    super::with_globals(match leaf {
        Some(leaf) => leaf.defined(),
        None => Command::new(""),
    })
}

fn long_spelling(text: &str, command: &Command) -> Option<(String, &'static str)> {
    if text == "-version" {
        return Some(("version".to_owned(), "subcommand"));
    }
    let word = text.strip_prefix('-')?;
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    let is_long = command.get_arguments().any(|arg| {
        arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    });
    let letter = word.chars().next();
    let is_short = command
        .get_arguments()
        .any(|arg| arg.get_short() == letter || letter == Some('h'));
    (is_long || !is_short).then(|| (format!("-{text}"), "flag"))
}
