//! What is stored, in pieces that are worth a write, and its digest.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};
use futures_util::stream::Fuse;
use futures_util::{Stream, StreamExt};

use crate::blob::{BlobStream, Meter, Source, Upload};
use crate::error::StoreError;
use crate::layout::files::{Section, blocking, file_error};

/// The bytes of an upload on their way to a file.
pub(crate) struct Incoming {
    chunks: Fuse<Chunks>,
    algorithm: Algorithm,
    /// How the blob is named in errors and its digest, where whoever gives it promises one.
    promised: Option<(String, Digest)>,
    announced: Option<u64>,
    size: u64,
    meter: Option<Meter>,
}

/// What was written.
pub(crate) struct Written<T> {
    pub(crate) target: T,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// Writes bytes to their place, an offset in bytes.
pub(crate) type Write<T> = fn(&mut T, &[u8], u64) -> Result<(), StoreError>;

impl Incoming {
    /// Opens the bytes of `upload`.
    pub(crate) async fn open(upload: &Upload) -> Result<Self, StoreError> {
        let algorithm = upload.digest.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let mut promised = None;
        let chunks: Chunks = match &upload.source {
            Source::Bytes(bytes) => {
                let bytes = bytes.clone();
                Box::pin(futures_util::stream::once(async { Ok(bytes) }))
            }
            Source::File(path) => Box::pin(section(path).await?.chunks()),
            Source::Stream(open) => {
                let mut stream = open().await?;
                if upload.digest.as_ref() == Some(stream.digest()) {
                    let digest = stream.digest().clone();
                    let what;
                    (stream, what) = stream.hashed_by_reader();
                    promised = Some((what, digest));
                }
                Box::pin(futures_util::stream::unfold(Some(stream), next_of))
            }
        };
        Ok(Self {
            chunks: chunks.fuse(),
            algorithm,
            promised,
            announced: upload.size,
            size: 0,
            meter: upload.meter.clone(),
        })
    }

    /// Gives all bytes to `write`, but none past the size that was announced, on a thread that hashes them too; the next
    /// ones come meanwhile.
    pub(crate) async fn write_to<T: Send + 'static>(
        mut self,
        mut target: T,
        write: Write<T>,
    ) -> Result<Written<T>, StoreError> {
        let mut hasher = Hasher::new(self.algorithm);
        let mut offset = 0;
        let mut piece = self.next().await?;
        while !piece.is_empty() && self.announced.is_none_or(|size| self.size <= size) {
            let mut place = std::mem::replace(&mut offset, self.size);
            let writing = blocking(move || {
                for chunk in &piece {
                    hasher.update(chunk);
                    write(&mut target, chunk, place)?;
                    place += chunk.len() as u64;
                }
                Ok((target, hasher))
            });
            let (written, next) = futures_util::future::join(writing, self.next()).await;
            (target, hasher) = written?;
            piece = next?;
        }
        let digest = hasher.finish();
        match self.promised {
            // What goes on past the announced size is not all here.
            Some((what, expected)) if expected != digest && offset == self.size => Err(StoreError::DigestMismatch {
                what,
                expected,
                found: digest,
            }),
            _ => Ok(Written {
                target,
                digest,
                size: self.size,
            }),
        }
    }

    /// The next bytes in their chunks; none after the last.
    async fn next(&mut self) -> Result<Vec<Bytes>, StoreError> {
        let mut chunks = Vec::new();
        let mut length = 0;
        while length < PIECE {
            let Some(chunk) = self.chunks.next().await.transpose()? else {
                break;
            };
            length += chunk.len();
            chunks.push(chunk);
        }
        self.size += length as u64;
        if let Some(meter) = &self.meter {
            meter.add(length as u64);
        }
        Ok(chunks)
    }
}

/// A file, whole.
async fn section(path: &Path) -> Result<Section, StoreError> {
    let path = path.to_owned();
    blocking(move || {
        let file = std::fs::File::open(&path).map_err(|source| file_error(&path, source))?;
        let size = file.metadata().map_err(|source| file_error(&path, source))?.len();
        Ok(Section::new(Arc::new(file), 0, size, path.display().to_string()))
    })
    .await
}

async fn next_of(stream: Option<BlobStream>) -> Option<(Result<Bytes, StoreError>, Option<BlobStream>)> {
    let mut stream = stream?;
    match stream.next().await {
        Ok(Some(chunk)) => Some((Ok(chunk), Some(stream))),
        Ok(None) => None,
        Err(error) => Some((Err(error), None)),
    }
}

/// How much is written at once, in bytes: each time another thread does it, and with less they wait for each other.
const PIECE: usize = 2 * 1024 * 1024;
