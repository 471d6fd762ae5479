//! Storing an artifact: its parts side by side, then its manifest, then its further tags.

use std::num::NonZeroUsize;

use countersign_core::Digest;
use countersign_oci::blob::Uploaded;
use countersign_oci::store::Condition;
use countersign_oci::{Manifest, Reference, Repository, Store, StoreError};
use futures_util::{StreamExt, TryStreamExt};

use crate::plan::{PackError, Part, Plan};

/// What was stored.
#[derive(Clone, Debug)]
pub struct Pushed {
    manifest: Manifest,
    layers: Vec<Uploaded>,
    config: Uploaded,
}

impl Pushed {
    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest's digest.
    pub fn digest(&self) -> &Digest {
        self.manifest.digest()
    }

    /// What became of each layer, in the order of the plan.
    pub fn layers(&self) -> &[Uploaded] {
        &self.layers
    }

    /// What became of the configuration.
    pub fn config(&self) -> &Uploaded {
        &self.config
    }
}

/// Stores the artifact under all of `tags`, or by its digest where there are none; at most `at_once` parts are
/// sent at a time.
///
/// # Errors
/// [`PushError::Part`] names the file that could not be stored. The manifest is stored after all parts, so a
/// failure leaves no artifact that lacks a part.
pub async fn push(
    store: &impl Store,
    repository: &Repository,
    tags: &[&str],
    plan: &Plan,
    at_once: NonZeroUsize,
) -> Result<Pushed, PushError> {
    let names: Vec<Reference> = tags
        .iter()
        .map(|tag| repository.tag(tag))
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)?;
    let config = send(store, repository, plan.config()).await?;
    let sending: Vec<_> = plan
        .layers()
        .iter()
        .map(|part| send_once(store, repository, part, &config))
        .collect();
    let layers: Vec<Uploaded> = futures_util::stream::iter(sending)
        .buffered(at_once.get())
        .try_collect()
        .await?;
    let manifest = plan.manifest(&config, &layers)?;
    let by_digest = [repository.digest(manifest.digest().clone())];
    for name in if names.is_empty() { &by_digest[..] } else { &names } {
        store.push_manifest(name, &manifest, Condition::Always).await?;
    }
    Ok(Pushed {
        manifest,
        layers,
        config,
    })
}

/// Sends a part, unless it is the configuration once more (the empty object of an artifact without files).
async fn send_once(
    store: &impl Store,
    repository: &Repository,
    part: &Part,
    config: &Uploaded,
) -> Result<Uploaded, PushError> {
    if part.digest() == Some(&config.digest) {
        return Ok(config.clone());
    }
    send(store, repository, part).await
}

async fn send(store: &impl Store, repository: &Repository, part: &Part) -> Result<Uploaded, PushError> {
    let sent = store.push_blob(repository, &part.upload()).await;
    sent.map_err(|source| PushError::Part {
        name: part.title().unwrap_or("configuration").to_owned(),
        source,
    })
}

/// Why an artifact could not be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// A part could not be stored.
    #[error("{name}")]
    Part {
        /// The file's title, or `configuration`.
        name: String,
        /// What the store said.
        source: StoreError,
    },
    /// The manifest could not be stored, or a tag is not one.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The manifest could not be written.
    #[error(transparent)]
    Pack(#[from] PackError),
}
