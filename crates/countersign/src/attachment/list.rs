//! Lists what is attached, without judging it.

use std::collections::BTreeMap;

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::reference::Reference;
use countersign_oci::{Pinned, Store, StoreError, media_type};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::referrer::PREDICATE_TYPE_ANNOTATION;
use super::{Kind, Location};

/// What is attached to an artifact, unverified, in a stable order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The tags of cosign v2's format that exist: signatures, attestations, SBOMs.
    pub tags: Vec<Tag>,
    /// The manifests that refer to the artifact.
    pub referrers: Vec<Referrer>,
}

/// An attachment tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub name: Reference,
    /// The digest of its manifest.
    pub digest: Digest,
    /// The digests of its layers.
    pub layers: Vec<Digest>,
}

/// A manifest that refers to the artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its digest.
    pub digest: Digest,
    /// Its predicate type where it says one, else its artifact type.
    pub kind: String,
}

/// Lists what is attached to `image`, everything asked for at once.
///
/// # Errors
/// Whatever keeps us from knowing.
pub async fn list<S: Store>(image: &Pinned, store: &S, location: &Location) -> Result<Listing, StoreError> {
    let tag = |kind| attachment_tag(image, store, location, kind);
    let (referrers, signatures, attestations, sboms) = tokio::try_join!(
        referrers(image, store, location),
        tag(Kind::Signature),
        tag(Kind::Attestation),
        tag(Kind::Sbom),
    )?;
    Ok(Listing {
        tags: [signatures, attestations, sboms].into_iter().flatten().collect(),
        referrers,
    })
}

/// Everything beneath an artifact: what is attached to it, what is attached to that, and so on; unverified.
#[derive(Clone, Debug, Default)]
pub struct Beneath {
    listings: BTreeMap<Digest, Listing>,
}

impl Beneath {
    /// What is attached to `digest`; `None` where it was not looked for, past [`DEPTH`] levels or [`COUNT`] manifests.
    pub fn listing(&self, digest: &Digest) -> Option<&Listing> {
        self.listings.get(digest)
    }
}

/// Lists what is attached to `image` and to each manifest found so.
///
/// # Errors
/// Whatever keeps us from knowing.
pub async fn list_beneath<S: Store>(image: &Pinned, store: &S, location: &Location) -> Result<Beneath, StoreError> {
    let mut beneath = Beneath::default();
    let mut level = vec![image.digest().clone()];
    for _ in 0..DEPTH {
        level.retain(|digest| !beneath.listings.contains_key(digest));
        level.truncate(COUNT.saturating_sub(beneath.listings.len()));
        let found: Vec<(Digest, Listing)> = stream::iter(level)
            .map(|digest| async move {
                let image = location.repository().digest(digest.clone()).pin(digest.clone());
                Ok::<_, StoreError>((digest, list(&image, store, location).await?))
            })
            .buffered(PARALLEL_LISTS)
            .try_collect()
            .await?;
        level = found
            .iter()
            .flat_map(|(_, listing)| {
                let tags = listing.tags.iter().map(|tag| &tag.digest);
                tags.chain(listing.referrers.iter().map(|referrer| &referrer.digest))
            })
            .cloned()
            .collect();
        beneath.listings.extend(found);
        if level.is_empty() {
            break;
        }
    }
    Ok(beneath)
}

async fn attachment_tag<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    kind: Kind,
) -> Result<Option<Tag>, StoreError> {
    let name = location.tag(image.digest(), kind)?;
    match store.manifest(&name).await {
        Ok(manifest) => Ok(Some(Tag {
            kind,
            name,
            digest: manifest.digest().clone(),
            layers: manifest.layers().iter().map(|layer| layer.digest.clone()).collect(),
        })),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn referrers<S: Store>(image: &Pinned, store: &S, location: &Location) -> Result<Vec<Referrer>, StoreError> {
    let listed = store.referrers(location.repository(), image.digest()).await?;
    stream::iter(listed)
        .map(|descriptor| async move {
            let kind = match described_kind(&descriptor) {
                Some(kind) => kind,
                None => {
                    let name = location.repository().digest(descriptor.digest.clone());
                    manifest_kind(&store.manifest(&name).await?)
                }
            };
            Ok(Referrer {
                digest: descriptor.digest,
                kind,
            })
        })
        .buffered(PARALLEL)
        .try_collect()
        .await
}

/// The kind, where the list itself says enough: lists may lack annotations, and artifact types that are really the
/// configuration's media type (go-containerregistry).
fn described_kind(descriptor: &Descriptor) -> Option<String> {
    if let Some(predicate_type) = descriptor.annotations.get(PREDICATE_TYPE_ANNOTATION) {
        return Some(predicate_type.clone());
    }
    descriptor.artifact_type.clone().filter(|kind| {
        !kind.is_empty() && kind != media_type::OCI_EMPTY && !kind.starts_with(super::referrer::BUNDLE_PREFIX)
    })
}

fn manifest_kind(manifest: &Manifest) -> String {
    manifest
        .content()
        .annotations
        .get(PREDICATE_TYPE_ANNOTATION)
        .map(String::as_str)
        .or_else(|| manifest.artifact_type())
        .unwrap_or("unknown")
        .to_owned()
}

/// How many levels are listed beneath an artifact.
pub const DEPTH: usize = 5;
/// How many manifests are looked at beneath an artifact.
pub const COUNT: usize = 1000;
const PARALLEL: usize = 64;
/// Each list takes four requests.
const PARALLEL_LISTS: usize = 16;
