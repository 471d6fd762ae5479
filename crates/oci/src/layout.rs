//! Image layouts: a store in a directory (image-spec, image-layout.md).
//!
//! A layout has tags but no repositories: every [`Repository`] names the same content in it, so that what is addressed
//! to a registry can be looked up in a directory unchanged. [`Layout::repository`] is a name for when there is none.
//! The tag `latest`, which a name without a tag means, is also the only image of a layout that has no such tag.

pub(crate) mod contents;
pub(crate) mod files;
mod referrers;
pub(crate) mod write;

use std::path::Path;
use std::sync::Arc;

use countersign_core::Digest;

use crate::blob::{BlobStream, Upload, Uploaded};
use crate::error::StoreError;
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Repository};
use crate::store::{Condition, Replacement, Store};

#[cfg(fuzzing)]
pub use self::write::fuzzing;
use contents::{Contents, REF_NAME};
use files::{Directory, Files, blocking};

/// What a manifest is in a layout that `cosign save` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedRole {
    /// The image or index that was saved.
    Image,
    /// Its signatures: the manifest under the tag `sha256-<hex>.sig`.
    Signatures,
    /// Its attestations: the manifest under the tag `sha256-<hex>.att`.
    Attestations,
}

/// An image layout in a directory.
#[derive(Clone)]
pub struct Layout {
    pub(crate) contents: Arc<Contents>,
}

impl Layout {
    /// Opens the layout at `path`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is nothing, [`StoreError::Malformed`] where it is not a layout.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let contents = blocking(move || Contents::open(Files::Directory(Directory::open_at(&path)?)));
        Ok(Self {
            contents: Arc::new(contents.await?),
        })
    }

    /// Opens the layout at `path`, and makes an empty one where there is none.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`StoreError::File`] where it cannot be made.
    pub async fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let made = path.clone();
        blocking(move || write::create(&made)).await?;
        Self::open(path).await
    }

    /// A repository's name for a layout that was not named after one.
    ///
    /// # Panics
    /// Never: the name is a constant.
    pub fn repository() -> Repository {
        LOCAL.parse().expect("a constant name of a host and a path")
    }

    /// Resolves the one image of the layout; what belongs to it (signatures, referrers) does not count.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, [`StoreError::Ambiguous`] where there are several.
    pub async fn only(&self) -> Result<Pinned, StoreError> {
        only(&self.contents).await
    }

    /// Lists the entries of `index.json`, in its order.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] and [`StoreError::TooLarge`].
    pub async fn entries(&self) -> Result<Vec<Descriptor>, StoreError> {
        entries(&self.contents).await
    }

    /// Lists the tags, sorted.
    ///
    /// # Errors
    /// As [`entries`](Self::entries).
    pub async fn tags(&self) -> Result<Vec<String>, StoreError> {
        tags(&self.contents).await
    }

    /// Stores a manifest as `cosign save` does, so that `cosign load` and `cosign verify --local-image` find it.
    ///
    /// Like there, a layout holds one image with what belongs to it: saving an image takes the place of the one
    /// saved before, with its signatures and attestations.
    ///
    /// # Errors
    /// [`StoreError::File`] where it cannot be written.
    pub async fn save(&self, manifest: &Manifest, role: SavedRole) -> Result<(), StoreError> {
        let (contents, manifest) = (self.contents.clone(), manifest.clone());
        blocking(move || write::save(&contents, &manifest, role)).await
    }

    /// Takes a tag away; the manifest stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such tag.
    pub async fn untag(&self, tag: &str) -> Result<(), StoreError> {
        let (contents, tag) = (self.contents.clone(), tag.to_owned());
        blocking(move || write::untag(&contents, &tag)).await
    }
}

