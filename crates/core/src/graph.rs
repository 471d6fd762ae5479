//! Graphs of what is attached to an artifact, as text that draws them: a page without scripts, or DOT for Graphviz.
//!
//! Nothing in a graph is believed; whatever it names came from outside, and is escaped and cut where it is shown.

mod dot;
mod html;

use std::collections::BTreeMap;

pub use dot::dot;
pub use html::{escaped, html, page};

/// What is attached to an artifact, and to that.
#[derive(Clone, Debug)]
pub struct Graph {
    title: String,
    nodes: Vec<Node>,
    /// Each from what it is attached to.
    edges: Vec<(usize, usize)>,
    places: BTreeMap<String, usize>,
    is_cut: bool,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its digest.
    pub digest: String,
    /// What it is.
    pub kind: Kind,
    /// More of what it is: a predicate type, a platform, a tag.
    pub label: String,
    /// Where it is shown by itself.
    pub link: Option<String>,
}

/// What a manifest is, by its own word or that of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// An image or another artifact.
    Artifact,
    /// A list of images.
    Index,
    /// Signatures of an artifact.
    Signature,
    /// Signatures of a signature.
    Countersignature,
    /// Attestations.
    Attestation,
    /// A list of what is in an artifact.
    Sbom,
    /// Anything else that refers to an artifact.
    Other,
}

impl Kind {
    /// The kind of what refers to something of this kind, by its predicate type or its artifact type.
    pub fn of_referrer(self, stated: &str) -> Self {
        let word = stated.to_ascii_lowercase();
        if stated == crate::payload::statement::SIGN_PREDICATE_TYPE {
            return self.signature();
        }
        match () {
            () if ["spdx", "cyclonedx", "syft", "sbom"]
                .iter()
                .any(|name| word.contains(name)) =>
            {
                Self::Sbom
            }
            () if stated.starts_with("https://") || stated.starts_with("http://") => Self::Attestation,
            () => Self::Other,
        }
    }

    /// What a signature of something of this kind is.
    pub fn signature(self) -> Self {
        match self {
            Self::Signature | Self::Countersignature => Self::Countersignature,
            _ => Self::Signature,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Index => "index",
            Self::Signature => "signature",
            Self::Countersignature => "countersignature",
            Self::Attestation => "attestation",
            Self::Sbom => "SBOM",
            Self::Other => "referrer",
        }
    }
}

impl Graph {
    /// A graph of one artifact, which people call `title`.
    pub fn new(title: impl Into<String>, root: Node) -> Self {
        Self {
            title: title.into(),
            places: BTreeMap::from([(root.digest.clone(), 0)]),
            nodes: vec![root],
            edges: Vec::new(),
            is_cut: false,
        }
    }

    /// Attaches `node` to the manifest `parent`, if that is there; says whether the node is new.
    pub fn attach(&mut self, parent: &str, node: Node) -> bool {
        let Some(parent) = self.places.get(parent).copied() else {
            return false;
        };
        let next = self.nodes.len();
        let place = *self.places.entry(node.digest.clone()).or_insert(next);
        if !self.edges.contains(&(parent, place)) {
            self.edges.push((parent, place));
        }
        if place == next {
            self.nodes.push(node);
        }
        place == next
    }

    /// Notes that there is more than the graph has.
    pub fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Returns the kind of a manifest, if it is there.
    pub fn kind(&self, digest: &str) -> Option<Kind> {
        let place = self.places.get(digest)?;
        self.nodes.get(*place).map(|node| node.kind)
    }

    /// Returns how many manifests there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Says whether nothing is there; the artifact itself always is.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// The start of a text without control characters, which neither HTML nor DOT can hold, nor those that turn its direction.
fn plain(text: &str, limit: usize) -> String {
    let is_odd = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain: String = text
        .chars()
        .take(limit)
        .map(|character| if is_odd(character) { '\u{fffd}' } else { character })
        .collect();
    if text.chars().nth(limit).is_some() {
        plain.push('…');
    }
    plain
}

/// A digest that people can tell from others.
fn short(digest: &str) -> String {
    plain(digest, 19)
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests;
