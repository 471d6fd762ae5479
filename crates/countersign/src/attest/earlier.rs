//! Attestations of the same kind that are there already, which a new one replaces.

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::attachment::legacy::PREDICATE_TYPE;
use crate::attachment::referrer::{BUNDLE_PREFIX, PREDICATE_TYPE_ANNOTATION};
use crate::attachment::{Kind, Location};
use crate::sign::Formats;

/// The attestations that a new one replaces, as they were before it was made.
///
/// They are remembered one by one, so that two who replace at the same time do not remove each other's.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    referrers: Vec<Digest>,
    layers: Vec<Descriptor>,
}

impl Earlier {
    /// Nothing is replaced.
    pub fn none() -> Self {
        Self::default()
    }

    /// Lists the attestations of `image` that say they are of `predicate_type`, in the formats that are written; whoever
    /// has signed them.
    ///
    /// # Errors
    /// Whatever keeps us from knowing.
    pub async fn of_type<S: Store>(
        image: &Pinned,
        store: &S,
        location: &Location,
        predicate_type: &str,
        formats: Formats,
    ) -> Result<Self, StoreError> {
        let referrers = async {
            match formats.has_bundle() {
                true => referrers(image, store, location, predicate_type).await,
                false => Ok(Vec::new()),
            }
        };
        let layers = async {
            match formats.has_legacy() {
                true => layers(image, store, location, predicate_type).await,
                false => Ok(Vec::new()),
            }
        };
        let (referrers, layers) = tokio::try_join!(referrers, layers)?;
        Ok(Self { referrers, layers })
    }

    /// The bundles among the referrers.
    pub(super) fn referrers(&self) -> &[Digest] {
        &self.referrers
    }

    /// Says whether a layer of the tag is one of those that are replaced.
    pub(super) fn has(&self, layer: &Descriptor) -> bool {
        self.layers.contains(layer)
    }
}

async fn referrers<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    predicate_type: &str,
) -> Result<Vec<Digest>, StoreError> {
    let listed = store.referrers(location.repository(), image.digest()).await?;
    // A list may say less than the manifest, but nothing else.
    let may_be = |entry: &Descriptor| {
        let said = entry.annotations.get(PREDICATE_TYPE_ANNOTATION);
        said.is_none_or(|said| said == predicate_type)
    };
    let found: Vec<Option<Digest>> = stream::iter(listed.into_iter().filter(may_be))
        .map(|entry| async move {
            let name = location.repository().digest(entry.digest.clone());
            match store.manifest(&name).await {
                Ok(manifest) => Ok(is_of_type(&manifest, predicate_type).then_some(entry.digest)),
                // Listed still, and gone already.
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

fn is_of_type(manifest: &Manifest, predicate_type: &str) -> bool {
    let is_bundle = manifest
        .layers()
        .iter()
        .any(|layer| layer.media_type.starts_with(BUNDLE_PREFIX));
    let said = manifest.content().annotations.get(PREDICATE_TYPE_ANNOTATION);
    is_bundle && said.is_some_and(|said| said == predicate_type)
}

async fn layers<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    predicate_type: &str,
) -> Result<Vec<Descriptor>, StoreError> {
    let tag = location.tag(image.digest(), Kind::Attestation)?;
    let manifest = match store.manifest(&tag).await {
        Ok(manifest) => manifest,
        Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let is_of_type = |layer: &&Descriptor| {
        let said = layer.annotations.get(PREDICATE_TYPE);
        said.is_some_and(|said| said == predicate_type)
    };
    Ok(manifest.layers().iter().filter(is_of_type).cloned().collect())
}

const PARALLEL: usize = 32;
