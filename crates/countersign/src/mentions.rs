//! Files that name images: which ones they name, and where, so that each can be verified and then pinned to its digest.

use std::ops::Range;

pub mod dockerfile;
pub mod kubernetes;
pub(crate) mod yaml;

/// The largest file that is read, in bytes.
pub const LIMIT: usize = 4 * 1024 * 1024;

/// The most images that are read from one file.
pub const IMAGES: usize = 10_000;

/// An image as a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The image's name, variables replaced.
    pub image: String,
    /// The bytes of the file that say it.
    pub range: Range<usize>,
}

/// Why the images of a file could not be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MentionsError {
    /// The file is not text.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// The file is larger than is read.
    #[error("the file has {found} bytes, the limit is {LIMIT}")]
    TooLong {
        /// The size found.
        found: usize,
    },
    /// The file names more images than are read.
    #[error("the file names more than {IMAGES} images")]
    TooMany,
    /// A name has a variable that nothing gives a value.
    #[error("line {line}: {text:?} has the variable {name}, which has no value")]
    NoValue {
        /// The line, from 1.
        line: usize,
        /// The word with the variable.
        text: String,
        /// The variable.
        name: String,
    },
    /// A word has a variable in a form that is not known.
    #[error("line {line}: {text:?} has a variable in a form that is not known")]
    Variable {
        /// The line, from 1.
        line: usize,
        /// The word with the variable.
        text: String,
    },
    /// An instruction lacks the image.
    #[error("line {line}: {instruction} names no image")]
    NoImage {
        /// The line, from 1.
        line: usize,
        /// The instruction.
        instruction: &'static str,
    },
    /// A here-document has no end.
    #[error("line {line}: the here-document ends with {end:?}, which does not come")]
    Unended {
        /// The line on which it begins, from 1.
        line: usize,
        /// The word that should end it.
        end: String,
    },
    /// The file is no YAML.
    #[error("line {line}: {reason}")]
    Yaml {
        /// The line, from 1.
        line: usize,
        /// What the parser found.
        reason: String,
    },
    /// The name of an image is no text.
    #[error("line {line}: the image is {found}, expected a text")]
    NoText {
        /// The line, from 1.
        line: usize,
        /// What was found instead.
        found: &'static str,
    },
}

/// The file as text, within its limit.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, MentionsError> {
    if bytes.len() > LIMIT {
        return Err(MentionsError::TooLong { found: bytes.len() });
    }
    std::str::from_utf8(bytes).map_err(|_| MentionsError::NotText)
}

/// Replaces the names at `mentions` by `names`, one for each, and keeps every other byte.
///
/// A place that is named twice gets the first of its names.
pub fn replace(text: &str, mentions: &[Mention], names: &[String]) -> String {
    let mut places: Vec<(&Range<usize>, &String)> = mentions.iter().map(|mention| &mention.range).zip(names).collect();
    places.sort_by_key(|(range, _)| range.start);
    let mut written = String::with_capacity(text.len() + names.len() * 80);
    let mut at = 0;
    for (range, name) in places {
        let Some(between) = text.get(at..range.start) else {
            continue;
        };
        written.push_str(between);
        written.push_str(name);
        at = range.end;
    }
    written.push_str(text.get(at..).unwrap_or_default());
    written
}

#[cfg(test)]
mod tests;
