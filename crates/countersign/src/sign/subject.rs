//! What is to be signed: found by name, with everything beneath it where asked.

use std::collections::HashSet;

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Reference, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::attachment::list::attested;

/// An artifact that is about to be signed or verified.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name and digest.
    pub image: Pinned,
    /// How a referrer describes it.
    pub descriptor: Descriptor,
    /// Its manifest.
    pub manifest: Manifest,
}

/// Fetches the manifest that `reference` names now.
///
/// # Errors
/// What the store says; [`StoreError::NotFound`] where there is none.
pub async fn find<S: Store>(store: &S, reference: &Reference) -> Result<Subject, StoreError> {
    let manifest = store.manifest(reference).await?;
    let digest = reference.digest().unwrap_or(manifest.digest()).clone();
    let mut descriptor = manifest.descriptor();
    descriptor.digest = digest.clone();
    Ok(Subject {
        image: reference.clone().pin(digest),
        descriptor,
        manifest,
    })
}

/// Fetches every manifest beneath `subject`, in the order in which indexes list them, each parent before its children
/// and each digest once.
///
/// # Errors
/// What the store says; [`StoreError::TooLarge`] past [`DEPTH_LIMIT`] levels or [`COUNT_LIMIT`] manifests.
pub async fn beneath<S: Store>(store: &S, subject: &Subject) -> Result<Vec<Subject>, StoreError> {
    let mut found: Vec<Subject> = Vec::new();
    let mut level = vec![subject.clone()];
    for _ in 0..DEPTH_LIMIT {
        let mut children: Vec<Reference> = Vec::new();
        for child in level.iter().flat_map(|parent| parent.manifest.manifests()) {
            let reference = subject.image.repository().digest(child.digest.clone());
            let is_known =
                children.contains(&reference) || found.iter().any(|known| *known.image.digest() == child.digest);
            if !is_known {
                children.push(reference);
            }
        }
        if children.is_empty() {
            return Ok(found);
        }
        if found.len() + children.len() > COUNT_LIMIT {
            return Err(too_large(subject, format!("{COUNT_LIMIT} manifests")));
        }
        level = stream::iter(children)
            .map(|reference| async move { find(store, &reference).await })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        found.extend(level.iter().cloned());
    }
    Err(too_large(subject, format!("{DEPTH_LIMIT} levels")))
}

/// Splits off the manifests in which BuildKit keeps attestations of the images beside them: what an index says are such, and
/// what have nothing but statements in them, so that no image is passed over for what an index says.
pub fn without_attestations(root: &Subject, beneath: Vec<Subject>) -> (Vec<Subject>, Vec<Subject>) {
    let entries = std::iter::once(root)
        .chain(&beneath)
        .flat_map(|index| index.manifest.manifests());
    let named: HashSet<Digest> = entries
        .filter(|entry| attested(entry).is_some())
        .map(|entry| entry.digest.clone())
        .collect();
    let is_attestation = |subject: &Subject| {
        let layers = subject.manifest.layers();
        named.contains(subject.image.digest())
            && !layers.is_empty()
            && layers.iter().all(|layer| layer.media_type == STATEMENT)
    };
    beneath.into_iter().partition(|subject| !is_attestation(subject))
}

fn too_large(subject: &Subject, limit: String) -> StoreError {
    StoreError::TooLarge {
        what: format!("index {}", subject.image),
        limit,
    }
}

/// The deepest nesting of indexes that is followed.
pub const DEPTH_LIMIT: usize = 8;
/// The most manifests beneath one index.
pub const COUNT_LIMIT: usize = 1000;
/// The media type of BuildKit's statements.
const STATEMENT: &str = "application/vnd.in-toto+json";
const PARALLEL: usize = 32;
