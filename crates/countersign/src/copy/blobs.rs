//! Moves blobs: hashed while they move, none of them whole in memory but for the small ones.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::Digest;
use countersign_oci::blob::{HashThreads, Source, UploadOutcome};
use countersign_oci::manifest::Descriptor;
use countersign_oci::{Reference, Repository, Store, StoreError, Upload, media_type};
use tokio::sync::Semaphore;

use super::found::TagState;
use super::{CopyError, CopyOptions, Destination, Existing, Progress};

/// Moves blobs from a source to a target.
pub(super) struct Mover<'a, S, T> {
    source: &'a S,
    target: &'a T,
    /// The image's name there.
    name: &'a Reference,
    /// Where they go.
    repository: &'a Repository,
    existing: Existing,
    permits: Arc<Semaphore>,
    hashing: HashThreads,
    progress: Progress,
    delivered: Mutex<Vec<Digest>>,
    kept: AtomicUsize,
    sent: AtomicUsize,
}

impl<'a, S, T> Mover<'a, S, T>
where
    S: Store + Clone + Send + 'static,
    T: Store,
{
    pub(super) fn new(source: &'a S, destination: &Destination<'a, T>, options: &CopyOptions) -> Self {
        Self {
            source,
            target: destination.store,
            name: destination.name,
            repository: destination.name.repository(),
            existing: options.existing,
            permits: Arc::new(Semaphore::new(options.at_once.get().min(Semaphore::MAX_PERMITS))),
            hashing: HashThreads::default(),
            progress: options.progress.clone(),
            delivered: Mutex::default(),
            kept: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
        }
    }

    /// Sees to it that the target has a blob.
    pub(super) async fn send(&self, blob: &Descriptor, from: &Repository) -> Result<(), CopyError> {
        self.progress.expected.add(blob.size);
        let how = match self.send_from(blob, from).await {
            Ok(how) => how,
            // Nobody has to keep the layers that only their maker may hand out (image-spec, layer.md §non-distributable).
            Err(StoreError::NotFound { .. }) if !media_type::is_distributable(&blob.media_type) => return Ok(()),
            Err(source) => {
                return Err(CopyError::Part {
                    what: format!("copying the blob {} of {from}", blob.digest),
                    source,
                });
            }
        };
        match how {
            UploadOutcome::Sent => self.sent.fetch_add(1, Ordering::Relaxed),
            _ => {
                self.progress.moved.add(blob.size);
                self.kept.fetch_add(1, Ordering::Relaxed)
            }
        };
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        if how != UploadOutcome::Existed {
            delivered.push(blob.digest.clone());
        }
        Ok(())
    }

    async fn send_from(&self, blob: &Descriptor, from: &Repository) -> Result<UploadOutcome, StoreError> {
        let may_be_mounted = from.registry() == self.repository.registry() && from.path() != self.repository.path();
        let source = if may_be_mounted || blob.size > SMALL {
            self.streamed(blob, from)
        } else if self.target.has_blob(self.repository, &blob.digest).await? {
            return Ok(UploadOutcome::Existed);
        } else {
            let stream = self.source.blob(from, &blob.digest, Some(blob.size)).await?;
            Source::Bytes(stream.read(SMALL).await?)
        };
        let upload = Upload {
            source,
            digest: Some(blob.digest.clone()),
            size: Some(blob.size),
            mount_from: may_be_mounted.then(|| from.clone()),
            meter: Some(self.progress.moved.clone()),
        };
        Ok(self.target.push_blob(self.repository, &upload).await?.how)
    }

    /// A blob that is read as it is sent; not before its turn comes, however many there are.
    fn streamed(&self, blob: &Descriptor, from: &Repository) -> Source {
        let (source, permits, hashing) = (self.source.clone(), Arc::clone(&self.permits), self.hashing.clone());
        let (digest, size, from) = (blob.digest.clone(), blob.size, from.clone());
        Source::Stream(Arc::new(move || {
            let (source, permits, hashing) = (source.clone(), Arc::clone(&permits), hashing.clone());
            let (digest, from) = (digest.clone(), from.clone());
            Box::pin(async move {
                // The semaphore is never closed, so there always is a permit in the end.
                let permit = permits.acquire_owned().await.ok();
                let stream = source.blob(&from, &digest, Some(size)).await?.holding(permit);
                Ok(if size > HASHED_BESIDE {
                    stream.hashed_on(&hashing)
                } else {
                    stream
                })
            })
        }))
    }

    /// Says whether an attachment's tag can be written at the target.
    pub(super) async fn tag_state(&self, tag: &str, digest: &Digest) -> Result<TagState, CopyError> {
        let name = self.repository.tag(tag).map_err(StoreError::from)?;
        self.state(&name, digest, self.existing == Existing::Replaced).await
    }

    /// Says whether the image's name can be written at the target.
    pub(super) async fn name_state(&self, digest: &Digest) -> Result<TagState, CopyError> {
        self.state(self.name, digest, self.existing != Existing::Kept).await
    }

    async fn state(&self, name: &Reference, digest: &Digest, may_be_replaced: bool) -> Result<TagState, CopyError> {
        match self.target.describe(name).await? {
            None => Ok(TagState::Free),
            Some(found) if found.digest == *digest => Ok(TagState::Same),
            Some(_) if may_be_replaced => Ok(TagState::Free),
            Some(found) => Err(CopyError::Exists {
                name: name.clone(),
                found: found.digest,
                copied: digest.clone(),
            }),
        }
    }

    /// Says whether the target has a manifest.
    pub(super) async fn has_manifest(&self, digest: &Digest) -> Result<bool, CopyError> {
        let name = self.repository.digest(digest.clone());
        Ok(self.target.describe(&name).await?.is_some())
    }

    /// Says which of `digests` the target lists as referrers of `subject`.
    pub(super) async fn listed(&self, subject: &Digest, mut digests: Vec<Digest>) -> Result<Vec<Digest>, CopyError> {
        let listed = self.target.referrers(self.repository, subject).await?;
        let listed: HashSet<&Digest> = listed.iter().map(|entry| &entry.digest).collect();
        digests.retain(|digest| listed.contains(digest));
        Ok(digests)
    }

    /// The blobs that the target did not have before.
    pub(super) fn delivered(&self) -> Vec<Digest> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many blobs were there, or mounted.
    pub(super) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// How many blobs were sent.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

/// Up to this size a blob is read before it is sent, in bytes.
const SMALL: u64 = 64 * 1024;
/// Above this size a blob is hashed on a thread of its own, in bytes.
const HASHED_BESIDE: u64 = 1024 * 1024;
