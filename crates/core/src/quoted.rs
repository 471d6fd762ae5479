//! Untrusted text, made safe to repeat in an error.

use std::fmt;

/// A text from outside, cut to a bounded length and escaped when shown, so that it can neither flood nor steer a terminal.
#[derive(Clone, PartialEq, Eq)]
pub struct Quoted {
    text: String,
    is_cut: bool,
}

impl Quoted {
    /// Keeps the start of `text`.
    pub fn new(text: &str) -> Self {
        let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| at);
        let (kept, rest) = text.split_at(end);
        Self {
            text: kept.to_owned(),
            is_cut: !rest.is_empty(),
        }
    }

    /// Returns what is kept of the text, unescaped.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Quoted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.text, if self.is_cut { "…" } else { "" })
    }
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How much of a text is kept, in characters: a digest of 512 bits with its algorithm fits.
const SHOWN: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Quoted::new("a\u{1b}[2J\n").to_string(), r#""a\u{1b}[2J\n""#);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let shown = Quoted::new(&"é".repeat(SHOWN + 1)).to_string();
        assert_eq!(shown, format!("\"{}\"…", "é".repeat(SHOWN)));
        assert_eq!(
            Quoted::new(&"é".repeat(SHOWN)).to_string(),
            format!("\"{}\"", "é".repeat(SHOWN))
        );
    }
}
