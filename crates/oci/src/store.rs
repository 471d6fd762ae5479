//! The one interface over registries, layouts and archives.

use countersign_core::Digest;
use futures_util::{StreamExt, TryStreamExt};

use crate::blob::{BlobStream, Upload, Uploaded};
use crate::error::StoreError;
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Repository};

/// A place where manifests and blobs live: a registry, an image layout, an archive.
pub trait Store: Sync {
    /// Resolves a name to the digest it has now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the store says there is no such name.
    fn resolve(&self, reference: &Reference) -> impl Future<Output = Result<Pinned, StoreError>> + Send;

    /// Fetches a manifest; by digest, its bytes are checked against it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the store says there is none, [`StoreError::ManifestTooLarge`], [`StoreError::DigestMismatch`].
    fn manifest(&self, reference: &Reference) -> impl Future<Output = Result<Manifest, StoreError>> + Send;

    /// Opens a blob; where `size` is known, it is checked too.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the store says there is none.
    fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> impl Future<Output = Result<BlobStream, StoreError>> + Send;

    /// Describes what a name points at; `None` where the store says that there is no such thing. Unlike
    /// [`resolve`](Self::resolve) this asks also where the name is a digest, and takes no other name for it. It is
    /// the question of someone who is about to write.
    ///
    /// # Errors
    /// Whatever keeps us from knowing.
    fn describe(&self, reference: &Reference) -> impl Future<Output = Result<Option<Descriptor>, StoreError>> + Send {
        async {
            match self.manifest(reference).await {
                Ok(manifest) => Ok(Some(Descriptor {
                    digest: reference.digest().unwrap_or(manifest.digest()).clone(),
                    ..manifest.descriptor()
                })),
                Err(StoreError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        }
    }

    /// Says whether there is a blob.
    ///
    /// # Errors
    /// Whatever keeps us from knowing.
    fn has_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async {
            match self.blob(repository, digest, None).await {
                Ok(_) => Ok(true),
                Err(StoreError::NotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        }
    }

    /// Lists the manifests whose subject is `digest`, from the referrers API and from the fallback tag,
    /// each once, in a stable order (distribution-spec, §listing referrers).
    ///
    /// Nothing attached is an empty list; a failure to find out is an error.
    fn referrers(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> impl Future<Output = Result<Vec<Descriptor>, StoreError>> + Send;

    /// Stores a blob.
    ///
    /// # Errors
    /// [`StoreError::DigestMismatch`] where the bytes are not those of the digest given.
    fn push_blob(
        &self,
        repository: &Repository,
        upload: &Upload,
    ) -> impl Future<Output = Result<Uploaded, StoreError>> + Send;

    /// Stores a manifest under a tag or its digest. Where it has a subject, it is listed by
    /// [`referrers`](Self::referrers) once this returns, also when other writers add theirs at the same time.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where `condition` no longer holds and the store checks it.
    fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Stores manifests under the digests given, all that they name being there already: parts of an index, and
    /// referrers. Those with a subject are listed by [`referrers`](Self::referrers) once this returns.
    ///
    /// # Errors
    /// As [`push_manifest`](Self::push_manifest); some may be stored all the same.
    fn push_manifests(
        &self,
        repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async {
            let pushes = manifests.iter().map(|(digest, manifest)| async {
                let name = repository.digest((*digest).clone());
                self.push_manifest(&name, manifest, Condition::Always).await
            });
            let pushes: Vec<_> = pushes.collect();
            futures_util::stream::iter(pushes)
                .buffer_unordered(PARALLEL)
                .try_collect()
                .await
        }
    }

    /// Replaces what a tag points at, once, and says whether the condition was checked in doing so.
    ///
    /// What it is for is [`append`](crate::append::append). Unless a store says otherwise nothing was checked, and what
    /// was written is looked at again: a store around another that forgets this method is slow, and loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where `condition` does not hold and the store checks it.
    fn replace(
        &self,
        tag: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> impl Future<Output = Result<Replacement, StoreError>> + Send {
        async {
            self.push_manifest(tag, manifest, condition).await?;
            Ok(Replacement::Unchecked)
        }
    }

    /// Gets ready for what is about to be pushed, as far as that can be done before it is known.
    ///
    /// Nothing depends on it but time: what was not done, or failed, is done when it is needed.
    fn expect(&self, expected: Expected<'_>) -> impl Future<Output = ()> + Send {
        let _not_needed = expected;
        async {}
    }

    /// What `tag` held when the store [expected](Self::expect) its replacement; told once, and good for a guess only.
    fn glance(&self, tag: &Reference) -> Option<Glance> {
        let _not_looked_at = tag;
        None
    }

    /// Removes a manifest whose subject is `subject`, and takes it off every list of referrers, also while others add
    /// theirs.
    ///
    /// # Errors
    /// [`StoreError::NotAllowed`] where the store does not delete; it may be off the list all the same.
    fn remove_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        referrer: &Digest,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let what = format!("{repository}@{referrer}, which refers to {subject}");
        async {
            Err(StoreError::NotAllowed {
                what,
                reason: "this store does not delete".to_owned(),
            })
        }
    }
}

/// What is about to be pushed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Expected<'a> {
    /// So many small blobs.
    Blobs(&'a Repository, usize),
    /// A manifest that refers to this digest.
    Referrer(&'a Repository, &'a Digest),
    /// Another manifest under this tag.
    Replacement(&'a Reference),
}

/// What a tag held a while ago.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The manifest; `None` where there was no such tag.
    pub manifest: Option<Manifest>,
}

/// Whether the condition of a replacement was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// It was, and held: nothing of another writer was lost.
    Checked,
    /// It was not: another writer's change may be lost, and this one may still be.
    Unchecked,
}

/// What must hold for a manifest to be replaced (RFC 9110 §13.1.1, If-Match and If-None-Match).
///
/// Few registries check it: what was written must be read back all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Nothing.
    Always,
    /// The tag still points at this digest.
    Unchanged(Digest),
    /// The tag does not exist yet.
    Absent,
}

/// How many manifests are stored at once.
pub(crate) const PARALLEL: usize = 64;
