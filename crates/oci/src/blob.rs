//! Blobs on the way: hashed while they move, never whole in memory unless asked for with a limit.

mod hashing;
mod reading;

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use countersign_core::Digest;
use countersign_core::digest::Hasher;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

pub use self::hashing::HashThreads;
use self::hashing::Hashed;
use crate::error::StoreError;
use crate::reference::Repository;

/// Counts bytes as they move, for whoever shows progress.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Adds `bytes` that have moved.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes moved so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A blob being read; its size and digest are checked while the bytes move, and a blob that does not match ends in an error.
pub struct BlobStream {
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>,
    check: Check,
    /// What is let go of once the blob has been read.
    guard: Option<Box<dyn std::any::Any + Send>>,
}

struct Check {
    what: String,
    expected: Digest,
    size: Option<u64>,
    found: u64,
    hashing: Hashing,
    meter: Option<Meter>,
}

enum Hashing {
    /// Here, as the bytes pass.
    Inline(Hasher),
    /// On another thread.
    Beside(Hashed),
    /// By who reads, who compares it too.
    ByReader,
    /// It has been compared.
    Done,
}

impl BlobStream {
    /// Reads `chunks`, which must be the blob `expected` of `size` bytes where the size is known; `what` names it in errors.
    pub fn new(
        chunks: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static,
        what: String,
        expected: &Digest,
        size: Option<u64>,
    ) -> Self {
        Self {
            chunks: Box::pin(chunks),
            check: Check {
                what,
                hashing: Hashing::Inline(Hasher::new(expected.algorithm())),
                expected: expected.clone(),
                size,
                found: 0,
                meter: None,
            },
            guard: None,
        }
    }

    /// Hashes on `threads`, so that other bytes move meanwhile. For a stream that was not read yet, in a runtime.
    pub fn hashed_on(mut self, threads: &HashThreads) -> Self {
        self.check.hashing = Hashing::Beside(threads.begin(self.check.expected.algorithm()));
        self
    }

    /// Leaves it to the reader to hash what comes, and to compare it: the size alone is checked. What names it in errors.
    pub(crate) fn hashed_by_reader(mut self) -> (Self, String) {
        self.check.hashing = Hashing::ByReader;
        let what = self.check.what.clone();
        (self, what)
    }

    /// The digest that it must have.
    pub fn digest(&self) -> &Digest {
        &self.check.expected
    }

    /// Keeps `guard` until the stream is dropped.
    pub fn holding(mut self, guard: impl Send + 'static) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    /// Counts the bytes on `meter`.
    pub fn metered(mut self, meter: Meter) -> Self {
        self.check.meter = Some(meter);
        self
    }

    /// The next bytes; `None` after the last.
    ///
    /// Size and digest are checked before the last bytes are handed on where the size is known, otherwise before the
    /// `None`: who sends as many bytes as were announced asks for no more, and would have sent all of a wrong blob.
    ///
    /// # Errors
    /// What the store says, [`StoreError::SizeMismatch`] or [`StoreError::DigestMismatch`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        if matches!(self.check.hashing, Hashing::Done) {
            return Ok(None);
        }
        let Some(chunk) = self.chunks.next().await.transpose()? else {
            self.check.finish().await?;
            return Ok(None);
        };
        self.check.add(&chunk).await?;
        if self.check.size == Some(self.check.found) {
            while let Some(more) = self.chunks.next().await.transpose()? {
                self.check.add(&more).await?;
            }
            self.check.finish().await?;
        }
        Ok(Some(chunk))
    }

    /// Reads the whole blob into memory.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] past `limit` bytes, else as [`next`](Self::next).
    pub async fn read(mut self, limit: u64) -> Result<Bytes, StoreError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            if (all.len() + chunk.len()) as u64 > limit {
                return Err(StoreError::TooLarge {
                    what: self.check.what,
                    limit: format!("{limit} bytes"),
                });
            }
            if all.is_empty() && Some(chunk.len() as u64) == self.check.size {
                return Ok(chunk);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Writes the whole blob to `sink` and flushes it.
    ///
    /// # Errors
    /// As [`next`](Self::next), or [`StoreError::File`] where `sink` fails.
    pub async fn copy_to(mut self, sink: &mut (impl AsyncWrite + Unpin)) -> Result<u64, StoreError> {
        while let Some(chunk) = self.next().await? {
            sink.write_all(&chunk).await.map_err(|source| self.check.file(source))?;
        }
        sink.flush().await.map_err(|source| self.check.file(source))?;
        Ok(self.check.found)
    }
}

