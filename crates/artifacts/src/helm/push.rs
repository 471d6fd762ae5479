//! Storing a chart.

use bytes::Bytes;
use countersign_oci::store::Condition;
use countersign_oci::{Descriptor, Manifest, Reference, Store, StoreError, Upload};
use jiff::Timestamp;

use super::{CONFIG, CONTENT, Chart, PROVENANCE};
use crate::plan::manifest;

/// A chart as it is stored.
#[derive(Clone, Debug)]
pub struct Packed {
    manifest: Manifest,
    parts: Vec<Bytes>,
}

impl Packed {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

/// Makes what is stored of a chart, with its provenance where it has one; `created` is when its archive was written.
///
/// # Errors
/// [`StoreError::ManifestTooLarge`].
pub fn pack(chart: &Chart, provenance: Option<Bytes>, created: Timestamp) -> Result<Packed, StoreError> {
    let json = Bytes::from(chart.metadata().to_json());
    let config = Descriptor::of(CONFIG, &json);
    let mut layers = vec![Descriptor::of(CONTENT, chart.archive())];
    let mut parts = vec![json, chart.archive().clone()];
    if let Some(provenance) = provenance {
        layers.push(Descriptor::of(PROVENANCE, &provenance));
        parts.push(provenance);
    }
    layers.sort_by(|first, second| first.digest.as_str().cmp(second.digest.as_str()));
    let annotations = chart.metadata().annotations(created);
    Ok(Packed {
        manifest: manifest::bare(&config, &layers, &annotations)?,
        parts,
    })
}

/// Stores a chart; its manifest last, so that no name stands for a part of one.
///
/// # Errors
/// What the store says.
pub async fn push(store: &impl Store, reference: &Reference, packed: &Packed) -> Result<(), StoreError> {
    let uploads: Vec<Upload> = packed.parts.iter().cloned().map(Upload::bytes).collect();
    let pushes = uploads
        .iter()
        .map(|upload| store.push_blob(reference.repository(), upload));
    futures_util::future::try_join_all(pushes).await?;
    store
        .push_manifest(reference, &packed.manifest, Condition::Always)
        .await
}
