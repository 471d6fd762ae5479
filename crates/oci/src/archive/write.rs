//! Writing an OCI archive: blobs go to their places in a file beside, which gets its name when it is complete.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::Digest;
use tempfile::NamedTempFile;

use crate::blob::{Upload, UploadOutcome, Uploaded};
use crate::error::StoreError;
use crate::layout::files::{Section, blob_name, blocking, file_error};
use crate::layout::write::incoming::Incoming;
use crate::layout::write::{beside, check, persist};

/// An archive that is being written.
pub(crate) struct Writer {
    target: PathBuf,
    file: Arc<File>,
    state: Mutex<State>,
}

struct State {
    /// The file beside; nothing once it has its name.
    temporary: Option<NamedTempFile>,
    /// Where the next entry goes.
    end: u64,
    blobs: HashMap<Digest, Span>,
    /// Who writes a blob holds its turn, so that none is written twice.
    turns: HashMap<Digest, Arc<tokio::sync::Mutex<()>>>,
    /// An entry was begun and not completed, so there is a hole in the archive.
    is_broken: bool,
}

#[derive(Clone, Copy)]
struct Span {
    offset: u64,
    size: u64,
}

impl Writer {
    /// Begins an archive that will be at `target`.
    pub(crate) fn create(target: &Path) -> Result<Self, StoreError> {
        // So that there is a folder in the name.
        let target = Path::new(".").join(target);
        let temporary = beside(target.parent().unwrap_or(Path::new(".")))?;
        let file = temporary.reopen().map_err(|source| file_error(&target, source))?;
        Ok(Self {
            target,
            file: Arc::new(file),
            state: Mutex::new(State {
                temporary: Some(temporary),
                end: 0,
                blobs: HashMap::new(),
                turns: HashMap::new(),
                is_broken: false,
            }),
        })
    }

    /// Stores a blob of known size, hashing it on the way; several can be stored at once.
    pub(crate) async fn push_blob(self: &Arc<Self>, upload: &Upload) -> Result<Uploaded, StoreError> {
        let (Some(digest), Some(size)) = (&upload.digest, upload.size) else {
            return Err(StoreError::NotAllowed {
                what: self.place(),
                reason: "a blob of unknown digest or size cannot be written to an archive".to_owned(),
            });
        };
        let turn = Arc::clone(self.state().turns.entry(digest.clone()).or_default());
        let _turn = turn.lock().await;
        if self.state().blobs.contains_key(digest) {
            return Ok(Uploaded {
                digest: digest.clone(),
                size,
                how: UploadOutcome::Existed,
            });
        }
        let (writer, name) = (Arc::clone(self), blob_name(digest));
        let span = blocking(move || writer.begin(&name, size)).await?;
        if let Err(error) = self.fill(upload, span).await {
            self.state().is_broken = true;
            return Err(error);
        }
        self.state().blobs.insert(digest.clone(), span);
        Ok(Uploaded {
            digest: digest.clone(),
            size,
            how: UploadOutcome::Sent,
        })
    }

    async fn fill(self: &Arc<Self>, upload: &Upload, span: Span) -> Result<(), StoreError> {
        // No more than was announced is written: what follows is the place of another.
        let (writer, incoming) = (Arc::clone(self), Incoming::open(upload).await?);
        let written = incoming
            .write_to((writer, span.offset), |(writer, begin), bytes, offset| {
                writer.write(bytes, *begin + offset)
            })
            .await?;
        check(upload, &written.digest, written.size)
    }

    /// Opens a blob that was stored.
    pub(crate) fn blob(&self, digest: &Digest) -> Option<Section> {
        let span = self.state().blobs.get(digest).copied()?;
        let path = format!("{}: {digest}", self.place());
        Some(Section::new(Arc::clone(&self.file), span.offset, span.size, path))
    }

    /// Adds a small file.
    pub(crate) fn add(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let span = self.begin(name, content.len() as u64)?;
        self.write(content, span.offset)
    }

    /// Ends the archive, makes it lasting and gives it its name.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.is_broken {
            return Err(StoreError::NotAllowed {
                what: self.place(),
                reason: "a blob of the archive is not complete".to_owned(),
            });
        }
        self.file
            .set_len(state.end + END)
            .map_err(|source| file_error(&self.target, source))?;
        match state.temporary.take() {
            Some(file) => persist(file, &self.target),
            None => Ok(()),
        }
    }

    /// How the archive is named in errors.
    pub(crate) fn place(&self) -> String {
        self.target.display().to_string()
    }

    /// Writes the header of an entry and keeps the room for its content.
    fn begin(&self, name: &str, size: u64) -> Result<Span, StoreError> {
        let header = header(name, size).map_err(|source| file_error(&self.target, source))?;
        let mut state = self.state();
        let start = state.end;
        let offset = start + header.len() as u64;
        state.end = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|padded| offset.checked_add(padded))
            .ok_or_else(|| StoreError::TooLarge {
                what: self.place(),
                limit: format!("{} bytes", u64::MAX),
            })?;
        drop(state);
        self.write(&header, start)?;
        Ok(Span { offset, size })
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), StoreError> {
        write_at(&self.file, bytes, offset).map_err(|source| file_error(&self.target, source))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The header of a regular file, the same whenever and by whomever it is written.
fn header(name: &str, size: u64) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    let mut builder = tar::Builder::new(Vec::new());
    // Only the header: the content is written to its place as it comes.
    builder.append_data(&mut header, name, io::empty())?;
    let length = builder.get_ref().len();
    let mut bytes = builder.into_inner()?;
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        let place = offset + written as u64;
        match std::os::windows::fs::FileExt::seek_write(file, &bytes[written..], place)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => written += count,
        }
    }
    Ok(())
}

/// The unit of a tar archive.
const BLOCK: u64 = 512;
/// The two empty blocks that end an archive.
const END: u64 = 2 * BLOCK;
