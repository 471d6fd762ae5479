//! Policy files, YAML or JSON: who must have signed (`docs/policy.md`).

use std::collections::BTreeSet;

use countersign_core::policy::file::{LIMIT, Malformed, PolicyFile, PolicyFileError};
use countersign_oci::reference::ReferenceError;
use countersign_oci::{Reference, Repository};
use serde_json::{Map, Number, Value};

use crate::mentions::yaml::{self, Tree};
use crate::mentions::{MentionsError, text};

/// Reads a policy; `load` reads the file that a key is in.
///
/// # Errors
/// [`ReadError`].
pub fn read<E>(bytes: &[u8], load: &dyn Fn(&str) -> Result<Vec<u8>, E>) -> Result<PolicyFile, ReadError<E>> {
    if bytes.len() > LIMIT {
        return Err(ReadError::TooLong { found: bytes.len() });
    }
    let json = to_json(bytes)?;
    let file = PolicyFile::parse(&json, load).map_err(|error| match error {
        PolicyFileError::Malformed(malformed) => ReadError::Malformed(malformed),
        PolicyFileError::Key(error) => ReadError::Key(error),
    })?;
    let bases = file.bases().into_iter().flat_map(|policy| &policy.bases);
    for name in bases.flat_map(|base| &base.repositories) {
        if let Err(source) = name.parse::<Repository>() {
            let name = name.clone();
            return Err(ReadError::Repository { name, source });
        }
    }
    let bases = file.bases().into_iter().flat_map(|policy| &policy.bases);
    for tag in bases.flat_map(|base| &base.current) {
        if !tag.name.parse::<Reference>().is_ok_and(|tag| tag.digest().is_none()) {
            return Err(ReadError::Tag { name: tag.name.clone() });
        }
    }
    Ok(file)
}

/// Reads one document of YAML as the JSON that it means in the core schema (YAML 1.2.2 §10.3); numbers are those of JSON.
///
/// # Errors
/// [`MentionsError`].
pub fn to_json(bytes: &[u8]) -> Result<Value, MentionsError> {
    let tree = Tree::read(text(bytes)?)?;
    let mut reading = Reading {
        tree: &tree,
        made: 0,
        seen: BTreeSet::new(),
    };
    let value = reading.value(0, 0)?;
    match tree
        .nodes()
        .enumerate()
        .find(|(number, _)| !reading.seen.contains(number))
    {
        None => Ok(value),
        Some((_, node)) => Err(wrong(node.line, "a second document, expected one")),
    }
}

struct Reading<'a> {
    tree: &'a Tree,
    made: usize,
    seen: BTreeSet<usize>,
}

impl Reading<'_> {
    fn value(&mut self, number: usize, depth: usize) -> Result<Value, MentionsError> {
        let Some(node) = self.tree.node(number) else {
            return Err(wrong(1, "nothing, expected a policy"));
        };
        self.made += 1;
        // what an alias stands for is made anew each time
        if self.made > VALUES || depth > DEPTH {
            return Err(wrong(node.line, "more values than are read"));
        }
        self.seen.insert(number);
        Ok(match &node.value {
            yaml::Value::Scalar { text, is_quoted, .. } => scalar(text, *is_quoted),
            yaml::Value::Sequence(items) => {
                let items = items.iter().map(|item| self.value(*item, depth + 1));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            yaml::Value::Mapping(pairs) => {
                let mut members = Map::new();
                for (key, value) in pairs {
                    let Some(name) = self.tree.text(*key) else {
                        return Err(wrong(node.line, "a key that is no text"));
                    };
                    self.seen.insert(*key);
                    let value = self.value(*value, depth + 1)?;
                    // readers differ on which of two counts
                    if members.insert(name.to_owned(), value).is_some() {
                        return Err(wrong(node.line, &format!("the key {name:?} twice")));
                    }
                }
                Value::Object(members)
            }
        })
    }
}

fn scalar(text: &str, is_quoted: bool) -> Value {
    let number = || serde_json::from_str::<Number>(text).ok().map(Value::from);
    match text {
        _ if is_quoted => Value::from(text),
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number().unwrap_or_else(|| Value::from(text)),
    }
}

fn wrong(line: usize, reason: &str) -> MentionsError {
    MentionsError::Yaml {
        line,
        reason: reason.to_owned(),
    }
}

/// Why a file is no policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// A key's file cannot be read.
    #[error("a key of the policy cannot be read")]
    Key(E),
    /// It is not what the schema has.
    #[error(transparent)]
    Malformed(Malformed),
    /// A base is looked for in no repository.
    #[error("repository {name:?} of a base")]
    Repository {
        /// The name as written.
        name: String,
        /// What is wrong with it.
        source: ReferenceError,
    },
    /// A base is where no tag is.
    #[error("tag {name:?} of a base, expected REPOSITORY:TAG")]
    Tag {
        /// The name as written.
        name: String,
    },
    /// It is larger than is read.
    #[error("the policy has {found} bytes, the limit is {LIMIT}")]
    TooLong {
        /// The size found.
        found: usize,
    },
    /// It is neither YAML nor JSON.
    #[error(transparent)]
    Yaml(#[from] MentionsError),
}

/// The most values that are made of one file.
const VALUES: usize = 100_000;

/// How deep values may be nested.
const DEPTH: usize = 16;

#[cfg(test)]
mod tests;
