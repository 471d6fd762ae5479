//! Bytes on the way out: read once, hashed beside the sending.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};
use futures_util::stream::{StreamExt, once, unfold};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::blob::{BlobStream, Meter, Source, Upload};
use crate::error::StoreError;
use crate::http::body::ByteStream;

/// The bytes of an upload from some offset on, handed out in pieces of any length.
pub(super) struct Feed(Arc<Mutex<State>>);

struct State {
    stream: ByteStream,
    /// What was read and is not handed out yet.
    rest: Bytes,
    /// Bytes that are read and hashed but not handed out, as the registry has them.
    skip: u64,
    position: u64,
    hashing: Hashing,
    count: Count,
}

enum Hashing {
    /// Here, as the bytes pass.
    Inline(Hasher),
    /// On the thread that reads the file.
    Beside(oneshot::Receiver<Digest>),
    /// Not at all: whoever opened the stream checks it.
    Trusted(Digest),
}

/// Counts bytes once, also when they are sent again.
#[derive(Clone, Default)]
pub(super) struct Count {
    meter: Option<Meter>,
    highest: Arc<AtomicU64>,
}

impl Count {
    pub(super) fn new(meter: Option<Meter>) -> Self {
        Self {
            meter,
            highest: Arc::default(),
        }
    }

    /// Notes that everything up to `position` has left.
    pub(super) fn reach(&self, position: u64) {
        let before = self.highest.fetch_max(position, Ordering::Relaxed);
        if let Some(meter) = &self.meter {
            meter.add(position.saturating_sub(before));
        }
    }
}

impl Feed {
    /// Opens the bytes of `upload` from `offset` on.
    pub(super) async fn open(upload: &Upload, offset: u64, count: Count) -> Result<Self, StoreError> {
        let algorithm = upload.digest.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let (stream, hashing) = match &upload.source {
            Source::Bytes(bytes) => (one(bytes.clone()), trusted_or_inline(upload, algorithm)),
            Source::File(path) => read_beside(path.clone(), algorithm),
            Source::Stream(open) => (chunks(open().await?), trusted_or_inline(upload, algorithm)),
        };
        Ok(Self(Arc::new(Mutex::new(State {
            stream,
            rest: Bytes::new(),
            skip: offset,
            position: 0,
            hashing,
            count,
        }))))
    }

    /// The next `length` bytes, or fewer at the end.
    pub(super) fn piece(&self, length: u64) -> ByteStream {
        Box::pin(unfold((Arc::clone(&self.0), length), |(state, left)| async move {
            if left == 0 {
                return None;
            }
            let next = state.lock().await.next(left).await?;
            let taken = next.as_ref().map_or(left, |chunk| chunk.len() as u64);
            Some((next, (state, left - taken)))
        }))
    }

    /// Says whether everything has been handed out.
    pub(super) async fn is_at_end(&self) -> Result<bool, StoreError> {
        Ok(!self.0.lock().await.fill().await?)
    }

    /// The digest and the size of all bytes, once all have been handed out.
    pub(super) async fn finish(self) -> Result<(Digest, u64), StoreError> {
        let mut state = self.0.lock().await;
        let position = state.position;
        let digest = match &mut state.hashing {
            Hashing::Inline(hasher) => hasher.clone().finish(),
            Hashing::Trusted(digest) => digest.clone(),
            Hashing::Beside(digest) => digest.await.map_err(|_| StoreError::Malformed {
                what: "upload".to_owned(),
                reason: "its source ended before its digest was known".to_owned(),
            })?,
        };
        Ok((digest, position))
    }
}

impl State {
    async fn next(&mut self, most: u64) -> Option<Result<Bytes, StoreError>> {
        match self.fill().await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(error)),
        }
        let length = usize::try_from(most).unwrap_or(usize::MAX).min(self.rest.len());
        let chunk = self.rest.split_to(length);
        self.position += chunk.len() as u64;
        self.count.reach(self.position);
        Some(Ok(chunk))
    }

    /// Reads on until there is something to hand out; says whether there is.
    async fn fill(&mut self) -> Result<bool, StoreError> {
        while self.rest.is_empty() {
            let Some(chunk) = self.stream.next().await else {
                return Ok(false);
            };
            let mut chunk = chunk?;
            if let Hashing::Inline(hasher) = &mut self.hashing {
                hasher.update(&chunk);
            }
            let passed = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
            let passed = chunk.split_to(passed).len() as u64;
            self.skip -= passed;
            self.position += passed;
            self.rest = chunk;
        }
        Ok(true)
    }
}

fn trusted_or_inline(upload: &Upload, algorithm: Algorithm) -> Hashing {
    match &upload.digest {
        Some(digest) => Hashing::Trusted(digest.clone()),
        None => Hashing::Inline(Hasher::new(algorithm)),
    }
}

fn one(bytes: Bytes) -> ByteStream {
    Box::pin(once(async move { Ok(bytes) }))
}

fn chunks(blob: BlobStream) -> ByteStream {
    Box::pin(unfold(Some(blob), |blob| async move {
        let mut blob = blob?;
        match blob.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(blob))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

/// Reads and hashes a file on a thread of its own, so that both go on while earlier bytes are sent.
fn read_beside(path: PathBuf, algorithm: Algorithm) -> (ByteStream, Hashing) {
    let (bytes, received) = mpsc::channel(DEPTH);
    let (digest, hashed) = oneshot::channel();
    // A thread that cannot go on says so in the channel, so its handle is not needed.
    drop(tokio::task::spawn_blocking(move || {
        let mut hasher = Hasher::new(algorithm);
        if let Err(source) = read_into(&path, &mut hasher, &bytes) {
            let path = path.display().to_string();
            // Where nobody listens any more, nobody wants to know.
            let _unheard = bytes.blocking_send(Err(StoreError::File { path, source }));
            return;
        }
        let _unheard = digest.send(hasher.finish());
    }));
    let stream = unfold(received, |mut received| async move {
        received.recv().await.map(|chunk| (chunk, received))
    });
    (Box::pin(stream), Hashing::Beside(hashed))
}

fn read_into(
    path: &std::path::Path,
    hasher: &mut Hasher,
    bytes: &mpsc::Sender<Result<Bytes, StoreError>>,
) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(chunk);
        if bytes.blocking_send(Ok(chunk.clone())).is_err() {
            return Ok(());
        }
        hasher.update(&chunk);
    }
}

/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 128 * 1024;

/// How many chunks may wait to be sent.
const DEPTH: usize = 4;
