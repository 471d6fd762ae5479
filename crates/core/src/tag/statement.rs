//! What a signature says of a tag, in its annotations.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::refusal::{NotAStatement, Unreadable};
use super::text;
use crate::Digest;
use crate::quoted::Quoted;

/// A tag with its repository, spelled in the one way that is signed: in lower case but for the tag, Docker Hub as
/// `index.docker.io/library/…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagName {
    repository: Box<str>,
    tag: Box<str>,
}

impl TagName {
    /// Names `tag` of `repository`.
    ///
    /// # Errors
    /// [`Unreadable`] where one of them is no such name.
    pub fn new(repository: &str, tag: &str) -> Result<Self, Unreadable> {
        let is_repository = |text: &str| {
            text.len() <= NAME_LIMIT
                && text.split('/').count() > 1
                && text.split('/').all(|part| !part.is_empty())
                && text.bytes().all(is_of_repository)
        };
        let repository = repository.to_ascii_lowercase();
        if !is_repository(&repository) {
            return Err(Unreadable::new("a repository, HOST/PATH", &repository));
        }
        let is_first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_tag = tag.len() <= 128
            && tag.bytes().next().is_some_and(is_first)
            && tag.bytes().all(|byte| is_first(byte) || matches!(byte, b'.' | b'-'));
        if !is_tag {
            return Err(Unreadable::new(Unreadable::TAG, tag));
        }
        Ok(Self {
            repository: repository.into(),
            tag: tag.into(),
        })
    }

    /// Returns the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Names another tag of the same repository.
    ///
    /// # Errors
    /// [`Unreadable`] where it is none.
    pub fn sibling(&self, tag: &str) -> Result<Self, Unreadable> {
        Self::new(&self.repository, tag)
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl FromStr for TagName {
    type Err = Unreadable;

    /// Reads `REPOSITORY:TAG` as it is written, and no other spelling of it.
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("REPOSITORY:TAG", text);
        let (repository, tag) = text.rsplit_once(':').ok_or_else(unreadable)?;
        let name = Self::new(repository, tag)?;
        (name.repository() == repository).then_some(name).ok_or_else(unreadable)
    }
}

fn is_of_repository(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']' | b'/')
}

/// The number of a statement among those of its tag: 1 or more, and less than 2⁶³.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequence(u64);

impl Sequence {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// Takes a number; none where it is 0 or too large.
    pub fn new(number: u64) -> Option<Self> {
        (1..SEQUENCES).contains(&number).then_some(Self(number))
    }

    /// Returns the number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Returns the one after this; none after the last.
    pub fn next(self) -> Option<Self> {
        Self::new(self.0.checked_add(1)?)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Sequence {
    type Err = Unreadable;

    /// Reads a decimal number without sign or leading zeros.
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let number = text.parse().ok().and_then(Self::new);
        let exact = number.filter(|number| number.to_string() == text);
        exact.ok_or_else(|| Unreadable::new("a number from 1 to 9223372036854775807", text))
    }
}

/// From when until when a statement says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    issued: Timestamp,
    expires: Timestamp,
}

impl Period {
    /// From `issued` until `expires`, in whole seconds; none where that is no time at all.
    pub fn new(issued: Timestamp, expires: Timestamp) -> Option<Self> {
        let (issued, expires) = (text::whole(issued), text::whole(expires));
        (issued < expires).then_some(Self { issued, expires })
    }

    /// Returns the moment at which the signer says to have signed.
    pub fn issued(self) -> Timestamp {
        self.issued
    }

    /// Returns the moment from which nothing is said any more.
    pub fn expires(self) -> Timestamp {
        self.expires
    }

    /// Returns how long that is.
    pub fn length(self) -> SignedDuration {
        self.expires.duration_since(self.issued)
    }
}

/// That a tag has a digest, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagStatement {
    /// The tag.
    pub name: TagName,
    /// The digest that it has.
    pub digest: Digest,
    /// Which of the tag's statements this is.
    pub sequence: Sequence,
    /// For how long it says so.
    pub period: Period,
    /// The [id](Self::id) of the statement before it, if its signer knew it.
    pub previous: Option<Digest>,
}

