//! What is stored, in pieces that are worth a write, and its digest.

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
    hashing: Hashing,
    size: u64,
    meter: Option<Meter>,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

enum Hashing {
    /// Here, as the bytes pass.
    Inline(Hasher),
    /// By the stream, which ends in an error where it has another digest.
    Checked(Digest),
}

impl Incoming {
    /// Opens the bytes of `upload`.
    pub(crate) async fn open(upload: &Upload) -> Result<Self, StoreError> {
        let algorithm = upload.digest.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let mut hashing = Hashing::Inline(Hasher::new(algorithm));
        let chunks: Chunks = match &upload.source {
            Source::Bytes(bytes) => {
                let bytes = bytes.clone();
                Box::pin(futures_util::stream::once(async { Ok(bytes) }))
            }
            Source::File(path) => {
                let path = path.clone();
                let section = blocking(move || {
                    let file = std::fs::File::open(&path).map_err(|source| file_error(&path, source))?;
                    let size = file.metadata().map_err(|source| file_error(&path, source))?.len();
                    Ok(Section::new(Arc::new(file), 0, size, path.display().to_string()))
                });
                Box::pin(section.await?.chunks())
            }
            Source::Stream(open) => {
                let stream = open().await?;
                if upload.digest.as_ref() == Some(stream.digest()) {
                    hashing = Hashing::Checked(stream.digest().clone());
                }
                Box::pin(futures_util::stream::unfold(Some(stream), next_of))
            }
        };
        Ok(Self {
            chunks: chunks.fuse(),
            hashing,
            size: 0,
            meter: upload.meter.clone(),
        })
    }

    /// How many bytes have come.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes in their chunks; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Vec<Bytes>, StoreError> {
        let mut chunks = Vec::new();
        let mut length = 0;
        while length < PIECE {
            let Some(chunk) = self.chunks.next().await.transpose()? else {
                break;
            };
            if let Hashing::Inline(hasher) = &mut self.hashing {
                hasher.update(&chunk);
            }
            length += chunk.len();
            chunks.push(chunk);
        }
        self.size += length as u64;
        if let Some(meter) = &self.meter {
            meter.add(length as u64);
        }
        Ok(chunks)
    }

    /// The digest of all that came.
    pub(crate) fn finish(self) -> Digest {
        match self.hashing {
            Hashing::Inline(hasher) => hasher.finish(),
            Hashing::Checked(digest) => digest,
        }
    }
}

async fn next_of(stream: Option<BlobStream>) -> Option<(Result<Bytes, StoreError>, Option<BlobStream>)> {
    let mut stream = stream?;
    match stream.next().await {
        Ok(Some(chunk)) => Some((Ok(chunk), Some(stream))),
        Ok(None) => None,
        Err(error) => Some((Err(error), None)),
    }
}

/// How much is written at once, in bytes: each time another thread does it.
const PIECE: usize = 256 * 1024;
