//! Manifests with their members in the order that ORAS writes them.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::{Digest, go_json};
use countersign_oci::manifest::Platform;
use countersign_oci::{Descriptor, Manifest, StoreError, media_type};
use serde::Serialize;

use super::PackError;
use super::shape::Shape;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest<'a> {
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
    config: WireDescriptor<'a>,
    layers: Vec<WireDescriptor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<WireDescriptor<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireDescriptor<'a> {
    media_type: &'a str,
    digest: &'a Digest,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
}

impl<'a> WireDescriptor<'a> {
    fn of(descriptor: &'a Descriptor) -> Self {
        Self {
            media_type: &descriptor.media_type,
            digest: &descriptor.digest,
            size: descriptor.size,
            annotations: Some(&descriptor.annotations).filter(|annotations| !annotations.is_empty()),
            data: descriptor.data.as_deref(),
        }
    }

    fn of_subject(descriptor: &'a Descriptor) -> Self {
        Self {
            annotations: None,
            data: None,
            ..Self::of(descriptor)
        }
    }
}

/// Writes the manifest of an artifact.
pub(super) fn write(shape: &Shape, config: Descriptor, layers: Vec<Descriptor>) -> Result<Manifest, PackError> {
    let bytes = go_json::to_vec(&WireManifest {
        schema_version: 2,
        media_type: Some(media_type::OCI_MANIFEST),
        artifact_type: shape.artifact_type(),
        config: WireDescriptor::of(&config),
        layers: layers.iter().map(WireDescriptor::of).collect(),
        subject: shape.subject().map(WireDescriptor::of_subject),
        annotations: shape.annotations(),
    });
    Manifest::parse(Bytes::from(bytes), media_type::OCI_MANIFEST).map_err(PackError::Manifest)
}

/// Writes a manifest that says neither its own media type nor what it is, as those of Helm are.
pub(crate) fn bare(
    config: &Descriptor,
    layers: &[Descriptor],
    annotations: &BTreeMap<String, String>,
) -> Result<Manifest, StoreError> {
    let bytes = go_json::to_vec(&WireManifest {
        schema_version: 2,
        media_type: None,
        artifact_type: None,
        config: WireDescriptor::of(config),
        layers: layers.iter().map(WireDescriptor::of).collect(),
        subject: None,
        annotations,
    });
    Manifest::parse(Bytes::from(bytes), media_type::OCI_MANIFEST)
}

/// Writes the image configuration that says only which platform the artifact is for.
pub(super) fn platform(platform: &Platform) -> Bytes {
    #[derive(Serialize)]
    struct Wire<'a> {
        architecture: &'a str,
        os: &'a str,
        #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
        os_version: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        variant: Option<&'a str>,
    }
    Bytes::from(go_json::to_vec(&Wire {
        architecture: &platform.architecture,
        os: &platform.os,
        os_version: platform.os_version.as_deref(),
        variant: platform.variant.as_deref(),
    }))
}