impl TagStatement {
    /// Returns the annotations that say this, whatever else the signature has.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::from([
            (TAG.to_owned(), self.name.tag.to_string()),
            (REPOSITORY.to_owned(), self.name.repository.to_string()),
            (SEQUENCE.to_owned(), self.sequence.to_string()),
            (ISSUED.to_owned(), text::time(self.period.issued)),
            (EXPIRES.to_owned(), text::time(self.period.expires)),
            (SPEC.to_owned(), VERSION.to_owned()),
        ]);
        if let Some(previous) = &self.previous {
            all.insert(PREVIOUS.to_owned(), previous.to_string());
        }
        all
    }

    /// Reads what the annotations of a signature of `digest` say.
    ///
    /// # Errors
    /// [`NotAStatement`] where that is nothing of a tag, or not in a form that is known.
    pub fn read(annotations: Option<&Map<String, Value>>, digest: &Digest) -> Result<Self, NotAStatement> {
        let empty = Map::new();
        let annotations = annotations.unwrap_or(&empty);
        if !annotations.contains_key(TAG) {
            return Err(NotAStatement::NoTag);
        }
        let Some(version) = annotations.get(SPEC) else {
            return Err(NotAStatement::NoVersion);
        };
        if version != VERSION {
            let found = Quoted::new(version.as_str().unwrap_or("something that is no text"));
            return Err(NotAStatement::OtherVersion { found });
        }
        let repository = value(annotations, REPOSITORY)?;
        let tag = value(annotations, TAG)?;
        let name = TagName::new(repository, tag).map_err(|source| match source.is_of_tag() {
            true => NotAStatement::Malformed { key: TAG, source },
            false => malformed(REPOSITORY)(source),
        })?;
        if name.repository() != repository {
            let reason = Unreadable::new("a repository in lower case", repository);
            return Err(malformed(REPOSITORY)(reason));
        }
        let (issued, expires) = (time(annotations, ISSUED)?, time(annotations, EXPIRES)?);
        let previous = match annotations.contains_key(PREVIOUS) {
            true => Some(previous(value(annotations, PREVIOUS)?)?),
            false => None,
        };
        Ok(Self {
            name,
            digest: digest.clone(),
            sequence: value(annotations, SEQUENCE)?.parse().map_err(malformed(SEQUENCE))?,
            period: Period::new(issued, expires).ok_or(NotAStatement::NoTime { issued, expires })?,
            previous,
        })
    }

    /// Returns the digest of what is said, which is the same in every format of signature. What came before is no part of it:
    /// two signers who say the same need not know the same past.
    pub fn id(&self) -> Digest {
        let mut said = format!("digest={}\n", self.digest);
        let annotations = self.annotations();
        for (key, value) in annotations.iter().filter(|(key, _)| *key != PREVIOUS) {
            said.push_str(key);
            said.push('=');
            said.push_str(value);
            said.push('\n');
        }
        Digest::sha256(said.as_bytes())
    }

    /// Says whether both say the same, whatever came before.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let said = |statement: &Self| (statement.sequence, statement.period);
        said(self) == said(other) && self.name == other.name && self.digest == other.digest
    }
}

fn value<'a>(annotations: &'a Map<String, Value>, key: &'static str) -> Result<&'a str, NotAStatement> {
    match annotations.get(key) {
        None => Err(NotAStatement::Missing { key }),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(malformed(key)(Unreadable::new("a text", &other.to_string()))),
    }
}

fn time(annotations: &Map<String, Value>, key: &'static str) -> Result<Timestamp, NotAStatement> {
    let text = value(annotations, key)?;
    let at = text::parse_time(text);
    at.ok_or_else(|| malformed(key)(Unreadable::new("a time such as 2026-11-22T00:00:00Z", text)))
}

fn previous(text: &str) -> Result<Digest, NotAStatement> {
    let digest = text.parse();
    digest.map_err(|_| malformed(PREVIOUS)(Unreadable::new("a digest", text)))
}

fn malformed(key: &'static str) -> impl Fn(Unreadable) -> NotAStatement {
    move |source| NotAStatement::Malformed { key, source }
}

/// What every sequence number is less than.
pub const SEQUENCES: u64 = 1 << 63;

/// The longest repository, as registries have it.
const NAME_LIMIT: usize = 512;

/// The only version of the form that is known.
const VERSION: &str = "1";

const TAG: &str = "tag";
const REPOSITORY: &str = "tag.repo";
const SEQUENCE: &str = "tag.seq";
const ISSUED: &str = "tag.issued";
const EXPIRES: &str = "tag.expires";
const PREVIOUS: &str = "tag.prev";
const SPEC: &str = "tag.spec";
