//! Names in a registry's addresses: repositories, tags, references.

use std::fmt;
use std::str::FromStr;

use countersign_core::Digest;
use countersign_core::digest::DigestError;

/// A repository's name, whose parts cannot leave the folder they are stored in
/// (distribution-spec, §pulling manifests).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RepositoryName(Box<str>);

impl RepositoryName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    const LIMIT: usize = 255;
}

impl FromStr for RepositoryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() <= Self::LIMIT && text.split('/').all(is_component) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Repository { found: shown(text) })
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag: at most 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tag(Box<str>);

impl Tag {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    const LIMIT: usize = 128;
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let is_tag = text.len() <= Self::LIMIT
            && text.bytes().next().is_some_and(is_word)
            && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'));
        if is_tag {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Tag { found: shown(text) })
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What names a manifest in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Tag(Tag),
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains(':') {
            Ok(Self::Digest(text.parse()?))
        } else {
            Ok(Self::Tag(text.parse()?))
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// The name of an upload that has begun: 32 hexadecimal digits nobody can guess.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UploadId(Box<str>);

impl UploadId {
    /// Draws a new name.
    pub(crate) fn draw() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes)?;
        Ok(Self(hex::encode(bytes).into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UploadId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Upload { found: shown(text) })
        }
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a part of an address is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error(
        "{found:?} is not a repository name (at most 255 lower-case letters and digits, separated by one of . _ __ - or /)"
    )]
    Repository { found: String },
    #[error("{found:?} is not a tag (at most 128 letters, digits, _ . -, not starting with . or -)")]
    Tag { found: String },
    #[error("{found:?} is not the name of an upload")]
    Upload { found: String },
    #[error(transparent)]
    Digest(#[from] DigestError),
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(is_word).filter(|between| !between.is_empty());
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && separators
            .into_iter()
            .all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// How much of a bad name an answer repeats, in characters.
const SHOWN: usize = 140;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_follow_the_specification() {
        for good in ["a", "a/b", "a-b/c.d/e_f/g__h", "0/1---2", &"a".repeat(255)] {
            assert_eq!(
                good.parse::<RepositoryName>().map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
    }

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for bad in [
            "",
            "/",
            "a//b",
            "/a",
            "a/",
            "..",
            "a/../b",
            "a/.",
            "_blobs",
            "a/_tags/x",
            "A",
            "a___b",
            "a._b",
            "a\\b",
            "é",
            "a\0",
        ] {
            assert!(
                matches!(bad.parse::<RepositoryName>(), Err(NameError::Repository { .. })),
                "{bad}"
            );
        }
        assert!(matches!(
            "a".repeat(256).parse::<RepositoryName>(),
            Err(NameError::Repository { .. })
        ));
        for bad in ["", ".", "..", "-a", "a/b", &"a".repeat(129)] {
            assert!(matches!(bad.parse::<Tag>(), Err(NameError::Tag { .. })), "{bad}");
        }
        assert!(matches!("../x".parse::<UploadId>(), Err(NameError::Upload { .. })));
    }

    #[test]
    fn reference_with_a_colon_is_a_digest() {
        assert!(matches!("sha256:00".parse::<Reference>(), Err(NameError::Digest(_))));
        assert!(matches!("v1.0".parse(), Ok(Reference::Tag(_))));
    }
}
