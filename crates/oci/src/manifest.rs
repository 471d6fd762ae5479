//! Manifests and descriptors, with the bytes they came in.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::media_type;

/// What a manifest says of a thing: its type, size and digest (image-spec, descriptor.md).
///
/// Serialises with the members in the order that Go's registry libraries write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of the content.
    pub media_type: String,
    /// The size of the content, in bytes.
    pub size: u64,
    /// The digest of the content.
    pub digest: Digest,
    /// The content itself, base64, where it is small and the writer chose to embed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Annotations.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// The platform that an index entry is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The artifact type of the manifest that is described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// Describes `content`.
    pub fn of(media_type: &str, content: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            size: content.len() as u64,
            digest: Digest::sha256(content),
            data: None,
            annotations: BTreeMap::new(),
            platform: None,
            artifact_type: None,
        }
    }
}

/// The platform an image is for (image-spec, image-index.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The CPU architecture, as Go names it.
    #[serde(default)]
    pub architecture: String,
    /// The operating system, as Go names it.
    #[serde(default)]
    pub os: String,
    /// The version of the operating system.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// The variant of the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Says whether the version of the operating system is the one that is asked for, or one of its: `10.0.17763` is asked for and
    /// `10.0.17763.6054` is one, as Windows counts.
    pub fn is_of_version(&self, asked: &str) -> bool {
        let version = self.os_version.as_deref().unwrap_or_default();
        let rest = version.strip_prefix(asked);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// A manifest as it was received or will be sent: the bytes, never rebuilt, and what they say.
#[derive(Clone, Debug)]
pub struct Manifest {
    bytes: Bytes,
    media_type: String,
    digest: Digest,
    content: ManifestContent,
}

/// What a manifest's bytes say, image and index in one; a member that is absent is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManifestContent {
    /// Always 2.
    #[serde(default)]
    pub schema_version: u32,
    /// The media type the manifest gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The configuration of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Descriptor>,
    /// The layers of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Descriptor>>,
    /// The manifests of an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifests: Option<Vec<Descriptor>>,
    /// Annotations.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// The manifest that this one refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// The type of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Manifest {
    /// Reads a manifest that came with `media_type` (the HTTP content type or a descriptor's).
    ///
    /// Bytes that are JSON but neither image nor index are accepted as something that has a digest and can be signed.
    ///
    /// # Errors
    /// [`StoreError::ManifestTooLarge`] past [`Manifest::LIMIT`]; [`StoreError::ManifestMalformed`] where it is not JSON of the right shape.
    pub fn parse(bytes: Bytes, media_type: &str) -> Result<Self, StoreError> {
        if bytes.len() > Self::LIMIT {
            return Err(StoreError::ManifestTooLarge {
                limit: Self::LIMIT as u64,
            });
        }
        let digest = Digest::sha256(&bytes);
        Self::read(bytes, media_type, digest)
    }

    /// Does what [`parse`](Self::parse) does where the bytes were checked against `digest` before.
    pub(crate) fn parse_checked(bytes: Bytes, media_type: &str, digest: Digest) -> Result<Self, StoreError> {
        if digest.algorithm() != Algorithm::Sha256 || bytes.len() > Self::LIMIT {
            return Self::parse(bytes, media_type);
        }
        Self::read(bytes, media_type, digest)
    }

    fn read(bytes: Bytes, media_type: &str, digest: Digest) -> Result<Self, StoreError> {
        let content: ManifestContent =
            serde_json::from_slice(&bytes).map_err(|source| StoreError::ManifestMalformed {
                digest: digest.clone(),
                source,
            })?;
        let media_type = match (&content.media_type, media_type) {
            (Some(own), "" | "application/json" | "application/octet-stream") => own.clone(),
            (None, "" | "application/json" | "application/octet-stream") if content.manifests.is_some() => {
                media_type::OCI_INDEX.to_owned()
            }
            (None, "" | "application/json" | "application/octet-stream") => media_type::OCI_MANIFEST.to_owned(),
            (_, given) => given.to_owned(),
        };
        Ok(Self {
            bytes,
            media_type,
            digest,
            content,
        })
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The media type.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The SHA-256 digest of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What the bytes say.
    pub fn content(&self) -> &ManifestContent {
        &self.content
    }

    /// The layers; none for an index.
    pub fn layers(&self) -> &[Descriptor] {
        self.content.layers.as_deref().unwrap_or_default()
    }

    /// The entries of an index; none for an image.
    pub fn manifests(&self) -> &[Descriptor] {
        self.content.manifests.as_deref().unwrap_or_default()
    }

    /// Says whether this is a list of manifests.
    pub fn is_index(&self) -> bool {
        media_type::is_index(&self.media_type)
    }

    /// Describes this manifest: type, size, digest, and the artifact type and annotations that a referrers list shows
    /// (distribution-spec, §listing referrers).
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            size: self.bytes.len() as u64,
            digest: self.digest.clone(),
            data: None,
            annotations: BTreeMap::new(),
            platform: None,
            artifact_type: None,
        }
    }

    /// The artifact type: the manifest's own, else the media type of its configuration
    /// (distribution-spec, §listing referrers).
    pub fn artifact_type(&self) -> Option<&str> {
        self.content
            .artifact_type
            .as_deref()
            .filter(|own| !own.is_empty())
            .or_else(|| self.content.config.as_ref().map(|config| config.media_type.as_str()))
    }

    /// The most bytes a manifest may have: 4 MiB, as the distribution specification advises.
    pub const LIMIT: usize = 4 * 1024 * 1024;
}

fn null_is_empty<'de, D>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    Option::<BTreeMap<String, String>>::deserialize(deserializer).map(Option::unwrap_or_default)
}
