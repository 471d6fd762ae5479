//! Manifests under a `.sig` or `.att` tag, cosign v2's format.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::{Digest, go_json};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{StoreError, Upload, media_type};
use serde::Serialize;
use serde_json::value::RawValue;

use super::configuration::KeptConfiguration;

/// The media types in which signature manifests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaTypes {
    /// OCI's.
    Oci,
    /// Docker's schema 2 (`COSIGN_DOCKER_MEDIA_TYPES`).
    Docker,
}

/// One signature as a layer.
#[derive(Clone, Debug)]
pub struct Layer {
    descriptor: Descriptor,
    payload: Bytes,
}

impl Layer {
    /// A layer with the simple-signing `payload` and its signature, base64.
    pub fn new(payload: Bytes, signature: &str) -> Self {
        let mut descriptor = Descriptor::of(SIMPLE_SIGNING, &payload);
        descriptor
            .annotations
            .insert(SIGNATURE_ANNOTATION.to_owned(), signature.to_owned());
        Self { descriptor, payload }
    }

    /// A layer with an attestation: a signed envelope, JSON, and the type of its predicate.
    pub fn attestation(envelope: Bytes, predicate_type: &str) -> Self {
        let mut descriptor = Descriptor::of(ENVELOPE, &envelope);
        // The signature is in the envelope.
        descriptor
            .annotations
            .insert(SIGNATURE_ANNOTATION.to_owned(), String::new());
        descriptor
            .annotations
            .insert(PREDICATE_TYPE.to_owned(), predicate_type.to_owned());
        Self {
            descriptor,
            payload: envelope,
        }
    }

    /// A layer of any type with its annotations.
    pub fn of(media_type: &str, content: Bytes, annotations: BTreeMap<String, String>) -> Self {
        Self {
            descriptor: Descriptor {
                annotations,
                ..Descriptor::of(media_type, &content)
            },
            payload: content,
        }
    }

    /// The layer with more annotations.
    #[must_use]
    pub fn with(mut self, annotations: &BTreeMap<String, String>) -> Self {
        let more = annotations.iter().map(|(name, value)| (name.clone(), value.clone()));
        self.descriptor.annotations.extend(more);
        self
    }

    /// The layer's descriptor.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The simple-signing payload, or the envelope.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The blob to store.
    pub fn upload(&self) -> Upload {
        Upload::bytes(self.payload.clone())
    }

    /// Says whether `manifest` holds this very layer, annotations included.
    pub fn is_in(&self, manifest: &Manifest) -> bool {
        manifest.layers().iter().any(|layer| {
            layer.digest == self.descriptor.digest
                && layer.media_type == self.descriptor.media_type
                && layer.annotations == self.descriptor.annotations
        })
    }
}

/// A signature manifest with `layers` added to those of `existing`, and its configuration blob.
///
/// # Errors
/// As [`append_keeping`].
pub fn append(
    existing: Option<&Manifest>,
    layers: &[&Layer],
    media_types: MediaTypes,
    created: Option<&str>,
) -> Result<(Manifest, Upload), StoreError> {
    append_keeping(existing, None, layers, media_types, created)
}

/// A signature manifest with `layers` added to those of `existing`, and its configuration blob, which keeps what the
/// configuration before says.
///
/// # Errors
/// [`StoreError::TooLarge`] past [`LAYER_LIMIT`] layers, [`StoreError::ManifestTooLarge`], and
/// [`StoreError::Malformed`] where `existing` is no image manifest.
pub fn append_keeping(
    existing: Option<&Manifest>,
    before: Option<&KeptConfiguration>,
    layers: &[&Layer],
    media_types: MediaTypes,
    created: Option<&str>,
) -> Result<(Manifest, Upload), StoreError> {
    let mut all = kept_layers(existing)?;
    all.extend(layers.iter().map(|layer| WireLayer::New(&layer.descriptor)));
    let config = grown(existing, before, layers, created);
    manifest_of(all, existing, media_types, config)
}

