//! The logical lines of a Dockerfile: continued lines joined, comments and here-documents left out, split into words.

use std::ops::Range;

use crate::mentions::MentionsError;

/// An instruction with its arguments.
pub(super) struct Line {
    /// The number of its first line, from 1.
    pub(super) number: usize,
    /// Its words, unquoted, variables as they are written.
    pub(super) words: Vec<Word>,
    /// What escapes a character and continues a line: a backslash, or what the directive says.
    pub(super) escape: char,
}

/// A word and where it is.
#[derive(Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// The place in the file of each byte of the text: quotes and continued lines may lie between two.
    places: Vec<usize>,
}

impl Word {
    fn push(&mut self, at: usize, character: char) {
        self.text.push(character);
        self.places.extend((0..character.len_utf8()).map(|byte| at + byte));
    }

    /// Where a part of the text is in the file; nothing of it for an empty part.
    pub(super) fn range(&self, part: Range<usize>) -> Range<usize> {
        match self.places.get(part).unwrap_or_default() {
            [] => 0..0,
            [only] => *only..*only + 1,
            [first, .., last] => *first..*last + 1,
        }
    }
}

/// A line of the file, without its end.
#[derive(Clone, Copy)]
struct Physical<'a> {
    text: &'a str,
    /// Where it begins in the file.
    at: usize,
}

/// Splits a file into instructions.
pub(super) fn read(file: &str) -> Result<Vec<Line>, MentionsError> {
    let escape = escape(file);
    let physical = physical(file);
    let mut lines = Vec::new();
    let mut next = 0;
    while let Some(first) = physical.get(next) {
        let number = next + 1;
        next += 1;
        if is_blank(first.text) {
            continue;
        }
        let mut characters = Vec::new();
        let mut is_continued = push(*first, escape, &mut characters);
        while is_continued && let Some(line) = physical.get(next) {
            next += 1;
            // Comments and empty lines between continued ones do not end them.
            if !is_blank(line.text) {
                is_continued = push(*line, escape, &mut characters);
            }
        }
        let words = words(&characters, escape);
        for document in here_documents(&words) {
            next = document.end_in(&physical, next, number)?;
        }
        lines.push(Line { number, words, escape });
    }
    Ok(lines)
}

/// The `escape` directive, which stands among the first lines (Dockerfile reference, §Parser directives).
fn escape(file: &str) -> char {
    for line in file.trim_start_matches('\u{feff}').lines() {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|rest| rest.split_once('=')) else {
            break;
        };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

fn physical(file: &str) -> Vec<Physical<'_>> {
    let mut at = 0;
    file.split_inclusive('\n')
        .map(|whole| {
            let begin = at;
            at += whole.len();
            let text = whole.trim_end_matches('\n').trim_end_matches('\r');
            Physical { text, at: begin }
        })
        .collect()
}

fn is_blank(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    text.is_empty() || text.starts_with('#')
}

/// Adds the characters of a line with their places; says whether the next line goes on.
fn push(line: Physical<'_>, escape: char, characters: &mut Vec<(usize, char)>) -> bool {
    let trimmed = line.text.trim_end();
    let (text, is_continued) = match trimmed.strip_suffix(escape) {
        Some(text) => (text, true),
        None => (line.text, false),
    };
    characters.extend(
        text.char_indices()
            .filter(|(_, character)| *character != '\u{feff}')
            .map(|(at, character)| (line.at + at, character)),
    );
    is_continued
}

/// Splits at blanks outside of quotes, and takes the quotes away; escaped characters stay as they are written.
fn words(characters: &[(usize, char)], escape: char) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut characters = characters.iter().copied();
    while let Some((at, character)) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_default();
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (open, _) if character == escape && open != Some('\'') => {
                current.push(at, character);
                if let Some((at, escaped)) = characters.next() {
                    current.push(at, escaped);
                }
            }
            _ => current.push(at, character),
        }
    }
    words.extend(word);
    words
}

/// The end of a here-document.
struct HereDocument {
    end: String,
    /// Tabs before the end word do not count (`<<-`).
    is_indented: bool,
}

/// The here-documents that an instruction of those that may have some begins (Dockerfile reference, §Here-Documents).
fn here_documents(words: &[Word]) -> Vec<HereDocument> {
    let mut words = words
        .iter()
        .skip_while(|word| word.text.eq_ignore_ascii_case("onbuild"));
    let instruction = words.next().map(|word| word.text.to_ascii_uppercase());
    if !matches!(instruction.as_deref(), Some("RUN" | "COPY" | "ADD")) {
        return Vec::new();
    }
    words
        .filter_map(|word| {
            // A file descriptor may stand before it: `3<<EOF`.
            let rest = word.text.trim_start_matches(|c: char| c.is_ascii_digit());
            let rest = rest.strip_prefix("<<")?;
            let (end, is_indented) = match rest.strip_prefix('-') {
                Some(end) => (end, true),
                None => (rest, false),
            };
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let is_word = !end.is_empty() && end.chars().all(is_name);
            is_word.then(|| HereDocument {
                end: end.to_owned(),
                is_indented,
            })
        })
        .collect()
}

impl HereDocument {
    /// The number of the line after its end.
    fn end_in(&self, physical: &[Physical<'_>], from: usize, number: usize) -> Result<usize, MentionsError> {
        let is_end = |line: &Physical<'_>| match self.is_indented {
            true => line.text.trim_start_matches('\t') == self.end,
            false => line.text == self.end,
        };
        match physical.iter().skip(from).position(is_end) {
            Some(count) => Ok(from + count + 1),
            None => Err(MentionsError::Unended {
                line: number,
                end: self.end.clone(),
            }),
        }
    }
}
