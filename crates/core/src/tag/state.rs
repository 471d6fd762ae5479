//! What was seen before: of each tag the newest statement, of each repository the newest set.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::judge::Fresh;
use super::refusal::Unreadable;
use super::set::{KnownSet, TagSet};
use super::statement::{Sequence, TagName};
use super::{TAGS, text};
use crate::Digest;

/// The longest file that is read, in bytes.
pub const STATE_LIMIT: u64 = 64 * 1024 * 1024;

/// The newest statement that was seen of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub sequence: Sequence,
    /// The digest that it gave the tag.
    pub digest: Digest,
    /// Its id.
    pub statement: Digest,
    /// Who had signed it.
    pub signer: String,
}

/// What was seen before, of all tags. There is one row for a tag, whoever signs: a new signer goes on counting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    last_time: Option<Timestamp>,
    tags: BTreeMap<TagName, Known>,
    sets: BTreeMap<String, KnownSet>,
}

impl State {
    /// Reads a state file.
    ///
    /// # Errors
    /// What is wrong with it; nothing of it is believed then.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let wrong = |expected, found: &str| Unreadable::new(expected, found);
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| wrong("JSON of a state file", &error.to_string()))?;
        if *member(&value, "v") != 1 {
            return Err(wrong("a state file with \"v\": 1", &member(&value, "v").to_string()));
        }
        let last_time = match member(&value, "last_time") {
            Value::Null => None,
            given => Some(time(given)?),
        };
        let mut state = Self {
            last_time,
            ..Self::default()
        };
        for (name, row) in rows(member(&value, "tags"))? {
            state.tags.insert(name.parse()?, known(row)?);
        }
        for (repository, row) in rows(member(&value, "sets"))? {
            state.sets.insert(repository.clone(), known_set(row)?);
        }
        Ok(state)
    }

    /// Writes the state file.
    pub fn to_json(&self) -> Vec<u8> {
        let tags: Map<String, Value> = self
            .tags
            .iter()
            .map(|(name, known)| {
                let row = json!({
                    "seq": known.sequence.number(),
                    "digest": known.digest.as_str(),
                    "statement": known.statement.as_str(),
                    "signer": known.signer,
                });
                (name.to_string(), row)
            })
            .collect();
        let sets: Map<String, Value> = self
            .sets
            .iter()
            .map(|(repository, set)| {
                let tags: Map<String, Value> = set
                    .tags
                    .iter()
                    .map(|(tag, sequence)| (tag.clone(), sequence.number().into()))
                    .collect();
                (repository.clone(), json!({"seq": set.sequence.number(), "tags": tags}))
            })
            .collect();
        let all = json!({"v": 1, "last_time": self.last_time.map(text::time), "tags": tags, "sets": sets});
        let mut text = format!("{all:#}").into_bytes();
        text.push(b'\n');
        text
    }

    /// Returns the newest statement that was seen of a tag.
    pub fn known(&self, name: &TagName) -> Option<&Known> {
        self.tags.get(name)
    }

    /// Returns the newest set that was seen of a repository.
    pub fn known_set(&self, repository: &str) -> Option<&KnownSet> {
        self.sets.get(repository)
    }

    /// Returns the latest moment at which a tag was believed.
    pub fn last_time(&self) -> Option<Timestamp> {
        self.last_time
    }

    /// Notes what is believed at the moment `now`.
    pub fn note(&mut self, fresh: &Fresh<'_>, now: Timestamp) {
        let statement = &fresh.candidate.statement;
        let known = Known {
            sequence: statement.sequence,
            digest: statement.digest.clone(),
            statement: statement.id(),
            signer: fresh.candidate.signer.clone(),
        };
        self.know(statement.name.clone(), known);
        let now = text::whole(now);
        self.last_time = Some(self.last_time.map_or(now, |last| last.max(now)));
    }

    /// Notes the newest statement of a tag; an older one changes nothing.
    pub fn know(&mut self, name: TagName, known: Known) {
        let is_newer = self.tags.get(&name).is_none_or(|old| old.sequence <= known.sequence);
        if is_newer {
            self.tags.insert(name, known);
        }
    }

    /// Notes a set that is believed.
    pub fn note_set(&mut self, set: &TagSet) {
        self.sets.insert(set.repository().to_owned(), set.to_known());
    }
}

fn rows(value: &Value) -> Result<&Map<String, Value>, Unreadable> {
    match value {
        Value::Object(rows) if rows.len() <= TAGS => Ok(rows),
        Value::Object(rows) => Err(Unreadable::new("at most 100000 rows", &rows.len().to_string())),
        other => Err(Unreadable::new("an object with a row for each tag", &other.to_string())),
    }
}

fn known(row: &Value) -> Result<Known, Unreadable> {
    Ok(Known {
        sequence: sequence(member(row, "seq"))?,
        digest: digest(member(row, "digest"))?,
        statement: digest(member(row, "statement"))?,
        signer: text_of(member(row, "signer"))?.to_owned(),
    })
}

fn known_set(row: &Value) -> Result<KnownSet, Unreadable> {
    let mut tags = BTreeMap::new();
    for (tag, number) in rows(member(row, "tags"))? {
        tags.insert(tag.clone(), sequence(number)?);
    }
    Ok(KnownSet {
        sequence: sequence(member(row, "seq"))?,
        tags,
    })
}

/// A member of an object; null where there is none.
pub(super) fn member<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&Value::Null)
}

pub(super) fn sequence(value: &Value) -> Result<Sequence, Unreadable> {
    let number = value.as_u64().and_then(Sequence::new);
    number.ok_or_else(|| Unreadable::new("a sequence number", &value.to_string()))
}

pub(super) fn digest(value: &Value) -> Result<Digest, Unreadable> {
    let digest = value.as_str().and_then(|text| text.parse().ok());
    digest.ok_or_else(|| Unreadable::new("a digest", &value.to_string()))
}

pub(super) fn text_of(value: &Value) -> Result<&str, Unreadable> {
    value
        .as_str()
        .ok_or_else(|| Unreadable::new("a text", &value.to_string()))
}

fn time(value: &Value) -> Result<Timestamp, Unreadable> {
    let at = value.as_str().and_then(text::parse_time);
    at.ok_or_else(|| Unreadable::new("a time", &value.to_string()))
}
