//! What a manifest says, as far as a registry must understand it.

use std::collections::BTreeMap;

use countersign_core::Digest;
use serde::Deserialize;

use crate::store::Referrer;

/// What a manifest says of itself and of what it needs.
#[derive(Debug)]
pub(crate) struct ManifestContent {
    media_type: String,
    artifact_type: Option<String>,
    annotations: BTreeMap<String, String>,
    subject: Option<Digest>,
    needs: Vec<Digest>,
}

impl ManifestContent {
    /// Reads a manifest that came with a Content-Type.
    ///
    /// Image manifests and indexes must have their members; other types are any JSON object.
    pub(crate) fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, ContentError> {
        let content_type = content_type.map(essence).filter(|given| !given.is_empty());
        let wire: Wire = serde_json::from_slice(bytes).map_err(ContentError::Json)?;
        let media_type = agree(content_type, wire.media_type)?;
        let kind = Kind::of(&media_type);
        kind.check(
            wire.schema_version,
            wire.config.is_some(),
            wire.layers.is_some(),
            wire.manifests.is_some(),
        )?;
        let artifact_type = wire.artifact_type.filter(|own| !own.is_empty());
        let artifact_type = match (artifact_type, kind, &wire.config) {
            (None, Kind::Image, Some(config)) => Some(config.media_type.clone()),
            (own, _, _) => own,
        };
        let parts = wire.config.into_iter().chain(wire.layers.into_iter().flatten());
        let parts = parts.chain(wire.blobs.into_iter().flatten());
        let children = wire.manifests.into_iter().flatten();
        Ok(Self {
            media_type,
            artifact_type,
            annotations: wire.annotations.into_iter().flatten().collect(),
            subject: wire.subject.map(|subject| subject.digest),
            needs: parts
                .chain(children)
                .filter(|part| !part.may_be_elsewhere())
                .map(|part| part.digest)
                .collect(),
        })
    }

    /// The media type.
    pub(crate) fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The manifest that this one refers to.
    pub(crate) fn subject(&self) -> Option<&Digest> {
        self.subject.as_ref()
    }

    /// The digests that must belong to the repository.
    pub(crate) fn needs(&self) -> &[Digest] {
        &self.needs
    }

    /// How a referrers list shows this manifest.
    pub(crate) fn referrer(&self, digest: &Digest, size: u64) -> Referrer {
        Referrer {
            media_type: self.media_type.clone(),
            digest: digest.clone(),
            size,
            annotations: self.annotations.clone(),
            artifact_type: self.artifact_type.clone(),
        }
    }
}

/// Why bytes are not a manifest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContentError {
    #[error("the manifest is not a JSON object of the right shape: {0}")]
    Json(#[source] serde_json::Error),
    #[error("Content-Type is {given}, the manifest's mediaType is {own}")]
    MediaType { given: String, own: String },
    #[error("there is neither a Content-Type nor a mediaType")]
    NoMediaType,
    #[error("{found:?} is not a manifest's media type")]
    NotAManifest { found: String },
    #[error("schemaVersion is {}, expected 2", found.map_or("absent".to_owned(), |found| found.to_string()))]
    SchemaVersion { found: Option<u64> },
    #[error("the manifest has no {member}")]
    Member { member: &'static str },
    #[error("the manifest has {member}, which its media type does not have")]
    Foreign { member: &'static str },
}

/// The media type that the request and the manifest agree on.
fn agree(given: Option<String>, own: Option<String>) -> Result<String, ContentError> {
    let media_type = match (given, own) {
        (Some(given), Some(own)) if !given.eq_ignore_ascii_case(&own) => {
            return Err(ContentError::MediaType {
                given,
                own: own.chars().take(140).collect(),
            });
        }
        (_, Some(agreed)) | (Some(agreed), None) => agreed,
        (None, None) => return Err(ContentError::NoMediaType),
    };
    // These say nothing of what a client would get to read.
    if !is_media_type(&media_type) || matches!(&*media_type, "application/json" | "application/octet-stream") {
        return Err(ContentError::NotAManifest {
            found: media_type.chars().take(140).collect(),
        });
    }
    Ok(media_type)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Image,
    Index,
    Other,
}

impl Kind {
    fn of(media_type: &str) -> Self {
        match media_type {
            "application/vnd.oci.image.manifest.v1+json" | "application/vnd.docker.distribution.manifest.v2+json" => {
                Self::Image
            }
            "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json" => {
                Self::Index
            }
            _ => Self::Other,
        }
    }

    /// An absent list is an empty one, as Go writes it. Members of the other kind are refused: what is an image to one client would be an index to another
    /// (CVE-2021-41190).
    fn check(self, version: Option<u64>, config: bool, layers: bool, manifests: bool) -> Result<(), ContentError> {
        if self != Self::Other && version != Some(2) {
            return Err(ContentError::SchemaVersion { found: version });
        }
        match self {
            Self::Image if !config => Err(ContentError::Member { member: "config" }),
            Self::Image if manifests => Err(ContentError::Foreign { member: "manifests" }),
            Self::Index if config => Err(ContentError::Foreign { member: "config" }),
            Self::Index if layers => Err(ContentError::Foreign { member: "layers" }),
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Part>,
    layers: Option<Vec<Part>>,
    blobs: Option<Vec<Part>>,
    manifests: Option<Vec<Part>>,
    subject: Option<Part>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    media_type: String,
    digest: Digest,
    #[expect(dead_code, reason = "a descriptor without a size is refused")]
    size: u64,
    urls: Option<Vec<String>>,
}

impl Part {
    /// Layers that may not be distributed are not pushed, and foreign ones say where they are
    /// (image-spec, layer.md §non-distributable layers).
    fn may_be_elsewhere(&self) -> bool {
        self.media_type.contains(".nondistributable.")
            || self.media_type.contains(".foreign.")
            || self.urls.as_ref().is_some_and(|urls| !urls.is_empty())
    }
}

/// A media type without its parameters.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or("").trim().to_owned()
}

/// `type/subtype` of RFC 6838 §4.2, at most 127 characters each.
fn is_media_type(text: &str) -> bool {
    let is_name = |part: &str| {
        (1..=127).contains(&part.len())
            && part.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'!' | b'#' | b'$' | b'&' | b'-' | b'^' | b'_' | b'.' | b'+')
            })
    };
    text.split_once('/')
        .is_some_and(|(top, sub)| is_name(top) && is_name(sub))
}
