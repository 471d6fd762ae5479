//! The command line, read the way cosign's users write it.

mod complaint;
mod fallback;
mod repair;

use std::ffi::OsString;
use std::slice;

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, ColorChoice, Command, FromArgMatches};

pub(crate) use complaint::translate;

use crate::args::boolean;
use crate::args::global::GlobalArgs;
use crate::args::output::{AttestationOutput, OutputFormat, TreeOutput, VerifyOutput};
use crate::commands::{ENTRIES, Entry, Fallback, Leaf};
use crate::env::Environment;
use crate::failure::Failure;
use crate::output::{Colour, Ui};

/// What a command line asks for.
pub(crate) enum Parsed {
    /// A text to print: help.
    Text(String),
    /// A command to run.
    Invocation(Invocation),
}

/// A command with its flags.
pub(crate) struct Invocation {
    pub(crate) command: &'static Leaf,
    pub(crate) matches: ArgMatches,
    pub(crate) global: GlobalArgs,
    /// How a failure is shown: as JSON where `--output json` was asked for.
    pub(crate) failures: OutputFormat,
}

/// The name the program speaks under: `cosign` when called through a link of that name.
pub(crate) fn program(arguments: &[OsString]) -> &'static str {
    let stem = arguments
        .first()
        .map(std::path::Path::new)
        .and_then(|path| path.file_stem())
        .and_then(|stem| stem.to_str());
    if stem == Some("cosign") {
        "cosign"
    } else {
        "countersign"
    }
}

/// Reads a command line.
pub(crate) fn parse(
    program: &'static str,
    arguments: Vec<OsString>,
    environment: &Environment,
    ui: &Ui<'_>,
) -> Result<Parsed, Failure> {
    let mut arguments = arguments;
    let named = find_named(&arguments);
    let command = named.as_ref().and_then(|named| named.entry.leaf());
    repair::repair(&mut arguments, command, ui);
    if let (Some(named), Some(command)) = (&named, command)
        && command.fallback == Fallback::Environment
    {
        fallback::append(&mut arguments, named.place, command, environment);
    }
    match read(program, arguments, named.as_ref().map(|named| named.first), ui) {
        Ok(matches) => invocation(matches, program, ui),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(shown(&error.render(), ui)))
        }
        Err(error) => Err(translate(&error, program, named.map(|named| named.entry.name())).into()),
    }
}

/// Has clap read the line, knowing only the entry that it begins with: every other would cost memory and time at each start.
///
/// What goes wrong, and help, is told by one that knows all.
fn read(
    program: &'static str,
    arguments: Vec<OsString>,
    first: Option<&'static Entry>,
    ui: &Ui<'_>,
) -> Result<ArgMatches, clap::Error> {
    let colour = match ui.stdout_colour() {
        Colour::Ansi => ColorChoice::Always,
        Colour::Plain => ColorChoice::Never,
    };
    if let Some(first) = first
        && let Ok(matches) = root_of(slice::from_ref(first), program).try_get_matches_from(&arguments)
    {
        return Ok(matches);
    }
    root(program).color(colour).try_get_matches_from(arguments)
}

fn shown(text: &clap::builder::StyledStr, ui: &Ui<'_>) -> String {
    match ui.stdout_colour() {
        Colour::Ansi => text.ansi().to_string(),
        Colour::Plain => text.to_string(),
    }
}

fn invocation(mut matches: ArgMatches, program: &'static str, ui: &Ui<'_>) -> Result<Parsed, Failure> {
    let mut entries = ENTRIES;
    let mut words = Vec::new();
    let mut own = None;
    let command = loop {
        let Some((word, inner)) = matches.remove_subcommand() else {
            match own {
                Some(leaf) => break leaf,
                None => return Ok(Parsed::Text(help(program, &words, ui))),
            }
        };
        let entry = entries
            .iter()
            .find(|entry| entry.word() == word)
            .expect("clap only finds commands of the table");
        matches = inner;
        match entry {
            Entry::Command(leaf) => break leaf,
            Entry::Group(group) => {
                entries = group.entries;
                own = group.own.as_ref();
            }
        }
        words.push(word);
    };
    let global =
        GlobalArgs::from_arg_matches(&matches).map_err(|error| translate(&error, program, Some(command.name)))?;
    let is_json = matches!(matches.try_get_one("output"), Ok(Some(OutputFormat::Json)))
        || matches!(matches.try_get_one("output"), Ok(Some(AttestationOutput::Json)))
        || matches!(matches.try_get_one("output"), Ok(Some(TreeOutput::Json)))
        || matches!(
            matches.try_get_one("output"),
            Ok(Some(VerifyOutput::Json | VerifyOutput::Jsonl))
        );
    let failures = if is_json {
        OutputFormat::Json
    } else {
        OutputFormat::Text
    };
    Ok(Parsed::Invocation(Invocation {
        command,
        matches,
        global,
        failures,
    }))
}