impl Store for Layout {
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        resolve(&self.contents, reference).await
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        manifest(&self.contents, reference).await
    }

    async fn blob(
        &self,
        _repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        blob(&self.contents, digest, size).await
    }

    async fn referrers(&self, _repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        referrers(&self.contents, digest).await
    }

    async fn describe(&self, reference: &Reference) -> Result<Option<Descriptor>, StoreError> {
        let (contents, reference) = (self.contents.clone(), reference.clone());
        blocking(move || contents.describe(&reference)).await
    }

    async fn has_blob(&self, _repository: &Repository, digest: &Digest) -> Result<bool, StoreError> {
        Ok(write::size_of(&self.contents, digest).await?.is_some())
    }

    async fn push_blob(&self, _repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        write::push_blob(&self.contents, upload).await
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<(), StoreError> {
        let (contents, reference, manifest) = (self.contents.clone(), reference.clone(), manifest.clone());
        blocking(move || write::push_manifest(&contents, &reference, &manifest, &condition)).await
    }

    /// What has a subject is listed in `index.json`; what has none is a part of an index, and only that lists it, or it
    /// would be another image of the layout.
    async fn push_manifests(
        &self,
        _repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> Result<(), StoreError> {
        let owned = manifests
            .iter()
            .map(|(digest, manifest)| ((*digest).clone(), (*manifest).clone()));
        let (contents, owned) = (self.contents.clone(), owned.collect::<Vec<_>>());
        blocking(move || write::push_manifests(&contents, &owned)).await
    }

    /// Conditions are checked under the folder's lock.
    async fn replace(
        &self,
        tag: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<Replacement, StoreError> {
        self.push_manifest(tag, manifest, condition).await?;
        Ok(Replacement::Checked)
    }

    async fn remove_referrer(
        &self,
        _repository: &Repository,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<(), StoreError> {
        let (contents, subject, referrer) = (self.contents.clone(), subject.clone(), referrer.clone());
        blocking(move || write::remove(&contents, &subject, &referrer)).await
    }
}

pub(crate) async fn only(contents: &Arc<Contents>) -> Result<Pinned, StoreError> {
    let contents = contents.clone();
    let digest = blocking(move || contents.only()).await?;
    Ok(Layout::repository().digest(digest.clone()).pin(digest))
}

pub(crate) async fn entries(contents: &Arc<Contents>) -> Result<Vec<Descriptor>, StoreError> {
    let contents = contents.clone();
    blocking(move || Ok(contents.index()?.entries().to_vec())).await
}

pub(crate) async fn tags(contents: &Arc<Contents>) -> Result<Vec<String>, StoreError> {
    let mut tags: Vec<String> = entries(contents)
        .await?
        .iter()
        .filter_map(|entry| entry.annotations.get(REF_NAME).cloned())
        .collect();
    tags.sort();
    tags.dedup();
    Ok(tags)
}

pub(crate) async fn resolve(contents: &Arc<Contents>, reference: &Reference) -> Result<Pinned, StoreError> {
    let (contents, reference) = (contents.clone(), reference.clone());
    blocking(move || contents.pin(&reference)).await
}

pub(crate) async fn manifest(contents: &Arc<Contents>, reference: &Reference) -> Result<Manifest, StoreError> {
    let (contents, reference) = (contents.clone(), reference.clone());
    blocking(move || contents.manifest(&reference)).await
}

pub(crate) async fn blob(
    contents: &Arc<Contents>,
    digest: &Digest,
    size: Option<u64>,
) -> Result<BlobStream, StoreError> {
    let (shared, wanted) = (contents.clone(), digest.clone());
    let section = blocking(move || shared.blob(&wanted)).await?;
    Ok(BlobStream::new(
        section.chunks(),
        contents.name_of(digest),
        digest,
        size,
    ))
}

pub(crate) async fn referrers(contents: &Arc<Contents>, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
    let (contents, digest) = (contents.clone(), digest.clone());
    blocking(move || contents.referrers(&digest)).await
}

const LOCAL: &str = "layout.local/image";
