//! Images as go-containerregistry writes them: the order of members is its, and so are the digests.

use std::collections::BTreeMap;

use countersign_core::go_json;
use countersign_oci::StoreError;
use countersign_oci::manifest::{Descriptor, Manifest, Platform};
use serde::Serialize;

/// The configuration of an image that nobody runs.
#[derive(Clone, Copy, Default)]
pub(crate) struct Configuration<'a> {
    /// The platform, where there is one.
    pub(crate) platform: Option<&'a Platform>,
    /// When the image was made; the year 1 where it is not told.
    pub(crate) created: Option<&'a str>,
    /// The digests of the layers before compression, each with an entry of the history; null and without history
    /// where it is not told.
    pub(crate) layers: Option<&'a [&'a str]>,
    /// Labels.
    pub(crate) labels: Option<&'a BTreeMap<String, String>>,
}

impl Configuration<'_> {
    /// Its JSON.
    pub(crate) fn to_json(self) -> Vec<u8> {
        let layers = self.layers.unwrap_or_default();
        go_json::to_vec(&WireConfiguration {
            architecture: self.platform.map_or("", |platform| &platform.architecture),
            created: self.created.unwrap_or(YEAR_ONE),
            history: layers.iter().map(|_| Created { created: YEAR_ONE }).collect(),
            os: self.platform.map_or("", |platform| &platform.os),
            rootfs: RootFs {
                kind: "layers",
                diff_ids: self.layers,
            },
            config: Inner {
                labels: self.labels.filter(|labels| !labels.is_empty()),
            },
            variant: self.platform.and_then(|platform| platform.variant.as_deref()),
        })
    }
}

/// Writes the manifest of an image.
///
/// # Errors
/// [`StoreError::ManifestTooLarge`].
pub(crate) fn manifest(
    media_type: &str,
    config: Descriptor,
    layers: &[Descriptor],
    annotations: &BTreeMap<String, String>,
) -> Result<Manifest, StoreError> {
    let wire = WireManifest {
        schema_version: 2,
        media_type,
        config,
        layers,
        annotations,
    };
    Manifest::parse(go_json::to_vec(&wire).into(), media_type)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: Descriptor,
    layers: &'a [Descriptor],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WireConfiguration<'a> {
    architecture: &'a str,
    created: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<Created<'a>>,
    os: &'a str,
    rootfs: RootFs<'a>,
    config: Inner<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
}

#[derive(Serialize)]
struct Created<'a> {
    created: &'a str,
}

#[derive(Serialize)]
struct RootFs<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    diff_ids: Option<&'a [&'a str]>,
}

#[derive(Serialize)]
struct Inner<'a> {
    #[serde(rename = "Labels", skip_serializing_if = "Option::is_none")]
    labels: Option<&'a BTreeMap<String, String>>,
}

/// The time that Go's zero value prints as.
const YEAR_ONE: &str = "0001-01-01T00:00:00Z";
