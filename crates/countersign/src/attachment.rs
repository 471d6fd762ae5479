//! What hangs on an artifact: where it is, how it is found, how it is added.

use std::fmt;

use countersign_core::Digest;
use countersign_oci::reference::ReferenceError;
use countersign_oci::{Pinned, Reference, Repository};

pub mod add;
pub mod configuration;
pub mod discover;
pub mod download;
pub mod legacy;
pub mod list;
pub mod referrer;
pub mod referrers;
pub mod sbom;

pub use discover::{Attached, Evidence, Sought, discover};

/// The kinds of attachment that cosign v2 keeps under a tag derived from the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Signatures, `.sig`.
    Signature,
    /// Attestations, `.att`.
    Attestation,
    /// A software bill of materials, `.sbom`.
    Sbom,
}

impl Kind {
    /// The tag's suffix.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Signature => "sig",
            Self::Attestation => "att",
            Self::Sbom => "sbom",
        }
    }
}

/// Where the attachments of an artifact are kept: its own repository, or the one that `COSIGN_REPOSITORY` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    repository: Repository,
    prefix: String,
}

impl Location {
    /// Attachments beside the artifact.
    pub fn beside(image: &Pinned) -> Self {
        Self::within(image.repository().clone())
    }

    /// Attachments in `repository`.
    pub fn within(repository: Repository) -> Self {
        Self {
            repository,
            prefix: String::new(),
        }
    }

    /// Puts `prefix` before the tags of attachments (cosign's `--attachment-tag-prefix`).
    pub fn with_tag_prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..self
        }
    }

    /// The repository of the attachments.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// What stands before the tags of attachments.
    pub fn tag_prefix(&self) -> &str {
        &self.prefix
    }

    /// The tag that holds attachments of one kind in cosign v2's format: `sha256-<hex>.sig`.
    ///
    /// # Errors
    /// [`ReferenceError::Tag`] where the prefix makes it no tag.
    pub fn tag(&self, digest: &Digest, kind: Kind) -> Result<Reference, ReferenceError> {
        let tag = format!(
            "{}{}-{}.{}",
            self.prefix,
            digest.algorithm().name(),
            digest.hex(),
            kind.suffix()
        );
        self.repository.tag(&tag)
    }
}

/// The place of one piece of evidence, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A manifest that refers to the artifact.
    Referrer(Digest),
    /// A layer of a signature tag.
    Layer {
        /// The tag.
        tag: Reference,
        /// The layer's number, from 0.
        index: usize,
    },
    /// Given by the user, not found in a store.
    Given,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Referrer(digest) => write!(f, "referrer {digest}"),
            Self::Layer { tag, index } => write!(f, "{} layer {index}", tag.target()),
            Self::Given => f.write_str("given signature"),
        }
    }
}
