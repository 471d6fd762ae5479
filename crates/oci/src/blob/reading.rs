//! A blob for who waits for bytes: read on a thread, while it is fetched.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use futures_util::future::join;
use tokio::sync::mpsc;

use super::BlobStream;
use crate::error::StoreError;
use crate::layout::files::blocking;

impl BlobStream {
    /// Hands the content to `work`, which reads it on a thread of its own while it is fetched.
    ///
    /// Where it cannot be fetched it ends early for `work`, and what that returns is dropped. `work` may end before the
    /// content does; the rest is fetched all the same, for the digest is of all of it.
    ///
    /// # Errors
    /// [`StoreError`], where the content cannot be fetched or is not the blob.
    pub async fn read_by<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let mut chunks = Chunks {
            receiver,
            current: Bytes::new(),
        };
        let reading = blocking(move || Ok(work(&mut chunks)));
        let fetched = async move {
            while let Some(chunk) = self.next().await? {
                // who needs no more has its reasons
                let _done = sender.send(chunk).await;
            }
            Ok::<_, StoreError>(())
        };
        let (done, fetched) = join(reading, fetched).await;
        fetched.and(done)
    }
}

/// Reads the chunks that another task fetches.
struct Chunks {
    receiver: mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.current = chunk,
                None => return Ok(0),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// How many chunks may wait to be read.
const CHUNKS: usize = 8;
