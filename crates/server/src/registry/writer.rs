//! Writing an upload while it arrives.

use std::sync::Arc;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;

use super::failure::Failure;
use super::name::RepositoryName;
use crate::store::{Progress, Staged, Store, StoreError};

/// The right to write to an upload, and the hash of what it has.
pub(super) type Slot = OwnedMutexGuard<Option<Progress>>;

/// An upload that is being written to: while some bytes are hashed and written on another thread, the next come in.
pub(super) struct Writer {
    place: Place,
    gathered: Vec<Bytes>,
    gathered_length: u64,
    /// With what is gathered and what is being written.
    length: u64,
}

enum Place {
    Here(Open),
    Writing(JoinHandle<Result<Open, StoreError>>),
    /// Only while it moves, and after an error.
    Nowhere,
}

/// An upload's file and the right to write to it. They stay together: when a request is dropped while its bytes are
/// being written, the right ends when the writing does.
pub(super) struct Open {
    staged: Staged,
    slot: Slot,
}

impl Open {
    /// Remembers the hash for the next request, and tells the length.
    pub(super) fn keep(mut self) -> u64 {
        let length = self.staged.length();
        *self.slot = self.staged.into_progress();
        length
    }

    /// Cuts the upload back to its first bytes.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), StoreError> {
        if self.staged.length() > length {
            self.staged.truncate(length)?;
        }
        Ok(())
    }

    fn append(&mut self, gathered: &[Bytes]) -> Result<(), StoreError> {
        gathered.iter().try_for_each(|bytes| self.staged.append(bytes))
    }
}

impl Writer {
    pub(super) fn new(staged: Staged, slot: Slot) -> Self {
        Self {
            length: staged.length(),
            place: Place::Here(Open { staged, slot }),
            gathered: Vec::new(),
            gathered_length: 0,
        }
    }

    /// How many bytes the upload has, with those on their way to the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Says which hash will be needed, before the first bytes come.
    pub(super) fn expect(&mut self, algorithm: Algorithm) {
        if let Place::Here(open) = &mut self.place {
            open.staged.expect(algorithm);
        }
    }

    /// Adds bytes; waits where the disk is slower than the network.
    pub(super) async fn push(&mut self, bytes: Bytes) -> Result<(), Failure> {
        let length = bytes.len() as u64;
        self.length += length;
        self.gathered_length += length;
        self.gathered.push(bytes);
        if self.gathered_length >= GATHERED_BYTES || self.gathered.len() >= GATHERED_PIECES {
            let mut open = self.settle().await?;
            let gathered = std::mem::take(&mut self.gathered);
            self.gathered_length = 0;
            self.place = Place::Writing(tokio::task::spawn_blocking(move || {
                open.append(&gathered)?;
                Ok(open)
            }));
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) async fn close(mut self) -> Result<Open, Failure> {
        let mut open = self.settle().await?;
        if self.gathered.is_empty() {
            return Ok(open);
        }
        let writing = tokio::task::spawn_blocking(move || {
            open.append(&self.gathered)?;
            Ok::<_, StoreError>(open)
        });
        Ok(writing.await??)
    }

    /// Writes what is left and makes the upload a blob, where it has this digest; tells the digest it has.
    pub(super) async fn finish(
        mut self,
        store: Arc<Store>,
        name: RepositoryName,
        expected: Digest,
    ) -> Result<Digest, Failure> {
        let mut open = self.settle().await?;
        let finishing = tokio::task::spawn_blocking(move || {
            open.append(&self.gathered)?;
            let Open { staged, slot } = open;
            let found = store.finish_upload(&name, staged, &expected);
            drop(slot);
            found
        });
        Ok(finishing.await??)
    }

    async fn settle(&mut self) -> Result<Open, Failure> {
        match std::mem::replace(&mut self.place, Place::Nowhere) {
            Place::Here(open) => Ok(open),
            Place::Writing(writing) => Ok(writing.await??),
            Place::Nowhere => Err(Failure::WriterBroken),
        }
    }
}

/// How much is gathered before it is written, in bytes: twice this is in memory for each upload.
const GATHERED_BYTES: u64 = 1024 * 1024;
/// In how many pieces at most: each keeps the buffer it was read into.
const GATHERED_PIECES: usize = 256;
