//! Identities that are trusted to sign: what a certificate must say of its holder.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

use crate::certificate::{Certificate, FulcioExtension};
use crate::quoted::Quoted;

/// The longest pattern that is compiled, in bytes.
pub const PATTERN_LIMIT: usize = 4096;

/// Whom a certificate must name, and who must have vouched for that.
#[derive(Clone, Debug)]
pub struct IdentityPattern {
    subject: Pattern,
    issuer: Pattern,
    claims: Vec<(FulcioExtension, String)>,
}

impl IdentityPattern {
    /// Trusts whoever `issuer` says is `subject`.
    pub fn new(subject: Pattern, issuer: Pattern) -> Self {
        Self {
            subject,
            issuer,
            claims: Vec::new(),
        }
    }

    /// Asks that one of Fulcio's extensions has exactly this value.
    #[must_use]
    pub fn claiming(mut self, claim: FulcioExtension, value: String) -> Self {
        self.claims.push((claim, value));
        self
    }

    /// Says whether every part is met: one of the certificate's names, the issuer, and each claim.
    pub(crate) fn is_of(&self, certificate: &Certificate) -> bool {
        // A certificate of one's own authority may name no issuer: that is an empty text, as in cosign, which no exact one equals.
        let extensions = certificate.extensions();
        let mut names = certificate.names().iter();
        names.any(|name| self.subject.matches(&name.to_string()))
            && self.issuer.matches(extensions.issuer().unwrap_or_default())
            && self
                .claims
                .iter()
                .all(|(claim, expected)| extensions.value(*claim) == Some(expected))
    }

    /// Returns what one of the certificate's names must be.
    pub fn subject(&self) -> &Pattern {
        &self.subject
    }

    /// Returns what the issuer of the identity token must be.
    pub fn issuer(&self) -> &Pattern {
        &self.issuer
    }

    /// Returns the further claims, each with the value it must have.
    pub fn claims(&self) -> &[(FulcioExtension, String)] {
        &self.claims
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.subject, self.issuer)?;
        for (claim, value) in &self.claims {
            write!(f, ", {} {value:?}", claim.name())?;
        }
        Ok(())
    }
}

/// What a text must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This text and no other.
    Exact(String),
    /// A text that the expression matches.
    Regexp(Regexp),
    /// A text that both agree on.
    Both(Box<[Self; 2]>),
    /// Whatever text; for what is denied.
    Anything,
}

impl Pattern {
    /// Says whether `text` is what is asked for.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == text,
            Self::Regexp(regexp) => regexp.expression.is_match(text),
            Self::Both(patterns) => patterns.iter().all(|pattern| pattern.matches(text)),
            Self::Anything => true,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(expected) => write!(f, "{}", Quoted::new(expected)),
            Self::Regexp(regexp) => write!(f, "what matches {}", Quoted::new(&regexp.text)),
            Self::Both(patterns) => {
                let [one, other] = &**patterns;
                write!(f, "{one} and {other}")
            }
            Self::Anything => f.write_str("anything"),
        }
    }
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Regexp {
    text: String,
    expression: Regex,
}

impl Regexp {
    /// Compiles an expression that must match the whole of a text.
    ///
    /// # Errors
    ///
    /// [`RegexpError`] for one that is malformed or too large.
    pub fn whole(text: &str) -> Result<Self, RegexpError> {
        // Alone first, so that no bracket can close the group that anchors it.
        compile(text)?;
        Ok(Self {
            text: text.to_owned(),
            expression: compile(&format!(r"\A(?:{text})\z"))?,
        })
    }

    /// Compiles an expression that may match any part of a text, as cosign's flags mean it.
    ///
    /// # Errors
    ///
    /// As [`whole`](Self::whole).
    pub fn part(text: &str) -> Result<Self, RegexpError> {
        Ok(Self {
            text: text.to_owned(),
            expression: compile(text)?,
        })
    }

