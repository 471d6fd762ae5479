//! Bodies both ways: sent with their progress noted, received with a limit and a watch on stalls.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::Method;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::address;
use super::failure::{Cause, Failure};
use crate::error::StoreError;

/// Bytes that arrive one after the other.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// What is sent with a request.
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// Bytes in memory, which can be sent again.
    Bytes(Bytes),
    /// Bytes that are there once.
    Stream(Mutex<Option<ByteStream>>, Option<u64>),
}

impl Payload {
    pub(crate) fn stream(bytes: ByteStream, size: Option<u64>) -> Self {
        Self::Stream(Mutex::new(Some(bytes)), size)
    }

    /// Makes the body of one attempt.
    pub(super) fn open(&self, progress: &Arc<Progress>) -> RequestBody {
        let content = match self {
            Self::Empty => Content::Bytes(Bytes::new()),
            Self::Bytes(bytes) => Content::Bytes(bytes.clone()),
            Self::Stream(stream, size) => {
                let taken = stream.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
                taken.map_or(Content::Bytes(Bytes::new()), |stream| Content::Stream(stream, *size))
            }
        };
        RequestBody {
            content,
            progress: Arc::clone(progress),
        }
    }
}

/// When something of a request moved last, and what its source said when it broke.
pub(super) struct Progress {
    started: Instant,
    moved: AtomicU64,
    broken: Mutex<Option<StoreError>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            moved: AtomicU64::new(0),
            broken: Mutex::new(None),
        }
    }

    fn note(&self) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(elapsed, Ordering::Relaxed);
    }

    pub(super) fn last(&self) -> Instant {
        self.started + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }

    pub(super) fn take_broken(&self) -> Option<StoreError> {
        self.broken
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take()
    }
}

/// The body of one attempt.
pub(super) struct RequestBody {
    content: Content,
    progress: Arc<Progress>,
}

enum Content {
    Bytes(Bytes),
    Stream(ByteStream, Option<u64>),
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let this = &mut *self;
        let polled = match &mut this.content {
            Content::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            // In slices, so that progress is seen while a large body goes out.
            Content::Bytes(bytes) => Poll::Ready(Some(Ok(bytes.split_to(bytes.len().min(SLICE))))),
            Content::Stream(stream, size) => {
                let polled = stream.as_mut().poll_next(context);
                if let (Poll::Ready(Some(Ok(chunk))), Some(left)) = (&polled, size) {
                    *left = left.saturating_sub(chunk.len() as u64);
                }
                polled
            }
        };
        if polled.is_ready() {
            this.progress.note();
        }
        polled.map(|next| {
            next.map(|chunk| match chunk {
                Ok(bytes) => Ok(Frame::data(bytes)),
                Err(error) => {
                    let mut broken = this
                        .progress
                        .broken
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    *broken = Some(error);
                    Err(std::io::Error::other("the source of the upload broke"))
                }
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::Stream(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_, Some(size)) => SizeHint::with_exact(*size),
            Content::Stream(_, None) => SizeHint::default(),
        }
    }
}

/// What arrives with an answer.
pub(crate) struct Received {
    incoming: Incoming,
    /// The start of the body, where it was looked at before.
    start: Option<Bytes>,
    method: Method,
    url: http::Uri,
    stall: Duration,
    deadline: Option<(Instant, Duration)>,
}

impl Received {
    pub(super) fn new(
        incoming: Incoming,
        method: Method,
        url: http::Uri,
        stall: Duration,
        deadline: Option<(Instant, Duration)>,
    ) -> Self {
        Self {
            incoming,
            start: None,
            method,
            url,
            stall,
            deadline,
        }
    }

    /// The bytes still to come, where the server said how many.
    pub(crate) fn size(&self) -> Option<u64> {
        // What answers a HEAD has the size of what a GET would get.
        self.incoming
            .size_hint()
            .exact()
            .filter(|_| self.method != Method::HEAD)
    }

    /// The next bytes; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let stalled = Instant::now() + self.stall;
            let until = self.deadline.map_or(stalled, |(deadline, _)| deadline.min(stalled));
            let frame = tokio::time::timeout_at(until, self.incoming.frame())
                .await
                .map_err(|_elapsed| self.halted(until == stalled))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(Failure::of_body(&self.method, &self.url, &error)),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data()
                        && !bytes.is_empty()
                    {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    fn halted(&self, is_stall: bool) -> Failure {
        match self.deadline {
            Some((_, after)) if !is_stall => Failure::timed_out(&self.method, &self.url, after),
            _ => Failure::stalled(&self.method, &self.url, self.stall),
        }
    }

    /// Reads everything.
    pub(crate) async fn read(mut self, limit: u64) -> Result<Bytes, Failure> {
        let size = self.size();
        if size.is_some_and(|size| size > limit) {
            return Err(self.too_large(limit));
        }
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            if (all.len() + chunk.len()) as u64 > limit {
                return Err(self.too_large(limit));
            }
            if all.is_empty() && size == Some(chunk.len() as u64) {
                // Lets the connection see the end, so that it can be used again.
                self.next().await?;
                return Ok(chunk);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Reads the start and forgets the rest: for the words that go with an error.
    pub(crate) async fn read_start(mut self) -> Bytes {
        self.look().await
    }

    /// Reads the start, which stays to be read.
    pub(crate) async fn look(&mut self) -> Bytes {
        if let Some(start) = &self.start {
            return start.clone();
        }
        let mut all = BytesMut::new();
        while let Ok(Some(chunk)) = self.next().await {
            let room = START - all.len();
            all.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if all.len() == START {
                break;
            }
        }
        self.start.insert(all.freeze()).clone()
    }

    fn too_large(&self, limit: u64) -> Failure {
        Failure {
            error: StoreError::TooLarge {
                what: address::shown(&self.url),
                limit: format!("{limit} bytes"),
            },
            cause: Cause::Final,
        }
    }
}

/// The piece in which a large body is handed on, in bytes.
const SLICE: usize = 128 * 1024;

/// How much of an error's body is read, in bytes.
const START: usize = 16 * 1024;
