//! Images, with what their configurations say of their layers.

use std::collections::HashSet;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::base::{BaseRefusal, Layers};
use countersign_core::json_object::JsonObject;
use countersign_core::quoted::Quoted;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Store, StoreError};
use serde_json::Value;

use super::BaseError;
use crate::sign::{Subject, beneath};

/// An image whose layers are known by their diff ids, as its configuration has them.
#[derive(Clone, Debug)]
pub struct Image {
    /// The image itself.
    pub subject: Subject,
    /// Its layers.
    pub layers: Layers,
    configuration: Bytes,
}

impl Image {
    /// Reads the configuration of an image.
    ///
    /// # Errors
    /// [`BaseError`]; also for a manifest or a configuration that programs in Go would read in another way.
    pub async fn read<S: Store>(subject: Subject, store: &S) -> Result<Self, BaseError> {
        let image = subject.image.clone();
        unambiguous(&image, &subject.manifest)?;
        let Some(config) = &subject.manifest.content().config else {
            return Err(BaseError::NoImage { image });
        };
        let failed = BaseError::store(&image);
        if config.size > CONFIGURATION {
            return Err(failed(StoreError::TooLarge {
                what: format!("configuration {}", config.digest),
                limit: format!("{CONFIGURATION} bytes"),
            }));
        }
        let stream = store.blob(image.repository(), &config.digest, Some(config.size)).await;
        let configuration = stream.map_err(&failed)?.read(CONFIGURATION).await.map_err(&failed)?;
        let layers = Layers::of_configuration(&configuration, subject.manifest.layers().len());
        let layers = layers.map_err(|source| BaseError::Layers {
            image: image.clone(),
            source,
        })?;
        Ok(Self {
            layers,
            configuration,
            subject,
        })
    }

    /// The blobs of the layers, lowest first.
    pub fn blobs(&self) -> Vec<Digest> {
        let layers = self.subject.manifest.layers().iter();
        layers.map(|layer| layer.digest.clone()).collect()
    }

    /// What the image runs on, by its configuration: `linux/amd64`.
    pub fn platform(&self) -> Option<String> {
        let configuration = self.configuration();
        let text = |member| configuration.get(member).and_then(Value::as_str).unwrap_or_default();
        let parts = [text("os"), text("architecture"), text("variant")];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        (parts.len() > 1).then(|| parts.join("/"))
    }

    /// A label of the configuration.
    pub(super) fn label(&self, name: &str) -> Option<String> {
        let label = self.configuration();
        let label = label.get("config")?.get("Labels")?.get(name)?;
        label.as_str().map(str::to_owned)
    }

    pub(super) fn configuration_bytes(&self) -> &[u8] {
        &self.configuration
    }

    pub(super) fn configuration(&self) -> Value {
        serde_json::from_slice(&self.configuration).unwrap_or_default()
    }
}

/// The image itself, or every image in an index: what BuildKit keeps of its builds is none.
///
/// # Errors
/// [`BaseError::NoImage`], or what the store says.
pub async fn images<S: Store>(subject: &Subject, store: &S) -> Result<Vec<Subject>, BaseError> {
    if !subject.manifest.is_index() {
        return Ok(vec![subject.clone()]);
    }
    let below = beneath(store, subject)
        .await
        .map_err(BaseError::store(&subject.image))?;
    let indexes = std::iter::once(subject).chain(below.iter().filter(|one| one.manifest.is_index()));
    let kept: HashSet<&Digest> = indexes
        .flat_map(|index| index.manifest.manifests())
        .filter(|entry| is_kept_of_a_build(entry))
        .map(|entry| &entry.digest)
        .collect();
    let is_image = |one: &&Subject| !one.manifest.is_index() && !kept.contains(one.image.digest());
    let images: Vec<Subject> = below.iter().filter(is_image).cloned().collect();
    match images.is_empty() {
        true => Err(BaseError::NoImage {
            image: subject.image.clone(),
        }),
        false => Ok(images),
    }
}

/// Says whether an entry of an index is what BuildKit keeps of a build. Of a platform that runs nothing, for what only calls itself so
/// would be run all the same.
pub(super) fn is_kept_of_a_build(entry: &Descriptor) -> bool {
    let platform = entry.platform.as_ref();
    entry
        .annotations
        .get(REFERENCE_TYPE)
        .is_some_and(|kind| kind == "attestation-manifest")
        && platform.is_some_and(|platform| platform.os == "unknown" && platform.architecture == "unknown")
}

/// Checks that everyone reads the same layers in a manifest.
fn unambiguous(image: &Pinned, manifest: &Manifest) -> Result<(), BaseError> {
    let check = |json: &[u8]| match JsonObject::parse(json) {
        Ok(object) => match object.twin() {
            Some(twin) => Err(BaseRefusal::Twin {
                member: Quoted::new(twin),
            }),
            None => Ok(object.get("layers").map(|layers| layers.get().to_owned())),
        },
        // the store has read it, so that it is JSON; what is no object has no layers
        Err(_) => Ok(None),
    };
    let refused = BaseError::refused(image);
    let layers = check(manifest.bytes()).map_err(&refused)?;
    let layers: Vec<Box<serde_json::value::RawValue>> = layers
        .and_then(|layers| serde_json::from_str(&layers).ok())
        .unwrap_or_default();
    for layer in layers {
        check(layer.get().as_bytes()).map_err(&refused)?;
    }
    Ok(())
}

/// The annotation by which BuildKit says that an entry is no image.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// The most bytes of a configuration that are read.
const CONFIGURATION: u64 = 4 * 1024 * 1024;