    /// Says whether the expression as written leaves an end of the text open.
    pub fn is_open_ended(&self) -> bool {
        let begins = self.text.starts_with('^') || self.text.starts_with(r"\A");
        let ends = self.text.ends_with('$') || self.text.ends_with(r"\z");
        // An alternative at the top level is anchored at one end only.
        !(begins && ends) || has_alternatives(&self.text)
    }

    /// Returns the expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn compile(text: &str) -> Result<Regex, RegexpError> {
    if text.len() > PATTERN_LIMIT {
        return Err(RegexpError::TooLong {
            limit: PATTERN_LIMIT,
            found: text.len(),
        });
    }
    RegexBuilder::new(text)
        .size_limit(COMPILED_LIMIT)
        .nest_limit(NESTING_LIMIT)
        .build()
        .map_err(|error| RegexpError::Malformed {
            found: Quoted::new(text),
            reason: error.to_string(),
        })
}

/// Says whether `|` stands outside every group and class.
fn has_alternatives(text: &str) -> bool {
    let (mut depth, mut is_class, mut is_escaped) = (0_usize, false, false);
    for character in text.chars() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' if !is_class => is_class = true,
            ']' if is_class => is_class = false,
            _ if is_class => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Why a text is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegexpError {
    /// It does not follow the syntax.
    #[error("{found} is no regular expression: {reason}")]
    Malformed {
        /// The expression.
        found: Quoted,
        /// Where it departs.
        reason: String,
    },
    /// It is longer than is compiled.
    #[error("regular expression has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
}

/// How large a compiled expression may be, in bytes.
const COMPILED_LIMIT: usize = 1024 * 1024;

/// How deep groups may nest.
const NESTING_LIMIT: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_text_matches_itself_only() {
        let pattern = Pattern::Exact("ci@example.com".to_owned());
        assert!(pattern.matches("ci@example.com"));
        assert!(!pattern.matches("ci@example.com.evil.example"));
        assert!(!pattern.matches("CI@example.com"));
    }

    #[test]
    fn two_patterns_must_both_match() {
        let both = |exact: &str| {
            Pattern::Both(Box::new([
                Pattern::Exact(exact.to_owned()),
                Pattern::Regexp(Regexp::part("^a").unwrap()),
            ]))
        };
        assert!(both("ab").matches("ab"));
        assert!(!both("b").matches("b"));
        assert!(!both("ab").matches("ac"));
    }

    #[test]
    fn an_expression_for_the_whole_matches_no_part() {
        let pattern = Pattern::Regexp(Regexp::whole("a|b").unwrap());
        assert!(pattern.matches("a"));
        assert!(pattern.matches("b"));
        assert!(!pattern.matches("ab"));
        assert!(!pattern.matches("a\n"));
    }

    #[test]
    fn a_bracket_does_not_open_the_anchors() {
        assert!(matches!(Regexp::whole("a)|(b"), Err(RegexpError::Malformed { .. })));
    }

    #[test]
    fn an_expression_for_a_part_matches_as_in_cosign() {
        let pattern = Pattern::Regexp(Regexp::part(r"@example\.com").unwrap());
        assert!(pattern.matches("ci@example.com.evil.example"));
    }

    #[test]
    fn an_expression_that_leaves_an_end_open_is_told() {
        for open in ["a", "^a", "a$", "^a|b$", "^[ab]|c$", "^https://a.example/"] {
            assert!(Regexp::part(open).unwrap().is_open_ended(), "{open}");
        }
        for closed in ["^a$", r"\Aa\z", "^(a|b)$", "^[|]$", "^[a|b]$", r"^a\|b$"] {
            assert!(!Regexp::part(closed).unwrap().is_open_ended(), "{closed}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let error = Regexp::part("(").unwrap_err();
        assert!(matches!(error, RegexpError::Malformed { .. }), "{error}");
        assert_eq!(
            Regexp::part(&"a".repeat(PATTERN_LIMIT + 1)).unwrap_err(),
            RegexpError::TooLong {
                limit: PATTERN_LIMIT,
                found: PATTERN_LIMIT + 1
            }
        );
    }
}