/// What `--help` after the words of a group shows, or of the program where there are none.
fn help(program: &'static str, words: &[String], ui: &Ui<'_>) -> String {
    let line = std::iter::once(program)
        .chain(words.iter().map(String::as_str))
        .chain(["--help"]);
    match root(program).try_get_matches_from(line) {
        Err(text) => shown(&text.render(), ui),
        Ok(_) => String::new(),
    }
}

/// The whole command line for clap; the flags of each command are built when they are needed.
pub(crate) fn root(program: &'static str) -> Command {
    root_of(ENTRIES, program)
}

fn root_of(entries: &[Entry], program: &'static str) -> Command {
    let root = Command::new(program)
        .about("Signs and verifies anything in an OCI registry")
        .disable_version_flag(true)
        .subcommands(entries.iter().map(|entry| entry.command(program)));
    with_globals(root)
}

/// Adds the flags that every command has.
fn with_globals(command: Command) -> Command {
    let about = command.get_about().cloned();
    let command = cobra_style(GlobalArgs::augment_args(command)).long_about(None);
    match about {
        Some(about) => command.about(about),
        None => command,
    }
}

/// Gives flags the manners of cosign's: booleans take `=false`, the last of a repeated flag counts,
/// a value may start with a dash, `cert` stands for `certificate`.
pub(crate) fn cobra_style(command: Command) -> Command {
    command.args_override_self(true).mut_args(|arg| {
        let arg = match short_name(&arg) {
            Some(short) => arg.alias(short),
            None => arg,
        };
        match arg.get_action() {
            ArgAction::SetTrue => boolean_flag(arg),
            ArgAction::Set | ArgAction::Append if !arg.is_positional() => arg.allow_hyphen_values(true),
            _ => arg,
        }
    })
}

/// The other name under which cosign knows a flag, on every command that has it.
fn short_name(arg: &Arg) -> Option<&'static str> {
    Some(match arg.get_long()? {
        "certificate" => "cert",
        "certificate-chain" => "cert-chain",
        "certificate-email" => "cert-email",
        "certificate-identity" => "cert-identity",
        "certificate-oidc-issuer" => "cert-oidc-issuer",
        "output-certificate" => "output-cert",
        _ => return None,
    })
}

fn boolean_flag(arg: Arg) -> Arg {
    let arg = if arg.get_default_values().is_empty() {
        arg.default_value("false").hide_default_value(true)
    } else {
        arg
    };
    arg.action(ArgAction::Set)
        .value_parser(ValueParser::new(boolean::parse))
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_name("BOOL")
}

/// The words of a command line that name an entry of the table.
struct Named {
    /// What the first of them names.
    first: &'static Entry,
    /// The place of the last one.
    place: usize,
    /// What the last of them names.
    entry: &'static Entry,
}

/// Finds the command or group that is named, as far as its words are known.
fn find_named(arguments: &[OsString]) -> Option<Named> {
    let mut named: Option<Named> = None;
    let mut entries = ENTRIES;
    let mut from = 1;
    while let Some(place) = next_word(arguments, from) {
        let word = arguments.get(place)?.to_str();
        let Some(entry) = entries.iter().find(|entry| Some(entry.word()) == word) else {
            break;
        };
        let first = named.map_or(entry, |named| named.first);
        named = Some(Named { first, place, entry });
        match entry {
            Entry::Command(_) => break,
            Entry::Group(group) => entries = group.entries,
        }
        from = place + 1;
    }
    named
}

/// The place of the next argument that is neither a flag nor the value of a global one.
fn next_word(arguments: &[OsString], from: usize) -> Option<usize> {
    let mut place = from;
    while let Some(argument) = arguments.get(place) {
        match argument.to_str() {
            Some("-t" | "--timeout" | "--output-file" | "-timeout" | "-output-file" | "--t") => place += 2,
            Some("--") => return None,
            Some(flag) if flag.starts_with('-') => place += 1,
            _ => return Some(place),
        }
    }
    None
}
