//! OCI archives: an image layout in a tar file, read without unpacking it.

pub(crate) mod entries;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(crate) mod write;

use std::path::Path;
use std::sync::Arc;

use countersign_core::Digest;

use crate::blob::{BlobStream, Upload, Uploaded};
use crate::error::StoreError;
use crate::layout::contents::Contents;
use crate::layout::files::{Files, blocking};
use crate::layout::{self};
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Repository};
use crate::store::{Condition, Store};

use entries::Entries;

/// An image layout in a tar archive; it can be read but not written.
///
/// Names are looked up as in a [`Layout`](crate::layout::Layout).
#[derive(Clone)]
pub struct Archive {
    contents: Arc<Contents>,
}

impl Archive {
    /// Opens the archive at `path` and reads its table of contents.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is nothing, [`StoreError::Malformed`] where it is not such an archive, is
    /// compressed, or has names or links that could mean different things to different readers.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let contents = blocking(move || Contents::open(Files::Archive(Entries::scan(&path)?)));
        Ok(Self {
            contents: Arc::new(contents.await?),
        })
    }

    /// Resolves the one image of the archive; what belongs to it (signatures, referrers) does not count.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, [`StoreError::Ambiguous`] where there are several.
    pub async fn only(&self) -> Result<Pinned, StoreError> {
        layout::only(&self.contents).await
    }

    /// Lists the entries of `index.json`, in its order.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] and [`StoreError::TooLarge`].
    pub async fn entries(&self) -> Result<Vec<Descriptor>, StoreError> {
        layout::entries(&self.contents).await
    }

    /// Lists the tags, sorted.
    ///
    /// # Errors
    /// As [`entries`](Self::entries).
    pub async fn tags(&self) -> Result<Vec<String>, StoreError> {
        layout::tags(&self.contents).await
    }

    fn read_only(&self) -> StoreError {
        StoreError::NotAllowed {
            what: self.contents.files().place(),
            reason: "an archive can only be read; unpack it and write to the image layout".to_owned(),
        }
    }
}

impl Store for Archive {
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        layout::resolve(&self.contents, reference).await
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        layout::manifest(&self.contents, reference).await
    }

    async fn blob(
        &self,
        _repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        layout::blob(&self.contents, digest, size).await
    }

    async fn referrers(&self, _repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        layout::referrers(&self.contents, digest).await
    }

    async fn push_blob(&self, _repository: &Repository, _upload: &Upload) -> Result<Uploaded, StoreError> {
        Err(self.read_only())
    }

    async fn push_manifest(
        &self,
        _reference: &Reference,
        _manifest: &Manifest,
        _condition: Condition,
    ) -> Result<(), StoreError> {
        Err(self.read_only())
    }
}
