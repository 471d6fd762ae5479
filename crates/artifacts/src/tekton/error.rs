//! Why there is no bundle.

use countersign_core::Digest;
use countersign_oci::StoreError;

use super::OBJECTS;
use crate::yaml::YamlError;

/// Why files do not become a bundle, or a bundle is not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// There is no object.
    #[error("the bundle would hold no object, expected 1 to {OBJECTS}")]
    Empty,
    /// There are more objects than a cluster takes.
    #[error("bundle contains more than the maximum {OBJECTS} allowed objects: found {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// Two objects could not be told apart.
    #[error("{object} is there twice: in {first} and in {second}")]
    Duplicate {
        /// Kind, name and version.
        object: String,
        /// Where one is.
        first: String,
        /// Where the other is.
        second: String,
    },
    /// A text is neither YAML nor JSON.
    #[error("{input}")]
    Yaml {
        /// The name of the input.
        input: String,
        /// What is wrong with it.
        source: YamlError,
    },
    /// A text begins as JSON and goes on as something else.
    #[error("{input}")]
    Json {
        /// The name of the input.
        input: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A document is no Tekton object.
    #[error("{input}: document {number}")]
    Object {
        /// The name of the input.
        input: String,
        /// Which of its documents, from 1.
        number: usize,
        /// What is wrong with it.
        source: ObjectError,
    },
    /// A layer does not hold what its annotations say.
    #[error("layer {layer}: {annotation} is {}, expected {expected:?} as in the object",
        found.as_ref().map_or_else(|| "not there".to_owned(), |found| format!("{found:?}")))]
    Annotation {
        /// The layer.
        layer: Digest,
        /// The annotation.
        annotation: &'static str,
        /// What the object says.
        expected: String,
        /// What the annotation says; nothing where there is none.
        found: Option<String>,
    },
    /// A layer cannot be unpacked.
    #[error("layer {layer} cannot be unpacked")]
    Unpack {
        /// The layer.
        layer: Digest,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// A layer does not hold one object.
    #[error("layer {layer} holds {found} objects, expected 1")]
    Layer {
        /// The layer.
        layer: Digest,
        /// How many it holds.
        found: usize,
    },
    /// A layer holds more than is read.
    #[error("layer {layer} holds more than {limit} bytes")]
    TooLarge {
        /// The layer.
        layer: Digest,
        /// The limit.
        limit: usize,
    },
    /// The name is that of several images.
    #[error("it is a list of images, expected a bundle")]
    Index,
    /// The bundle has no such object; tkn's words.
    #[error("no objects{}{} found in img",
        if kind.is_empty() { String::new() } else { format!(" of kind {kind:?}") },
        if name.is_empty() { String::new() } else { format!(" named {name:?}") })]
    NoneFound {
        /// The kind asked for; empty for all.
        kind: String,
        /// The name asked for; empty for all.
        name: String,
    },
    /// The registry did not give or take something.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BundleError {
    /// Says whether what is stored is wrong, not what was asked for.
    pub fn is_about_layers(&self) -> bool {
        matches!(
            self,
            Self::Annotation { .. } | Self::Layer { .. } | Self::TooLarge { .. } | Self::Unpack { .. }
        )
    }
}

/// Why a document is no Tekton object.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// It has no name that others could ask for.
    #[error("kubernetes resources should have a name")]
    NoName,
    /// The name is longer than Kubernetes takes.
    #[error("the name has {found} bytes, the limit is {limit}")]
    LongName {
        /// Its length.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Something is of another type.
    #[error("{member} is {found}, expected {expected}")]
    Type {
        /// What is: `spec`, or `the document`.
        member: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Tekton has no such kind in this version.
    #[error("{kind:?} of {api_version:?} is no kind of Tekton, expected one of {}", known())]
    Kind {
        /// The kind.
        kind: String,
        /// The version.
        api_version: String,
    },
}

fn known() -> String {
    let each = super::KINDS
        .iter()
        .map(|(version, kinds)| format!("tekton.dev/{version} {kinds}"));
    each.collect::<Vec<_>>().join("; ")
}
