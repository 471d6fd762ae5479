//! YAML as Go's programs for Kubernetes read it: the JSON that it means by the rules of YAML 1.1.
//!
//! `yes` and `on` are truth values, also as keys; `017` and `0o17` are both fifteen; keys become texts. What those programs
//! take in silence and readers disagree on, a key that is there twice or a tag of one's own, is an error here.

mod scalar;

use std::collections::{BTreeSet, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

/// Reads all documents of a text; one that is empty is null.
///
/// # Errors
/// [`YamlError`].
pub fn documents(text: &str) -> Result<Vec<Value>, YamlError> {
    if text.len() > LIMIT {
        return Err(YamlError::TooLong { found: text.len() });
    }
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError::Syntax {
            line: error.marker().line(),
            reason: error.info().to_owned(),
        })?;
        reader.take(event, span.start.line())?;
    }
    Ok(reader.documents)
}

#[derive(Default)]
struct Reader {
    documents: Vec<Value>,
    open: Vec<Open>,
    /// What anchors stand for, with the number of values in it.
    anchors: HashMap<usize, (Value, usize)>,
    /// The values made so far; what an alias stands for is made anew each time.
    made: usize,
}

/// A collection that is being read.
struct Open {
    content: Content,
    anchor: usize,
    /// The values made before it.
    before: usize,
}

enum Content {
    Sequence(Vec<Value>),
    Mapping {
        members: Map<String, Value>,
        /// The keys that are written here, not merged in.
        own: BTreeSet<String>,
        key: Option<Key>,
    },
}

enum Key {
    Name(String),
    /// `<<`, whose value's members become members here (<https://yaml.org/type/merge.html>).
    Merge,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), YamlError> {
        match event {
            Event::Alias(anchor) => {
                let Some((value, count)) = self.anchors.get(&anchor).cloned() else {
                    return Err(refused(line, "an alias within what it stands for"));
                };
                self.count(count, line)?;
                self.place(value, false, line)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let value = scalar::value(&text, is_plain, tag.as_deref())
                    .ok_or_else(|| refused(line, "a tag or a number that JSON does not have"))?;
                self.count(1, line)?;
                self.keep(anchor, &value, 1);
                self.place(value, is_plain && tag.is_none() && text == "<<", line)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Content::Sequence(Vec::new()), anchor, tag.as_deref(), line)
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Mapping {
                    members: Map::new(),
                    own: BTreeSet::new(),
                    key: None,
                };
                self.begin(content, anchor, tag.as_deref(), line)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(line),
            _ => Ok(()),
        }
    }

    fn count(&mut self, more: usize, line: usize) -> Result<(), YamlError> {
        self.made = self.made.saturating_add(more);
        if self.made > VALUES {
            return Err(refused(line, "more values than are read"));
        }
        Ok(())
    }

    fn keep(&mut self, anchor: usize, value: &Value, count: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), count));
        }
    }

    fn begin(&mut self, content: Content, anchor: usize, tag: Option<&Tag>, line: usize) -> Result<(), YamlError> {
        if tag.is_some_and(|tag| !(tag.is_yaml_core_schema() && matches!(&*tag.suffix, "map" | "seq"))) {
            return Err(refused(line, "a tag that is not one of JSON's types"));
        }
        if self.open.len() == DEPTH {
            return Err(refused(line, "more levels than are read"));
        }
        let before = self.made;
        self.count(1, line)?;
        self.open.push(Open {
            content,
            anchor,
            before,
        });
        Ok(())
    }

    fn end(&mut self, line: usize) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.content {
            Content::Sequence(items) => Value::Array(items),
            Content::Mapping { members, .. } => Value::Object(members),
        };
        self.keep(open.anchor, &value, self.made - open.before);
        self.place(value, false, line)
    }

    /// Puts a value into the collection that is open.
    fn place(&mut self, value: Value, is_merge: bool, line: usize) -> Result<(), YamlError> {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(value),
            Some(Content::Sequence(items)) => items.push(value),
            Some(Content::Mapping { members, own, key }) => match key.take() {
                None if is_merge => *key = Some(Key::Merge),
                None => {
                    let name = scalar::key(value).ok_or_else(|| refused(line, "a key that is no text"))?;
                    *key = Some(Key::Name(name));
                }
                Some(Key::Merge) => merge(members, value, line)?,
                Some(Key::Name(name)) => {
                    // readers differ on which of two counts
                    if !own.insert(name.clone()) {
                        return Err(YamlError::Twice { line, key: name });
                    }
                    members.insert(name, value);
                }
            },
        }
        Ok(())
    }
}

/// Takes over members, as Go's reader does it: over those that are written before, and the first of a list wins.
fn merge(members: &mut Map<String, Value>, value: Value, line: usize) -> Result<(), YamlError> {
    let sources = match value {
        Value::Array(items) => items,
        single => vec![single],
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            return Err(refused(line, "a merge of what is no mapping"));
        };
        members.extend(source);
    }
    Ok(())
}

fn refused(line: usize, found: &'static str) -> YamlError {
    YamlError::Refused { line, found }
}

/// Why a text is not read as YAML.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// The text is larger than is read.
    #[error("the text has {found} bytes, the limit is {LIMIT}")]
    TooLong {
        /// The size found.
        found: usize,
    },
    /// It is no YAML.
    #[error("line {line}: {reason}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the parser found.
        reason: String,
    },
    /// It is YAML that has no one meaning in JSON.
    #[error("line {line}: found {found}")]
    Refused {
        /// The line, from 1.
        line: usize,
        /// What was found.
        found: &'static str,
    },
    /// A key is there twice.
    #[error("line {line}: the key {key:?} is there twice")]
    Twice {
        /// The line of the second, from 1.
        line: usize,
        /// The key.
        key: String,
    },
}

/// The largest text that is read, in bytes: Kubernetes takes objects of 1.5 MiB at most.
pub const LIMIT: usize = 8 * 1024 * 1024;

/// The most values that are made of one text.
const VALUES: usize = 500_000;

/// How deep values may be nested; JSON readers stop at 128.
const DEPTH: usize = 100;

#[cfg(test)]
mod tests;
