//! Variables in the words of a Dockerfile (Dockerfile reference, §Environment replacement).

use crate::mentions::MentionsError;

/// Why a word has no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExpandError {
    /// A variable without a value.
    NoValue(String),
    /// Something that is no variable.
    Form,
}

impl ExpandError {
    pub(super) fn at(self, line: usize, written: &str) -> MentionsError {
        let text = written.to_owned();
        match self {
            Self::NoValue(name) => MentionsError::NoValue { line, text, name },
            Self::Form => MentionsError::Variable { line, text },
        }
    }
}

/// Replaces `$NAME`, `${NAME}` and its forms with `:-`, `-`, `:+`, `+`.
///
/// Where Docker would put nothing, there is an error: a name with a hole in it is another image's.
pub(super) fn expand(
    written: &str,
    escape: char,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<String, ExpandError> {
    expand_within(written, escape, value, DEPTH)
}

fn expand_within(
    written: &str,
    escape: char,
    value: &dyn Fn(&str) -> Option<String>,
    depth: usize,
) -> Result<String, ExpandError> {
    let mut expanded = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        if character == escape {
            let escaped = after.chars().next();
            expanded.extend(escaped);
            rest = &after[escaped.map_or(0, char::len_utf8)..];
        } else if character != '$' {
            expanded.push(character);
            rest = after;
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = closing(braced).ok_or(ExpandError::Form)?;
            let depth = depth.checked_sub(1).ok_or(ExpandError::Form)?;
            expanded.push_str(&braces(&braced[..end], escape, value, depth)?);
            rest = &braced[end + 1..];
        } else {
            let length = after.find(|c| !is_name(c)).unwrap_or(after.len());
            let name = &after[..length];
            if name.is_empty() {
                return Err(ExpandError::Form);
            }
            expanded.push_str(&value(name).ok_or_else(|| ExpandError::NoValue(name.to_owned()))?);
            rest = &after[length..];
        }
    }
    Ok(expanded)
}

/// What stands between braces: a name, and what to do where it has no value.
fn braces(
    inside: &str,
    escape: char,
    value: &dyn Fn(&str) -> Option<String>,
    depth: usize,
) -> Result<String, ExpandError> {
    let length = inside.find(|c| !is_name(c)).unwrap_or(inside.len());
    let (name, form) = inside.split_at(length);
    if name.is_empty() {
        return Err(ExpandError::Form);
    }
    let found = value(name);
    let filled = found.clone().filter(|text| !text.is_empty());
    let other = |text: &str| expand_within(text, escape, value, depth);
    if form.is_empty() {
        found.ok_or_else(|| ExpandError::NoValue(name.to_owned()))
    } else if let Some(default) = form.strip_prefix(":-") {
        filled.map_or_else(|| other(default), Ok)
    } else if let Some(default) = form.strip_prefix('-') {
        found.map_or_else(|| other(default), Ok)
    } else if let Some(instead) = form.strip_prefix(":+") {
        filled.map_or_else(|| Ok(String::new()), |_| other(instead))
    } else if let Some(instead) = form.strip_prefix('+') {
        found.map_or_else(|| Ok(String::new()), |_| other(instead))
    } else if form.starts_with(":?") {
        filled.ok_or_else(|| ExpandError::NoValue(name.to_owned()))
    } else if form.starts_with('?') {
        found.ok_or_else(|| ExpandError::NoValue(name.to_owned()))
    } else {
        Err(ExpandError::Form)
    }
}

/// The place of the brace that closes the one before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// How deep defaults may be nested.
const DEPTH: usize = 16;
