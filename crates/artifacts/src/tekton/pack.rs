//! From texts to an image in a registry, byte for byte as tkn with Go 1.26 does it.

use std::collections::BTreeMap;

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, StoreError, Upload, media_type};

use super::error::BundleError;
use super::object::{Object, objects};
use super::{API_VERSION, KIND, NAME, OBJECTS};
use crate::gzip;
use crate::image::{self, Configuration};

/// A text with objects, and what messages call it.
#[derive(Clone, Debug)]
pub struct Input {
    /// A path, or `standard input`.
    pub name: String,
    /// YAML or JSON.
    pub text: String,
}

/// What is said of a bundle beside its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleOptions {
    /// When it was made, as RFC 3339 has it.
    pub created: String,
    /// Labels of its configuration.
    pub labels: BTreeMap<String, String>,
    /// Annotations of its manifest.
    pub annotations: BTreeMap<String, String>,
}

/// Objects that are a bundle: one at least, few enough, and all of them different.
#[derive(Clone, Debug)]
pub struct Bundle {
    objects: Vec<Object>,
}

impl Bundle {
    /// Reads the objects. Their order is that of tkn: texts by their digests, so that the order of files does not count.
    ///
    /// # Errors
    /// Each variant of [`BundleError`] that is not about layers.
    pub fn of(mut inputs: Vec<Input>) -> Result<Self, BundleError> {
        inputs.sort_by_cached_key(|input| Digest::sha256(input.text.as_bytes()).as_str().to_owned());
        let mut found: Vec<(Object, usize)> = Vec::new();
        for (number, input) in inputs.iter().enumerate() {
            found.extend(objects(input)?.into_iter().map(|object| (object, number)));
        }
        let mut places: BTreeMap<String, &str> = BTreeMap::new();
        for (object, number) in &found {
            let shown = format!("{} {} ({})", object.kind(), object.name(), object.version());
            let input = inputs[*number].name.as_str();
            if let Some(first) = places.insert(shown.clone(), input) {
                return Err(BundleError::Duplicate {
                    object: shown,
                    first: first.to_owned(),
                    second: input.to_owned(),
                });
            }
        }
        match found.len() {
            0 => Err(BundleError::Empty),
            1..=OBJECTS => Ok(Self {
                objects: found.into_iter().map(|(object, _)| object).collect(),
            }),
            found => Err(BundleError::TooMany { found }),
        }
    }

    /// The objects, in the order of the layers.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Stores the bundle and returns its manifest.
    ///
    /// # Errors
    /// What the store says.
    pub async fn push(
        &self,
        options: &BundleOptions,
        store: &impl Store,
        name: &Reference,
    ) -> Result<Manifest, StoreError> {
        let mut layers = Vec::with_capacity(self.objects.len());
        let mut contents = Vec::with_capacity(self.objects.len());
        for object in &self.objects {
            let archive = crate::folder::archive(&[(object.name(), 0o600, object.json())]);
            contents.push(Digest::sha256(&archive));
            let layer = gzip::compress(&archive);
            layers.push(described(object, &layer));
            store.push_blob(name.repository(), &Upload::bytes(layer)).await?;
        }
        let contents: Vec<&str> = contents.iter().map(Digest::as_str).collect();
        let config = Configuration {
            created: Some(&options.created),
            layers: Some(&contents),
            labels: Some(&options.labels),
            platform: None,
        };
        let config = config.to_json();
        let descriptor = Descriptor::of(media_type::DOCKER_CONFIG, &config);
        store.push_blob(name.repository(), &Upload::bytes(config)).await?;
        let manifest = image::manifest(media_type::DOCKER_MANIFEST, descriptor, &layers, &options.annotations)?;
        store.push_manifest(name, &manifest, Condition::Always).await?;
        Ok(manifest)
    }
}

fn described(object: &Object, layer: &[u8]) -> Descriptor {
    let annotations = [
        (API_VERSION, object.version().to_owned()),
        (KIND, object.lower_kind()),
        (NAME, object.name().to_owned()),
    ];
    Descriptor {
        annotations: annotations.map(|(key, value)| (key.to_owned(), value)).into(),
        ..Descriptor::of(LAYER, layer)
    }
}

/// Reads a time in the forms that tkn takes, `YYYY-MM-DD`, `YYYY-MM-DDTHH:MM:SS` and RFC 3339, and writes it as Go does;
/// `None` where it is none of them.
pub fn created(text: &str) -> Option<String> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    if !whole.is_ascii() || !crate::plan::is_time(&whole) {
        return None;
    }
    let (clock, zone) = whole.split_at(whole.rfind(['Z', '+', '-'])?);
    let zone = if matches!(zone, "+00:00" | "-00:00") { "Z" } else { zone };
    let clock = match clock.contains('.') {
        true => clock.trim_end_matches('0').trim_end_matches('.'),
        false => clock,
    };
    Some(format!("{clock}{zone}"))
}

/// A layer of Docker's second schema.
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
