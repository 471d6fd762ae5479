//! The packages that are in an image or a folder, and documents that list them (SPDX 2.3, CycloneDX 1.6).
//!
//! [`of_image`] reads each layer once, as it comes, and keeps of it only what names packages; [`of_folder`] walks a folder.
//! What cannot be read is a [`Gap`] of the [`Catalogue`], never left out in silence.

mod content;
mod document;
mod folder;
mod image;
pub(crate) mod layer;
mod package;
mod purl;
mod read;
pub(crate) mod view;

#[cfg(fuzzing)]
pub mod fuzzing;

use std::collections::BTreeMap;

use countersign_core::Digest;
use countersign_oci::StoreError;
use jiff::Timestamp;

use crate::pull::unpack::UnpackError;
use package::{Found, Release};
use view::Held;

pub use document::{About, Form, document};
pub use folder::of_folder;
pub use image::of_image;
pub use package::{Evidence, Kind, Package};
pub use read::Severity;

/// The packages of an image or a folder.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Catalogue {
    /// What the packages are in; empty where nothing says so.
    pub distribution: String,
    /// The packages, sorted, each once.
    pub packages: Vec<Package>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// When the image says that it was made.
    pub created: Option<Timestamp>,
    /// The digest of the image whose layers were read; none for a folder.
    pub digest: Option<Digest>,
}

/// A file that could not be read, so that packages may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The file.
    pub evidence: Evidence,
    /// How much is missing.
    pub severity: Severity,
    /// Why it could not be read.
    pub reason: String,
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.evidence.path)?;
        if let Some(layer) = &self.evidence.layer {
            write!(f, " (layer {layer})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl Catalogue {
    /// Makes a list of what was read of the files, where `layers` names the layers they are from.
    fn of(files: BTreeMap<String, Held>, release: Option<&Release>, layers: &[String]) -> Self {
        let mut packages: BTreeMap<_, Package> = BTreeMap::new();
        let mut gaps = Vec::new();
        for (path, held) in files {
            let evidence = |within: &str| Evidence {
                path: format!("/{}{within}", package::clean(&path)),
                layer: layers.get(held.layer).cloned(),
            };
            for (severity, reason) in &held.reading.gaps {
                gaps.push(Gap {
                    evidence: evidence(""),
                    severity: *severity,
                    reason: reason.clone(),
                });
            }
            for (kind, found) in held.reading.packages {
                let purl = found.purl(kind, release);
                let evidence = evidence(&found.within);
                let Found {
                    name, version, licence, ..
                } = found;
                let key = (name, version, kind, purl);
                let package = packages
                    .entry(key)
                    .or_insert_with_key(|(name, version, kind, purl)| Package {
                        name: name.clone(),
                        version: version.clone(),
                        kind: *kind,
                        purl: purl.clone(),
                        licence,
                        evidence: [].into(),
                    });
                if package.evidence.len() < EVIDENCE_LIMIT {
                    package.evidence.insert(evidence);
                }
            }
        }
        Self {
            distribution: release.map(|release| release.pretty.clone()).unwrap_or_default(),
            packages: packages.into_values().collect(),
            gaps,
            ..Self::default()
        }
    }
}

/// Why no list was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SbomError {
    /// The image could not be fetched, or is not what it says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name stands for several images.
    #[error("this is an index; a platform has to be chosen, there are: {}", available.join(", "))]
    PlatformNeeded {
        /// The platforms.
        available: Vec<String>,
    },
    /// It is an artifact without layers of files.
    #[error("it is not an image: its configuration is {media_type}")]
    NotAnImage {
        /// The media type of the configuration.
        media_type: String,
    },
    /// A layer cannot be read.
    #[error("layer {digest}")]
    InLayer {
        /// The layer.
        digest: Digest,
        /// Why.
        source: Box<Self>,
    },
    /// A layer is no archive.
    #[error(transparent)]
    Unpack(Box<UnpackError>),
    /// A layer ends early, or the disk does not take what is kept of it.
    #[error("reading files")]
    Layer(#[source] std::io::Error),
    /// There is more than any image has.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A folder cannot be read.
    #[error("{path}")]
    Folder {
        /// The path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl SbomError {
    /// What a store said, where that is the reason.
    pub fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::InLayer { source, .. } => source.store(),
            _ => None,
        }
    }

    /// Says whether the image is not what it should be.
    pub fn is_about_content(&self) -> bool {
        match self {
            Self::InLayer { source, .. } => source.is_about_content(),
            Self::Unpack(_) | Self::TooMany { .. } => true,
            _ => false,
        }
    }
}

/// The most files that are named for one package.
const EVIDENCE_LIMIT: usize = 100;
