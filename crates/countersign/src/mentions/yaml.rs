//! YAML as a tree that knows where its texts are (YAML 1.2.2); JSON is read as the YAML that it is.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::MentionsError;

/// The most nodes that are read from one file.
const NODES: usize = 1_000_000;

/// How deep nodes may be nested.
const DEPTH: usize = 200;

/// The nodes of a file, each once: what an alias stands for is not copied.
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// A node.
pub(crate) struct Node {
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What a node is.
pub(crate) enum Value {
    /// A text, a number, a truth value or nothing.
    Scalar {
        text: String,
        /// Whether it is written as a text: in quotes or as a block.
        is_quoted: bool,
        range: Range<usize>,
    },
    /// Keys and values, by number.
    Mapping(Vec<(usize, usize)>),
    /// Items, by number.
    Sequence(Vec<usize>),
}

impl Tree {
    pub(crate) fn read(text: &str) -> Result<Self, MentionsError> {
        let mut builder = Builder {
            nodes: Vec::new(),
            anchors: HashMap::new(),
            open: Vec::new(),
            offsets: Offsets::of(text),
        };
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| MentionsError::Yaml {
                line: error.marker().line(),
                reason: error.info().to_owned(),
            })?;
            builder.take(event, span)?;
        }
        Ok(Self { nodes: builder.nodes })
    }

    pub(crate) fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// All nodes, in the order in which they are written.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// The text of a node that is one.
    pub(crate) fn text(&self, number: usize) -> Option<&str> {
        match &self.node(number)?.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

struct Builder {
    nodes: Vec<Node>,
    anchors: HashMap<usize, usize>,
    open: Vec<Open>,
    offsets: Offsets,
}

/// A collection that is being read.
struct Open {
    number: usize,
    /// The key that has no value yet.
    key: Option<usize>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), MentionsError> {
        let line = span.start.line();
        match event {
            Event::Alias(anchor) => {
                let number = *self.anchors.get(&anchor).ok_or_else(|| MentionsError::Yaml {
                    line,
                    reason: "an alias within what it stands for".to_owned(),
                })?;
                self.place(number);
            }
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar {
                    text: text.into_owned(),
                    is_quoted: style != ScalarStyle::Plain,
                    range: self.offsets.range(span, style),
                };
                let number = self.add(line, value)?;
                self.anchors.insert(anchor, number);
                self.place(number);
            }
            Event::MappingStart(anchor, _) => self.begin(line, Value::Mapping(Vec::new()), anchor)?,
            Event::SequenceStart(anchor, _) => self.begin(line, Value::Sequence(Vec::new()), anchor)?,
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, line: usize, value: Value) -> Result<usize, MentionsError> {
        if self.nodes.len() == NODES {
            return Err(MentionsError::Yaml {
                line,
                reason: format!("more than {NODES} nodes"),
            });
        }
        self.nodes.push(Node { line, value });
        Ok(self.nodes.len() - 1)
    }

    fn begin(&mut self, line: usize, value: Value, anchor: usize) -> Result<(), MentionsError> {
        if self.open.len() == DEPTH {
            return Err(MentionsError::Yaml {
                line,
                reason: format!("nested deeper than {DEPTH}"),
            });
        }
        let number = self.add(line, value)?;
        self.anchors.insert(anchor, number);
        self.place(number);
        self.open.push(Open { number, key: None });
        Ok(())
    }

    /// Puts a node into the collection that is open.
    fn place(&mut self, number: usize) {
        let Some(open) = self.open.last_mut() else { return };
        let Some(node) = self.nodes.get_mut(open.number) else {
            return;
        };
        match &mut node.value {
            Value::Sequence(items) => items.push(number),
            Value::Mapping(pairs) => match open.key.take() {
                None => open.key = Some(number),
                Some(key) => pairs.push((key, number)),
            },
            Value::Scalar { .. } => {}
        }
    }
}

/// Where the characters of a text are, in bytes.
struct Offsets {
    /// The byte of each 64th character.
    every: Vec<usize>,
    text: String,
}

impl Offsets {
    fn of(text: &str) -> Self {
        Self {
            every: text.char_indices().map(|(at, _)| at).step_by(STEP).collect(),
            text: text.to_owned(),
        }
    }

    fn byte(&self, character: usize) -> usize {
        let from = self.every.get(character / STEP).copied().unwrap_or(self.text.len());
        let rest = self.text.get(from..).unwrap_or_default();
        rest.char_indices()
            .nth(character % STEP)
            .map_or(self.text.len(), |(at, _)| from + at)
    }

    /// The bytes of a scalar's text: without its quotes, without the line end that a block has.
    fn range(&self, span: Span, style: ScalarStyle) -> Range<usize> {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let text = self.text.get(start..end).unwrap_or_default();
        match style {
            // What follows a quoted text may be counted to it.
            ScalarStyle::SingleQuoted => start + 1..start + closing(text, '\'', None),
            ScalarStyle::DoubleQuoted => start + 1..start + closing(text, '"', Some('\\')),
            _ => start..start + text.trim_end().len(),
        }
    }
}

/// The place of the quote that closes the one at the start; a quote that is doubled or escaped does not.
fn closing(text: &str, quote: char, escape: Option<char>) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        let is_doubled = escape.is_none() && characters.peek().is_some_and(|(_, next)| *next == quote);
        if Some(character) == escape || (character == quote && is_doubled) {
            characters.next();
        } else if character == quote {
            return at;
        }
    }
    text.len().max(1)
}

const STEP: usize = 64;
