//! The set of a repository's tags: which digests they have together, as TUF's snapshot says it of files.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::TAGS;
use super::refusal::{TagRefusal, Unreadable};
use super::state::{digest, member, sequence, text_of};
use super::statement::{Sequence, TagName, TagStatement};
use crate::Digest;
use crate::go_json;
use crate::quoted::Quoted;

/// The tag under which a repository's set is, which a statement says like any other.
pub const SET_TAG: &str = "_tagset";

/// The longest set that is read, in bytes.
pub const SET_LIMIT: u64 = 16 * 1024 * 1024;

/// What a set says of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It has this digest, by a statement of this number or a renewal of that.
    At {
        /// The digest.
        digest: Digest,
        /// The number.
        sequence: Sequence,
    },
    /// It is not there any more; whoever makes it anew goes on from this number.
    Removed {
        /// The number.
        sequence: Sequence,
    },
}

impl Listed {
    /// Returns the number of the newest statement.
    pub fn sequence(&self) -> Sequence {
        match self {
            Self::At { sequence, .. } | Self::Removed { sequence } => *sequence,
        }
    }
}

/// The tags of a repository, all that are signed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagSet {
    repository: String,
    sequence: Sequence,
    previous: Option<Digest>,
    tags: BTreeMap<String, Listed>,
}

/// What is kept of a set that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSet {
    /// Its number.
    pub sequence: Sequence,
    /// The numbers of the tags.
    pub tags: BTreeMap<String, Sequence>,
}

impl TagSet {
    /// The first set of a repository, without a tag.
    pub fn new(repository: &str) -> Self {
        Self {
            repository: repository.to_owned(),
            sequence: Sequence::FIRST,
            previous: None,
            tags: BTreeMap::new(),
        }
    }

    /// The set after this one, whose manifest has the digest `previous`; none after the last number.
    #[must_use]
    pub fn following(&self, previous: Digest) -> Option<Self> {
        Some(Self {
            sequence: self.sequence.next()?,
            previous: Some(previous),
            ..self.clone()
        })
    }

    /// Lists a tag.
    pub fn list(&mut self, tag: &str, listed: Listed) {
        self.tags.insert(tag.to_owned(), listed);
    }

    /// Reads a set.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| Unreadable::new("a tag set, JSON", &error.to_string()))?;
        if *member(&value, "spec") != 1 {
            return Err(Unreadable::new(
                "a tag set with \"spec\": 1",
                &member(&value, "spec").to_string(),
            ));
        }
        let Some(rows) = member(&value, "tags").as_object().filter(|rows| rows.len() <= TAGS) else {
            return Err(Unreadable::new("an object with at most 100000 tags", "something else"));
        };
        let mut tags = BTreeMap::new();
        for (tag, row) in rows {
            tags.insert(tag.clone(), listed(row)?);
        }
        Ok(Self {
            repository: text_of(member(&value, "repo"))?.to_owned(),
            sequence: sequence(member(&value, "seq"))?,
            previous: match member(&value, "prev") {
                Value::Null => None,
                given => Some(digest(given)?),
            },
            tags,
        })
    }

    /// Writes the set, the same bytes for the same set.
    pub fn to_json(&self) -> Vec<u8> {
        let tags: Map<String, Value> = self
            .tags
            .iter()
            .map(|(tag, listed)| {
                let row = match listed {
                    Listed::At { digest, sequence } => json!({"digest": digest.as_str(), "seq": sequence.number()}),
                    Listed::Removed { sequence } => json!({"removed": true, "seq": sequence.number()}),
                };
                (tag.clone(), row)
            })
            .collect();
        let mut all = Map::new();
        all.insert("spec".to_owned(), 1.into());
        all.insert("repo".to_owned(), self.repository.as_str().into());
        all.insert("seq".to_owned(), self.sequence.number().into());
        all.insert("tags".to_owned(), tags.into());
        if let Some(previous) = &self.previous {
            all.insert("prev".to_owned(), previous.as_str().into());
        }
        go_json::to_vec(&all)
    }

    /// Returns the repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns which of the repository's sets this is.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Returns what it says of a tag.
    pub fn listed(&self, tag: &str) -> Option<&Listed> {
        self.tags.get(tag)
    }

    /// Returns what is kept of it.
    pub fn to_known(&self) -> KnownSet {
        let tags = self.tags.iter();
        KnownSet {
            sequence: self.sequence,
            tags: tags.map(|(tag, listed)| (tag.clone(), listed.sequence())).collect(),
        }
    }

    /// Checks that the set, which is that of `repository`, takes back nothing of one that was seen before.
    ///
    /// # Errors
    /// [`TagRefusal::OtherSet`] or [`TagRefusal::SetWentBack`].
    pub fn check(&self, name: &TagName, known: Option<&KnownSet>) -> Result<(), TagRefusal> {
        if self.repository != name.repository() {
            return Err(TagRefusal::OtherSet {
                expected: name.repository().to_owned(),
                found: Quoted::new(&self.repository),
            });
        }
        let Some(known) = known else { return Ok(()) };
        let back = |tag: &str, known, found| TagRefusal::SetWentBack {
            name: name.sibling(tag).unwrap_or_else(|_| name.clone()),
            set: self.sequence,
            found,
            known,
        };
        if self.sequence < known.sequence {
            return Err(back(SET_TAG, known.sequence, format!("sequence {}", self.sequence)));
        }
        for (tag, known) in &known.tags {
            match self.tags.get(tag).map(Listed::sequence) {
                None => return Err(back(tag, *known, "no such tag".to_owned())),
                Some(found) if found < *known => return Err(back(tag, *known, format!("sequence {found}"))),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Checks that a statement that is believed is the one that the set lists, or a renewal of that.
    ///
    /// # Errors
    /// [`TagRefusal::NotInSet`], [`TagRefusal::RemovedInSet`] or [`TagRefusal::NotAsInSet`].
    pub fn check_tag(&self, statement: &TagStatement) -> Result<(), TagRefusal> {
        let name = statement.name.clone();
        match self.tags.get(name.tag()) {
            None => Err(TagRefusal::NotInSet {
                name,
                set: self.sequence,
            }),
            Some(Listed::Removed { .. }) => Err(TagRefusal::RemovedInSet {
                name,
                set: self.sequence,
            }),
            Some(Listed::At { digest, sequence }) if *digest != statement.digest || statement.sequence < *sequence => {
                Err(TagRefusal::NotAsInSet {
                    name,
                    expected: digest.clone(),
                    listed: *sequence,
                    found: statement.digest.clone(),
                    sequence: statement.sequence,
                })
            }
            Some(Listed::At { .. }) => Ok(()),
        }
    }
}

fn listed(row: &Value) -> Result<Listed, Unreadable> {
    let sequence = sequence(member(row, "seq"))?;
    match member(row, "removed") {
        Value::Bool(true) => Ok(Listed::Removed { sequence }),
        Value::Null => Ok(Listed::At {
            digest: digest(member(row, "digest"))?,
            sequence,
        }),
        other => Err(Unreadable::new(
            "\"removed\": true, or no such member",
            &other.to_string(),
        )),
    }
}
