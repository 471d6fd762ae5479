//! An image on its way into a layout of its own, in a folder or in a tar file.
//!
//! Blobs are stored as they come. What `index.json` lists is written once, at the end: with the annotations by which
//! `cosign load` and `cosign verify --local-image` find an image and its signatures, with tags for other readers, and
//! with everything that refers to something. Until then the layout holds what it held before.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::Digest;

use crate::archive::write::Writer;
use crate::blob::{BlobStream, Upload, Uploaded};
use crate::error::StoreError;
use crate::layout::contents::{
    INDEX_FILE, KIND, KIND_ATTESTATIONS, KIND_IMAGE, KIND_INDEX, KIND_SIGNATURES, LAYOUT_FILE, REF_NAME,
};
use crate::layout::files::blocking;
use crate::layout::write::{EMPTY_INDEX, layout_file};
use crate::layout::{Layout, write};
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Repository, Target};
use crate::store::{Condition, Store};

/// An image on its way into a layout of its own.
#[derive(Clone)]
pub struct Saving(Arc<Shared>);

struct Shared {
    place: Place,
    entries: Mutex<Vec<Entry>>,
}

enum Place {
    Folder(Layout),
    Archive(Arc<Writer>),
}

/// What will be in `index.json`.
#[derive(Clone)]
struct Entry {
    descriptor: Descriptor,
    subject: Option<Digest>,
}

impl Saving {
    /// Saves into the layout at `path`, which is made where there is none.
    ///
    /// # Errors
    /// As [`Layout::create`].
    pub async fn into_folder(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self::new(Place::Folder(Layout::create(path).await?)))
    }

    /// Saves into a tar file at `path`, which appears when it is complete.
    ///
    /// # Errors
    /// [`StoreError::File`] where it cannot be made.
    pub async fn into_archive(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let writer = blocking(move || {
            let writer = Writer::create(&path)?;
            writer.add(LAYOUT_FILE, layout_file().as_bytes())?;
            Ok(writer)
        });
        Ok(Self::new(Place::Archive(Arc::new(writer.await?))))
    }

    fn new(place: Place) -> Self {
        Self(Arc::new(Shared {
            place,
            entries: Mutex::default(),
        }))
    }

    /// Writes `index.json`, with `image` as what was saved, in the place of what was saved there before.
    ///
    /// # Errors
    /// [`StoreError::File`] where it cannot be written.
    pub async fn finish(&self, image: &Digest) -> Result<(), StoreError> {
        let entries = self.listed(image);
        match &self.0.place {
            Place::Folder(layout) => {
                let contents = layout.contents.clone();
                blocking(move || write::save_all(&contents, entries)).await
            }
            Place::Archive(writer) => {
                let writer = Arc::clone(writer);
                blocking(move || {
                    let mut editor = write::index::Editor::parse(EMPTY_INDEX.as_bytes(), &writer.place())?;
                    editor.save_all(entries)?;
                    writer.add(INDEX_FILE, editor.to_json()?.as_bytes())?;
                    writer.finish()
                })
                .await
            }
        }
    }

    /// The entries, the image first, with the kinds that `cosign save` writes.
    fn listed(&self, image: &Digest) -> Vec<Descriptor> {
        let tag = image.as_str().replacen(':', "-", 1);
        let (signatures, attestations) = (format!("{tag}.sig"), format!("{tag}.att"));
        let mut entries: Vec<Descriptor> = self.entries().iter().map(|entry| entry.descriptor.clone()).collect();
        for entry in &mut entries {
            let name = entry.annotations.get(REF_NAME);
            let kind = if entry.digest == *image {
                match crate::media_type::is_index(&entry.media_type) {
                    true => KIND_INDEX,
                    false => KIND_IMAGE,
                }
            } else if name == Some(&signatures) {
                KIND_SIGNATURES
            } else if name == Some(&attestations) {
                KIND_ATTESTATIONS
            } else {
                continue;
            };
            entry.annotations.insert(KIND.to_owned(), kind.to_owned());
        }
        entries.sort_by_key(|entry| (entry.digest != *image, !entry.annotations.contains_key(KIND)));
        entries
    }

    async fn keep(&self, digest: &Digest, manifest: &Manifest) -> Result<(), StoreError> {
        let upload = Upload {
            digest: Some(digest.clone()),
            ..Upload::bytes(manifest.bytes().clone())
        };
        match &self.0.place {
            Place::Folder(layout) => {
                let (contents, manifest, digest) = (layout.contents.clone(), manifest.clone(), digest.clone());
                blocking(move || write::keep_manifest(&contents, &manifest, &digest).map(drop)).await
            }
            Place::Archive(writer) => writer.push_blob(&upload).await.map(drop),
        }
    }

    fn list(&self, digest: &Digest, manifest: &Manifest, tag: Option<&str>) {
        let mut descriptor = Descriptor {
            digest: digest.clone(),
            artifact_type: manifest.content().artifact_type.clone(),
            ..manifest.descriptor()
        };
        let named = tag.map(|tag| (REF_NAME.to_owned(), tag.to_owned()));
        descriptor.annotations.extend(named);
        let mut entries = self.entries();
        let is_replaced = |entry: &Entry| match (entry.descriptor.annotations.get(REF_NAME), tag) {
            (Some(name), Some(tag)) => name == tag,
            (None, _) => entry.descriptor.digest == *digest,
            (Some(_), None) => false,
        };
        entries.retain(|entry| !is_replaced(entry));
        entries.push(Entry {
            descriptor,
            subject: manifest
                .content()
                .subject
                .as_ref()
                .map(|subject| subject.digest.clone()),
        });
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn not_found(&self, what: &str) -> StoreError {
        let place = match &self.0.place {
            Place::Folder(layout) => layout.contents.files().place(),
            Place::Archive(writer) => writer.place(),
        };
        StoreError::NotFound {
            what: format!("{place}: {what}"),
        }
    }
}

