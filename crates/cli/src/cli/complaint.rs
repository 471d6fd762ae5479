//! From clap's errors to the words that cosign's users know.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::usage::{UsageError, UsageKind};

/// Says what is wrong with a command line.
pub(crate) fn translate(error: &clap::Error, program: &'static str, command: Option<&'static str>) -> UsageError {
    UsageError::new(kind(error, program, command))
        .of_command(command)
        .with_suggestion(suggestion(error))
}

fn kind(error: &clap::Error, program: &str, command: Option<&str>) -> UsageKind {
    let argument = text(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidSubcommand => UsageKind::UnknownCommand {
            found: text(error, ContextKind::InvalidSubcommand).unwrap_or_default(),
            within: within(program, command),
        },
        ErrorKind::UnknownArgument => unknown(argument.unwrap_or_default(), program, command),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => wrong_value(error, argument),
        ErrorKind::NoEquals | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => UsageKind::NoValue {
            flag: flag_name(&argument.unwrap_or_default()),
        },
        ErrorKind::MissingRequiredArgument => UsageKind::Required {
            flags: flag_name(&argument.unwrap_or_default())
                // One of a group is shown as `<--first|--second>`.
                .trim_start_matches(['<', '-'])
                .to_owned(),
        },
        ErrorKind::ArgumentConflict => UsageKind::Conflict {
            first: flag_name(&argument.unwrap_or_default()),
            second: flag_name(&text(error, ContextKind::PriorArg).unwrap_or_default()),
        },
        ErrorKind::InvalidUtf8 => UsageKind::Other("an argument is not valid UTF-8".to_owned()),
        _ => UsageKind::Other(first_line(error)),
    }
}

fn unknown(argument: String, program: &str, command: Option<&str>) -> UsageKind {
    match argument.strip_prefix('-') {
        Some(rest) if rest.starts_with('-') => UsageKind::UnknownFlag {
            found: argument.split('=').next().unwrap_or_default().to_owned(),
        },
        Some(rest) => UsageKind::UnknownShorthand {
            letter: rest.chars().next().unwrap_or('-'),
            found: argument,
        },
        None => UsageKind::UnknownCommand {
            found: argument,
            within: within(program, command),
        },
    }
}

fn within(program: &str, command: Option<&str>) -> String {
    command.map_or_else(|| program.to_owned(), |name| format!("{program} {name}"))
}

fn wrong_value(error: &clap::Error, argument: Option<String>) -> UsageKind {
    let flag = flag_name(&argument.unwrap_or_default());
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    if value.is_empty() {
        return UsageKind::NoValue { flag };
    }
    let reason = match std::error::Error::source(error) {
        Some(cause) => cause.to_string(),
        None => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(values)) => format!("expected {}", values.join(" or ")),
            _ => "not one of the values it takes".to_owned(),
        },
    };
    UsageKind::Value { value, flag, reason }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .into_iter()
    .find_map(|kind| match error.get(kind)? {
        // The most similar one comes last.
        ContextValue::Strings(texts) => texts.last().cloned(),
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    })
    .map(|text| flag_name(&text))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

/// The flag of clap's `--flag <VALUE>` or `--flag[=<VALUE>]`.
fn flag_name(shown: &str) -> String {
    shown.split([' ', '[', '=']).next().unwrap_or_default().to_owned()
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
