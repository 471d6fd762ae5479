//! Lists what is attached, without judging it.

use std::collections::BTreeMap;

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest, Platform};
use countersign_oci::reference::Reference;
use countersign_oci::{Pinned, Store, StoreError, media_type};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::discover::is_about_content;
use super::referrer::{PREDICATE_TYPE_ANNOTATION, countersigned};
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
    /// The artifact about whose signatures it says that it is.
    pub countersigns: Option<String>,
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
    children: BTreeMap<Digest, Vec<Child>>,
}

/// What an index lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its digest.
    pub digest: Digest,
    /// Whether it is an index itself.
    pub is_index: bool,
    /// The platform that it is for, where the index says one.
    pub platform: Option<Platform>,
    /// The manifest beside it that BuildKit's attestations in it are about, where it holds such.
    pub attests: Option<String>,
}

impl Beneath {
    /// What the index `digest` lists; nothing where it is no index, or was not looked at.
    pub fn children(&self, digest: &Digest) -> &[Child] {
        self.children.get(digest).map_or(&[], Vec::as_slice)
    }

    /// What is attached to `digest`; `None` where it was not looked for, past [`DEPTH`] levels or [`COUNT`] manifests.
    pub fn listing(&self, digest: &Digest) -> Option<&Listing> {
        self.listings.get(digest)
    }
}

/// Lists what is attached to `image`, to what is beneath it where it is an index, and to each manifest found so.
///
/// # Errors
/// Whatever keeps us from knowing.
pub async fn list_beneath<S: Store>(image: &Pinned, store: &S, location: &Location) -> Result<Beneath, StoreError> {
    let mut beneath = Beneath::default();
    let mut level = vec![(image.digest().clone(), true)];
    for _ in 0..DEPTH {
        level.retain(|(digest, _)| !beneath.listings.contains_key(digest));
        level.truncate(COUNT.saturating_sub(beneath.listings.len()));
        let found: Vec<(Digest, Listing, Vec<Child>)> = stream::iter(level)
            .map(|(digest, may_be_index)| look(image, digest, may_be_index, store, location))
            .buffered(PARALLEL_LISTS)
            .try_collect()
            .await?;
        level = Vec::new();
        for (digest, listing, children) in found {
            let tags = listing.tags.iter().map(|tag| (tag.digest.clone(), false));
            let referrers = listing.referrers.iter();
            level.extend(tags.chain(referrers.map(|referrer| (referrer.digest.clone(), false))));
            level.extend(children.iter().map(|child| (child.digest.clone(), child.is_index)));
            beneath.listings.insert(digest.clone(), listing);
            if !children.is_empty() {
                beneath.children.insert(digest, children);
            }
        }
        if level.is_empty() {
            break;
        }
    }
    Ok(beneath)
}

async fn look<S: Store>(
    image: &Pinned,
    digest: Digest,
    may_be_index: bool,
    store: &S,
    location: &Location,
) -> Result<(Digest, Listing, Vec<Child>), StoreError> {
    let attached = location.repository().digest(digest.clone()).pin(digest.clone());
    let children = async {
        match may_be_index {
            true => children(&image.repository().digest(digest.clone()), store).await,
            false => Ok(Vec::new()),
        }
    };
    let (listing, children) = tokio::try_join!(list(&attached, store, location), children)?;
    Ok((digest, listing, children))
}

/// What an index lists; nothing where there is no manifest, or it is no index.
async fn children<S: Store>(name: &Reference, store: &S) -> Result<Vec<Child>, StoreError> {
    let manifest = match store.manifest(name).await {
        Ok(manifest) => manifest,
        Err(error) if is_about_content(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let entries = manifest.manifests().iter().take(COUNT);
    Ok(entries
        .map(|entry| Child {
            digest: entry.digest.clone(),
            is_index: media_type::is_index(&entry.media_type),
            platform: entry.platform.clone(),
            attests: attested(entry).map(str::to_owned),
        })
        .collect())
}

/// What BuildKit's attestations are about, where an entry of an index is a manifest of such: its annotations say so.
pub fn attested(entry: &Descriptor) -> Option<&str> {
    let is_attestation = entry
        .annotations
        .get(BUILDKIT_TYPE)
        .is_some_and(|kind| kind == "attestation-manifest");
    let about = entry.annotations.get(BUILDKIT_DIGEST).map_or("", String::as_str);
    is_attestation.then_some(about)
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
            let listed = countersigned(&descriptor.annotations).map(str::to_owned);
            let (kind, countersigns) = match described_kind(&descriptor) {
                Some(kind) => (kind, listed),
                None => {
                    let name = location.repository().digest(descriptor.digest.clone());
                    match store.manifest(&name).await {
                        Ok(manifest) => (
                            manifest_kind(&manifest),
                            countersigned(&manifest.content().annotations).map(str::to_owned),
                        ),
                        // A list may name what is not there, or not what it says.
                        Err(error) if is_about_content(&error) => (UNREADABLE.to_owned(), None),
                        Err(error) => return Err(error),
                    }
                }
            };
            Ok(Referrer {
                digest: descriptor.digest,
                kind,
                countersigns,
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

/// The kind of a manifest that is listed, and not there or not what a manifest is.
pub const UNREADABLE: &str = "unreadable";
/// How many levels are listed beneath an artifact.
pub const DEPTH: usize = 8;
/// How many manifests are looked at beneath an artifact.
pub const COUNT: usize = 1000;
const PARALLEL: usize = 64;
/// BuildKit's annotations of an index (`docs/attestations/attestation-storage.md` of moby/buildkit).
const BUILDKIT_TYPE: &str = "vnd.docker.reference.type";
const BUILDKIT_DIGEST: &str = "vnd.docker.reference.digest";
/// Each list takes four requests.
const PARALLEL_LISTS: usize = 16;