/// A manifest with `layer` before those of `existing`, without those that `is_replaced`; and its configuration blob.
///
/// # Errors
/// As [`append`].
pub fn replace(
    existing: Option<&Manifest>,
    layer: &Layer,
    is_replaced: &dyn Fn(&Descriptor) -> bool,
    media_types: MediaTypes,
    created: Option<&str>,
) -> Result<(Manifest, Upload), StoreError> {
    let mut all = vec![WireLayer::New(&layer.descriptor)];
    all.extend(kept_layers(existing)?.into_iter().filter(|kept| match kept {
        WireLayer::Kept { descriptor, .. } => !is_replaced(descriptor),
        WireLayer::New(_) => true,
    }));
    let config = configuration(all.iter().map(WireLayer::digest).collect(), created);
    manifest_of(all, existing, media_types, config)
}

/// The manifest without the layers that are `dropped`, and its configuration blob.
///
/// # Errors
/// As [`append`].
pub fn without(existing: &Manifest, dropped: &dyn Fn(&Descriptor) -> bool) -> Result<(Manifest, Upload), StoreError> {
    let mut layers = kept_layers(Some(existing))?;
    layers.retain(|layer| match layer {
        WireLayer::Kept { descriptor, .. } => !dropped(descriptor),
        WireLayer::New(_) => true,
    });
    let media_types = match existing.media_type() == media_type::DOCKER_MANIFEST {
        true => MediaTypes::Docker,
        false => MediaTypes::Oci,
    };
    let config = configuration(layers.iter().map(WireLayer::digest).collect(), None);
    manifest_of(layers, Some(existing), media_types, config)
}

fn manifest_of(
    layers: Vec<WireLayer<'_>>,
    existing: Option<&Manifest>,
    media_types: MediaTypes,
    config: Vec<u8>,
) -> Result<(Manifest, Upload), StoreError> {
    if layers.len() > LAYER_LIMIT {
        return Err(StoreError::TooLarge {
            what: "signature manifest".to_owned(),
            limit: format!("{LAYER_LIMIT} layers"),
        });
    }
    let (manifest_type, config_type) = match media_types {
        MediaTypes::Oci => (media_type::OCI_MANIFEST, media_type::OCI_CONFIG),
        MediaTypes::Docker => (media_type::DOCKER_MANIFEST, media_type::DOCKER_CONFIG),
    };
    let wire = Wire {
        schema_version: 2,
        media_type: manifest_type,
        config: Descriptor::of(config_type, &config),
        layers,
        annotations: existing.map(|manifest| &manifest.content().annotations),
    };
    let manifest = Manifest::parse(go_json::to_vec(&wire).into(), manifest_type)?;
    Ok((manifest, Upload::bytes(config)))
}

/// The configuration that also describes `layers`.
fn grown(
    existing: Option<&Manifest>,
    before: Option<&KeptConfiguration>,
    layers: &[&Layer],
    created: Option<&str>,
) -> Vec<u8> {
    let added = layers.iter().map(|layer| &layer.descriptor.digest);
    match before {
        Some(before) => before.with(added, created),
        None => {
            let present = existing.map_or(&[][..], Manifest::layers);
            configuration(
                present.iter().map(|layer| &layer.digest).chain(added).collect(),
                created,
            )
        }
    }
}

/// The layers of a signature manifest as they are written there, members unknown to us included.
fn kept_layers(existing: Option<&Manifest>) -> Result<Vec<WireLayer<'_>>, StoreError> {
    #[derive(serde::Deserialize)]
    struct Layers {
        #[serde(default)]
        layers: Option<Vec<Box<RawValue>>>,
    }
    let Some(manifest) = existing else {
        return Ok(Vec::new());
    };
    if manifest.is_index() {
        return Err(StoreError::Malformed {
            what: format!("signature manifest {}", manifest.digest()),
            reason: format!("expected an image manifest, found {}", manifest.media_type()),
        });
    }
    let wire: Layers = serde_json::from_slice(manifest.bytes()).map_err(|source| StoreError::ManifestMalformed {
        digest: manifest.digest().clone(),
        source,
    })?;
    let raw = wire.layers.unwrap_or_default();
    Ok(raw
        .into_iter()
        .zip(manifest.layers())
        .map(|(raw, descriptor)| WireLayer::Kept { raw, descriptor })
        .collect())
}