impl Store for Saving {
    /// Knows the tags of what is being saved, not those that the layout had before.
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        let digest = match reference.target() {
            Target::Digest(digest) => Some(digest.clone()),
            Target::Tag(tag) => {
                let entries = self.entries();
                let has_tag =
                    |entry: &&Entry| entry.descriptor.annotations.get(REF_NAME).map(|name| &**name) == Some(tag);
                entries
                    .iter()
                    .find(has_tag)
                    .map(|entry| entry.descriptor.digest.clone())
            }
        };
        match digest {
            Some(digest) => Ok(reference.clone().pin(digest)),
            None => Err(self.not_found(&reference.target().to_string())),
        }
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        let pinned = self.resolve(reference).await?;
        let name = Layout::repository().digest(pinned.digest().clone());
        match &self.0.place {
            Place::Folder(layout) => layout.manifest(&name).await,
            Place::Archive(_) => {
                let stream = self.blob(name.repository(), pinned.digest(), None).await?;
                let bytes = stream.read(Manifest::LIMIT as u64).await?;
                Manifest::parse(bytes, "")
            }
        }
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        match &self.0.place {
            Place::Folder(layout) => layout.blob(repository, digest, size).await,
            Place::Archive(writer) => {
                let section = writer.blob(digest).ok_or_else(|| self.not_found(digest.as_str()))?;
                let what = format!("{}: {digest}", writer.place());
                Ok(BlobStream::new(section.chunks(), what, digest, size))
            }
        }
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, StoreError> {
        match &self.0.place {
            Place::Folder(layout) => layout.has_blob(repository, digest).await,
            Place::Archive(writer) => Ok(writer.blob(digest).is_some()),
        }
    }

    async fn referrers(&self, _repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let entries = self.entries();
        let refers = |entry: &&Entry| entry.subject.as_ref() == Some(digest);
        Ok(entries
            .iter()
            .filter(refers)
            .map(|entry| entry.descriptor.clone())
            .collect())
    }

    async fn push_blob(&self, repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        match &self.0.place {
            Place::Folder(layout) => layout.push_blob(repository, upload).await,
            Place::Archive(writer) => writer.push_blob(upload).await,
        }
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        _condition: Condition,
    ) -> Result<(), StoreError> {
        let (digest, tag) = match reference.target() {
            Target::Digest(digest) => (digest, None),
            Target::Tag(tag) => (manifest.digest(), Some(&**tag)),
        };
        self.keep(digest, manifest).await?;
        self.list(digest, manifest, tag);
        Ok(())
    }

    /// What has no subject is a part of an index, and only that lists it.
    async fn push_manifests(
        &self,
        _repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> Result<(), StoreError> {
        for (digest, manifest) in manifests {
            self.keep(digest, manifest).await?;
            if manifest.content().subject.is_some() {
                self.list(digest, manifest, None);
            }
        }
        Ok(())
    }
}
