//! Fetches what is attached to an artifact, as it is stored.

use bytes::Bytes;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Reference, Repository, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::discover::{Limits, is_about_content};
use super::legacy::LAYER_LIMIT;
use super::{Kind, Location, Place};

/// Something attached, with its bytes as they are stored; *untrusted*.
#[derive(Debug)]
pub struct Stored {
    /// Where it is.
    pub place: Place,
    /// How its manifest describes it.
    pub layer: Descriptor,
    /// Its bytes, or what is wrong with them.
    pub content: Result<Bytes, StoreError>,
}

/// Fetches the layers that `is_wanted` of the manifests that refer to `image`, then all layers of the tag of `kind`,
/// in a stable order.
///
/// An empty list means that the store says that nothing is there. A single one whose content is wrong says so in its place.
///
/// # Errors
/// Whatever keeps us from knowing.
pub async fn download<S: Store>(
    image: &Pinned,
    kind: Kind,
    is_wanted: &(dyn Fn(&Manifest, &Descriptor) -> bool + Sync),
    store: &S,
    location: &Location,
    limits: &Limits,
) -> Result<Vec<Stored>, StoreError> {
    let tag = location.tag(image.digest(), kind)?;
    let (referring, tagged) = tokio::try_join!(
        referring(image, is_wanted, store, location, limits),
        tagged(&tag, store, limits),
    )?;
    Ok(referring.into_iter().chain(tagged).collect())
}

async fn referring<S: Store>(
    image: &Pinned,
    is_wanted: &(dyn Fn(&Manifest, &Descriptor) -> bool + Sync),
    store: &S,
    location: &Location,
    limits: &Limits,
) -> Result<Vec<Stored>, StoreError> {
    let repository = location.repository();
    let listed = store.referrers(repository, image.digest()).await?;
    let found: Vec<Vec<Stored>> = stream::iter(listed)
        .map(|descriptor| referrer(descriptor, image, is_wanted, store, repository, limits))
        .buffered(limits.parallel)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn referrer<S: Store>(
    listed: Descriptor,
    image: &Pinned,
    is_wanted: &(dyn Fn(&Manifest, &Descriptor) -> bool + Sync),
    store: &S,
    repository: &Repository,
    limits: &Limits,
) -> Result<Vec<Stored>, StoreError> {
    let place = Place::Referrer(listed.digest.clone());
    let wrong = |layer: Descriptor, error| {
        Ok(vec![Stored {
            place: place.clone(),
            layer,
            content: Err(error),
        }])
    };
    let manifest = match store.manifest(&repository.digest(listed.digest.clone())).await {
        Ok(manifest) => manifest,
        Err(error) if is_about_content(&error) => return wrong(listed, error),
        Err(error) => return Err(error),
    };
    let wanted = manifest.layers().iter().filter(|layer| is_wanted(&manifest, layer));
    let wanted: Vec<Descriptor> = wanted.cloned().collect();
    if !wanted.is_empty()
        && let Some(error) = other_subject(image, &manifest)
    {
        return wrong(listed, error);
    }
    layers(wanted, |_| place.clone(), store, repository, limits).await
}

/// Says that a manifest was listed for an artifact that it does not refer to.
fn other_subject(image: &Pinned, manifest: &Manifest) -> Option<StoreError> {
    let subject = manifest.content().subject.as_ref().map(|subject| &subject.digest);
    if subject == Some(image.digest()) {
        return None;
    }
    let found = subject.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    Some(StoreError::Malformed {
        what: format!("manifest {}", manifest.digest()),
        reason: format!("refers to {found}, expected {}", image.digest()),
    })
}

async fn tagged<S: Store>(tag: &Reference, store: &S, limits: &Limits) -> Result<Vec<Stored>, StoreError> {
    let manifest = match store.manifest(tag).await {
        Ok(manifest) => manifest,
        Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let place = |index| Place::Layer {
        tag: tag.clone(),
        index,
        manifest: manifest.digest().clone(),
    };
    layers(manifest.layers().to_vec(), place, store, tag.repository(), limits).await
}

async fn layers<S: Store>(
    layers: Vec<Descriptor>,
    place: impl Fn(usize) -> Place,
    store: &S,
    repository: &Repository,
    limits: &Limits,
) -> Result<Vec<Stored>, StoreError> {
    if layers.len() > LAYER_LIMIT {
        return Err(StoreError::TooLarge {
            what: format!("manifest of {} layers", layers.len()),
            limit: format!("{LAYER_LIMIT} layers"),
        });
    }
    stream::iter(layers.into_iter().enumerate())
        .map(|(index, layer)| {
            let place = place(index);
            async move {
                match blob(&layer, store, repository, limits.attachment).await {
                    Err(error) if !is_about_content(&error) => Err(error),
                    content => Ok(Stored { place, layer, content }),
                }
            }
        })
        .buffered(limits.parallel)
        .try_collect()
        .await
}

async fn blob<S: Store>(
    layer: &Descriptor,
    store: &S,
    repository: &Repository,
    limit: u64,
) -> Result<Bytes, StoreError> {
    if layer.size > limit {
        return Err(StoreError::TooLarge {
            what: format!("blob {} of {} bytes", layer.digest, layer.size),
            limit: format!("{limit} bytes"),
        });
    }
    let stream = store.blob(repository, &layer.digest, Some(layer.size)).await?;
    stream.read(limit).await
}