impl Check {
    async fn add(&mut self, chunk: &Bytes) -> Result<(), StoreError> {
        self.found += chunk.len() as u64;
        if let Some(size) = self.size
            && self.found > size
        {
            return Err(self.size_mismatch(size));
        }
        match &mut self.hashing {
            Hashing::Inline(hasher) => hasher.update(chunk),
            Hashing::Beside(hashed) => hashed.add(chunk).await,
            Hashing::ByReader | Hashing::Done => {}
        }
        if let Some(meter) = &self.meter {
            meter.add(chunk.len() as u64);
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(size) = self.size
            && self.found != size
        {
            return Err(self.size_mismatch(size));
        }
        let found = match std::mem::replace(&mut self.hashing, Hashing::Done) {
            Hashing::Inline(hasher) => hasher.finish(),
            Hashing::Beside(hashed) => hashed.finish().await,
            Hashing::ByReader | Hashing::Done => return Ok(()),
        };
        if found != self.expected {
            return Err(StoreError::DigestMismatch {
                what: self.what.clone(),
                expected: self.expected.clone(),
                found,
            });
        }
        Ok(())
    }

    fn size_mismatch(&self, expected: u64) -> StoreError {
        StoreError::SizeMismatch {
            what: self.what.clone(),
            expected,
            found: self.found,
        }
    }

    fn file(&self, source: std::io::Error) -> StoreError {
        StoreError::File {
            path: self.what.clone(),
            source,
        }
    }
}

/// Where the bytes of an upload come from; each can be read again when an upload broke.
#[derive(Clone)]
#[non_exhaustive]
pub enum Source {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file, read once while it is hashed and sent.
    File(PathBuf),
    /// A blob of another store, opened anew for each attempt.
    Stream(Arc<dyn Fn() -> StreamFuture + Send + Sync>),
}

/// A stream being opened.
pub type StreamFuture = Pin<Box<dyn Future<Output = Result<BlobStream, StoreError>> + Send>>;

/// A blob to be stored.
#[derive(Clone)]
pub struct Upload {
    /// The bytes.
    pub source: Source,
    /// The digest, where it is known beforehand; else it is found while the bytes move.
    pub digest: Option<Digest>,
    /// The size in bytes, where it is known beforehand.
    pub size: Option<u64>,
    /// A repository of the same registry that has the blob already.
    pub mount_from: Option<Repository>,
    /// Counts the bytes as they leave.
    pub meter: Option<Meter>,
}

impl Upload {
    /// Uploads bytes that are in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            digest: Some(Digest::sha256(&bytes)),
            size: Some(bytes.len() as u64),
            source: Source::Bytes(bytes),
            mount_from: None,
            meter: None,
        }
    }

    /// Uploads a file, hashing it on the way.
    pub fn file(path: PathBuf, size: u64) -> Self {
        Self {
            source: Source::File(path),
            digest: None,
            size: Some(size),
            mount_from: None,
            meter: None,
        }
    }
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The blob's digest.
    pub digest: Digest,
    /// The blob's size in bytes.
    pub size: u64,
    /// How it came to be there.
    pub how: UploadOutcome,
}

/// How a blob came to be in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadOutcome {
    /// It was there before.
    Existed,
    /// It was mounted from another repository.
    Mounted,
    /// Its bytes were sent.
    Sent,
}
