//! Questions for several entries, and for those that are about something (rekor, `openapi.yaml`, `SearchLogQuery`,
//! `SearchIndex`).

use std::sync::{MutexGuard, PoisonError};

use countersign_core::go_json::decode_bytes;
use countersign_core::log::merkle::TreeHash;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Shared;
use super::proposal::Proposed;
use super::search::{self, Index};
use crate::logs::Failure;

impl Shared {
    /// The entries that are asked for, as far as they are there.
    pub(super) fn retrieve(&self, bytes: &[u8]) -> Result<Value, Failure> {
        let query: WireQuery<'_> = parse(bytes)?;
        // Go writes lists of none as null.
        let ids = query.ids.unwrap_or_default();
        let indexes = query.indexes.unwrap_or_default();
        let entries = query.entries.unwrap_or_default();
        let found = ids.len() + indexes.len() + entries.len();
        if found > QUESTIONS {
            return Err(Failure::TooManyQuestions {
                found,
                limit: QUESTIONS,
            });
        }
        let mut answers = Vec::new();
        for id in &ids {
            answers.extend(self.entry_named(id)?);
        }
        for proposal in &entries {
            let proposed = Proposed::parse(proposal.get().as_bytes()).map_err(|error| Failure::Request {
                what: "error processing entry",
                source: error.into(),
            })?;
            let place = self.log.find(TreeHash::of_leaf(&proposed.body).as_bytes())?;
            answers.extend(place.map_or(Ok(None), |index| self.entry(index))?);
        }
        for index in &indexes {
            answers.extend(self.entry(*index)?);
        }
        Ok(Value::Array(answers))
    }

    /// The names of the entries that are found by one of several things, or by all of them.
    pub(super) fn search(&self, bytes: &[u8]) -> Result<Value, Failure> {
        let query: WireSearch = parse(bytes)?;
        let mut names = Vec::new();
        names.extend(query.hash.as_deref().filter(|hash| !hash.is_empty()).map(prefixed));
        if let Some(key) = &query.public_key {
            names.push(name_of_key(key)?);
        }
        names.extend(query.email.filter(|email| !email.is_empty()));
        let index = self.indexed()?;
        let mut places = names.iter().map(|name| index.find(name));
        let first = places.next().unwrap_or_default();
        let places = match query.operator.as_deref() {
            None | Some("or" | "") => {
                let mut all: Vec<_> = first.into_iter().chain(places.flatten()).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
            Some("and") => places.fold(first, |both, more| {
                both.into_iter()
                    .filter(|place| more.binary_search(place).is_ok())
                    .collect()
            }),
            Some(found) => return Err(Failure::parameter("operator", found, "and, or")),
        };
        drop(index);
        // The newest are what is mostly looked for, where there are more than one answer holds.
        let mut ids = Vec::new();
        for place in places.into_iter().rev().take(FOUND) {
            let entry = self.log.entry(place)?.ok_or(Failure::Unknown)?;
            ids.push(Value::String(self.id_of(&entry.leaf)));
        }
        ids.reverse();
        Ok(Value::Array(ids))
    }

    /// The index, with every entry in it.
    pub(super) fn indexed(&self) -> Result<MutexGuard<'_, Index>, Failure> {
        // Where an earlier turn broke off, the index has only what it has counted.
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let size = self.log.published().head.size;
        while index.size < size {
            let entry = self.log.entry(index.size)?.ok_or(Failure::Unknown)?;
            let mut lines = entry.bytes.split(|byte| *byte == b'\n');
            let body = lines.next().unwrap_or_default();
            let found_by: Vec<_> = lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect();
            index.push(body, &found_by);
        }
        index.sort();
        Ok(index)
    }
}

/// A hash as entries are found by it, with the name of its kind.
fn prefixed(hash: &str) -> String {
    let name = match hash.len() {
        40 => "sha1:",
        64 => "sha256:",
        96 => "sha384:",
        128 => "sha512:",
        _ => "",
    };
    format!("{name}{hash}")
}

fn name_of_key(key: &WireKey) -> Result<String, Failure> {
    if key.format != "x509" {
        return Err(Failure::parameter("publicKey.format", &key.format, "x509"));
    }
    let malformed = || {
        Failure::parameter(
            "publicKey.content",
            &key.content,
            "a key or a certificate in PEM, in base64",
        )
    };
    let pem = decode_bytes(&key.content).map_err(|_| malformed())?;
    search::names_of(&pem).into_iter().next().ok_or_else(malformed)
}

/// The door for the fuzz target, and the test that is like it.
#[cfg(any(fuzzing, test))]
pub(super) mod fuzzing {
    use super::{WireQuery, WireSearch, name_of_key, parse};

    pub(crate) fn are_questions(request: &[u8]) -> [bool; 2] {
        let search = parse::<WireSearch>(request);
        let is_search = search.is_ok_and(|search| search.public_key.is_none_or(|key| name_of_key(&key).is_ok()));
        [parse::<WireQuery<'_>>(request).is_ok(), is_search]
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| Failure::Request {
        what: "request is malformed",
        source: error.into(),
    })
}

/// The most questions of one request.
const QUESTIONS: usize = 10;
/// The most names of entries that are found at a time.
const FOUND: usize = 1000;

#[derive(Deserialize)]
struct WireQuery<'a> {
    #[serde(rename = "entryUUIDs")]
    ids: Option<Vec<String>>,
    #[serde(rename = "logIndexes")]
    indexes: Option<Vec<u64>>,
    #[serde(borrow)]
    entries: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct WireSearch {
    email: Option<String>,
    hash: Option<String>,
    operator: Option<String>,
    #[serde(rename = "publicKey")]
    public_key: Option<WireKey>,
}

#[derive(Deserialize)]
struct WireKey {
    content: String,
    format: String,
}
