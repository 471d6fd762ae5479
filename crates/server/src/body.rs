//! Bodies: of answers, as the server streams them out, and of requests, as they come in.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::task::JoinHandle;

use crate::observe::Exchange;
use crate::registry::failure::Failure;

/// The body of an answer. The exchange ends when it has been sent or given up.
pub(crate) struct AnswerBody {
    content: Content,
    pub(crate) exchange: Option<Exchange>,
}

enum Content {
    Bytes(Bytes),
    File(FileContent),
}

impl AnswerBody {
    pub(crate) fn empty() -> Self {
        Self::bytes(Bytes::new())
    }

    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self {
            content: Content::Bytes(bytes.into()),
            exchange: None,
        }
    }

    /// Streams `length` bytes from where the file stands. What is small is read at once.
    pub(crate) fn file(mut file: File, length: u64) -> io::Result<Self> {
        if length > INLINE {
            return Ok(Self {
                content: Content::File(FileContent::new(file, length)),
                exchange: None,
            });
        }
        read_chunk(&mut file, length).map(Self::bytes)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let next = match &mut this.content {
            Content::Bytes(bytes) if bytes.is_empty() => None,
            Content::Bytes(bytes) => Some(Ok(std::mem::take(bytes))),
            Content::File(file) => ready!(file.poll_chunk(context)),
        };
        if let (Some(Ok(bytes)), Some(exchange)) = (&next, &mut this.exchange) {
            exchange.sent(bytes.len());
        }
        Poll::Ready(next.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(file) => file.left,
        })
    }
}

/// A file that is read ahead by one chunk on another thread.
struct FileContent {
    /// What has not been handed out.
    left: u64,
    /// What has not been asked for.
    unread: u64,
    reading: Option<JoinHandle<io::Result<(File, Bytes)>>>,
}

impl FileContent {
    fn new(file: File, length: u64) -> Self {
        let mut content = Self {
            left: length,
            unread: length,
            reading: None,
        };
        content.read_ahead(file);
        content
    }

    fn read_ahead(&mut self, mut file: File) {
        let length = self.unread.min(CHUNK);
        self.unread -= length;
        self.reading = (length > 0).then(|| {
            tokio::task::spawn_blocking(move || {
                let bytes = read_chunk(&mut file, length)?;
                Ok((file, bytes))
            })
        });
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        Poll::Ready(Some(match read.map_err(io::Error::other).and_then(|read| read) {
            Ok((file, bytes)) => {
                self.left -= bytes.len() as u64;
                self.read_ahead(file);
                Ok(bytes)
            }
            Err(error) => Err(error),
        }))
    }
}

fn read_chunk(file: &mut File, length: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok(bytes.into())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// The body of a request.
pub(crate) struct RequestBody {
    incoming: Incoming,
    stall: Duration,
    received: u64,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, stall: Duration) -> Self {
        Self {
            incoming,
            stall,
            received: 0,
        }
    }

    /// How many bytes there will be, where the client said so.
    pub(crate) fn length(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Waits for the next bytes, for as long as a client may stall.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = tokio::time::timeout(self.stall, self.incoming.frame())
                .await
                .map_err(|_| Failure::BodyStalled { after: self.stall })?;
            match frame {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(bytes) = frame.map_err(Failure::BodyBroken)?.into_data() {
                        self.received += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// Reads all of a body that may have `limit` bytes.
    pub(crate) async fn collect(&mut self, limit: usize) -> Result<Bytes, Failure> {
        if self.length().is_some_and(|length| length > limit as u64) {
            return Err(Failure::ManifestTooLarge { limit });
        }
        let Some(first) = self.next().await? else {
            return Ok(Bytes::new());
        };
        let mut whole = Vec::new();
        let mut next = Some(first);
        while let Some(bytes) = next {
            if whole.len() + bytes.len() > limit {
                return Err(Failure::ManifestTooLarge { limit });
            }
            if whole.is_empty() && self.incoming.is_end_stream() {
                return Ok(bytes);
            }
            whole.extend_from_slice(&bytes);
            next = self.next().await?;
        }
        Ok(whole.into())
    }

    /// Reads and forgets the rest of a short body, so that the client gets to see the answer instead of a broken pipe.
    pub(crate) async fn drain(&mut self) {
        if self.incoming.size_hint().upper().is_none_or(|upper| upper > DRAIN) {
            return;
        }
        while let Ok(Some(_)) = self.next().await {}
    }
}

/// What is read in one go on the thread that serves the connection, in bytes: about 20 µs from the page cache.
const INLINE: u64 = 128 * 1024;
/// What is read ahead at a time, in bytes: two of these are in memory for each download.
const CHUNK: u64 = 512 * 1024;
/// The longest body that is read only to be forgotten, in bytes.
const DRAIN: u64 = 1024 * 1024;
