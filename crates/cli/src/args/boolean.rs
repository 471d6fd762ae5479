//! Booleans as Go spells them.

/// Parses what Go's `strconv.ParseBool` accepts.
pub(crate) fn parse(text: &str) -> Result<bool, BooleanError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(BooleanError),
    }
}

/// A text is not a boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected true or false")]
pub(crate) struct BooleanError;