/// The image configuration that cosign gives a signature manifest: one history entry and one diff id per layer.
pub(super) fn configuration(diff_ids: Vec<&Digest>, created: Option<&str>) -> Vec<u8> {
    go_json::to_vec(&Configuration {
        architecture: "",
        created: created.unwrap_or(YEAR_ONE),
        history: diff_ids.iter().map(|_| History { created: YEAR_ONE }).collect(),
        os: "",
        rootfs: RootFs {
            kind: "layers",
            diff_ids,
        },
        config: BTreeMap::new(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: Descriptor,
    layers: Vec<WireLayer<'a>>,
    #[serde(skip_serializing_if = "is_absent_or_empty")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

/// A layer's descriptor as it is written.
enum WireLayer<'a> {
    Kept {
        raw: Box<RawValue>,
        descriptor: &'a Descriptor,
    },
    New(&'a Descriptor),
}

impl WireLayer<'_> {
    fn digest(&self) -> &Digest {
        match self {
            Self::Kept { descriptor, .. } | Self::New(descriptor) => &descriptor.digest,
        }
    }
}

impl Serialize for WireLayer<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Kept { raw, .. } => raw.serialize(serializer),
            Self::New(descriptor) => descriptor.serialize(serializer),
        }
    }
}

fn is_absent_or_empty(annotations: &Option<&BTreeMap<String, String>>) -> bool {
    annotations.is_none_or(BTreeMap::is_empty)
}

#[derive(Serialize)]
struct Configuration<'a> {
    architecture: &'a str,
    created: &'a str,
    history: Vec<History<'a>>,
    os: &'a str,
    rootfs: RootFs<'a>,
    config: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct History<'a> {
    created: &'a str,
}

#[derive(Serialize)]
struct RootFs<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    diff_ids: Vec<&'a Digest>,
}

/// The most layers a signature manifest may have, as cosign has it.
pub const LAYER_LIMIT: usize = 1000;
/// The media type of a simple-signing payload.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The media type of a signed envelope.
pub const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// The media type of the layers of a base, as they are signed.
pub const BASE_LAYERS: &str = "application/vnd.dev.cosign.baseimage.layers.v1+json";
/// The layer annotation that says what kind of claim an attestation makes.
pub const PREDICATE_TYPE: &str = "predicateType";
/// The layer annotation that holds the signature, base64.
pub const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";
/// The time that Go's zero value prints as.
pub(super) const YEAR_ONE: &str = "0001-01-01T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_of_one_layer_has_the_size_that_cosign_writes() {
        let layer = Layer::new(Bytes::from_static(b"payload"), "sig");
        let (manifest, config) = append(None, &[&layer], MediaTypes::Oci, None).expect("small");
        assert_eq!(config.size, Some(233));
        assert_eq!(
            String::from_utf8_lossy(manifest.bytes()),
            format!(
                r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","size":233,"digest":"{}"}},"layers":[{{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":7,"digest":"{}","annotations":{{"dev.cosignproject.cosign/signature":"sig"}}}}]}}"#,
                config.digest.expect("known"),
                Digest::sha256(b"payload"),
            )
        );
    }

    #[test]
    fn the_layer_after_the_thousandth_is_refused() {
        let layer = Layer::new(Bytes::from_static(b"payload"), "sig");
        let layers = vec![&layer; LAYER_LIMIT + 1];
        assert!(matches!(
            append(None, &layers, MediaTypes::Oci, None),
            Err(StoreError::TooLarge { .. })
        ));
        assert!(append(None, &layers[1..], MediaTypes::Oci, None).is_ok());
    }
}
