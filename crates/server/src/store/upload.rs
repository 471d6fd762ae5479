//! Uploads: bytes that arrive in pieces and become a blob.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};

use super::folder::names_in;
use super::key::Key;
use super::{Store, StoreError};
use crate::registry::name::{RepositoryName, UploadId};

/// An upload's file, open at its end.
#[derive(Debug)]
pub(crate) struct Staged {
    key: Key,
    path: PathBuf,
    file: File,
    length: u64,
    /// The hash of what the file holds; none where another process wrote the start.
    progress: Option<Progress>,
}

/// The hash of an upload's first bytes.
pub(crate) struct Progress {
    hasher: Hasher,
    algorithm: Algorithm,
    length: u64,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress")
            .field("algorithm", &self.algorithm)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Progress {
    /// Starts a hash of nothing.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self {
            hasher: Hasher::new(algorithm),
            algorithm,
            length: 0,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }
}

impl Staged {
    /// How many bytes there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes at the end.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(StoreError::at(&self.path))?;
        self.length += bytes.len() as u64;
        if let Some(progress) = &mut self.progress {
            progress.update(bytes);
        }
        Ok(())
    }

    /// Cuts the file back to its first bytes.
    pub(crate) fn truncate(&mut self, length: u64) -> Result<(), StoreError> {
        self.file.set_len(length).map_err(StoreError::at(&self.path))?;
        self.length = length;
        self.progress = None;
        Ok(())
    }

    /// Hashes with this algorithm from now on, where there is nothing yet that was hashed with another.
    pub(crate) fn expect(&mut self, algorithm: Algorithm) {
        if self.length == 0 {
            self.progress = Some(Progress::new(algorithm));
        }
    }

    /// Hands over the hash so far, so that the next request need not read the file.
    pub(crate) fn into_progress(self) -> Option<Progress> {
        self.progress
    }
}

impl Store {
    /// Starts an upload. It lasts across a restart, not across a power cut: nothing was promised of it yet.
    pub(crate) fn begin_upload(&self, name: &RepositoryName, id: &UploadId) -> Result<(), StoreError> {
        let mut batch = self.folder.batch();
        batch.mark(&Key::upload(name, id));
        batch.apply_unflushed()
    }

    /// Tells how many bytes an upload has; nothing where there is no such upload.
    pub(crate) fn upload_length(&self, name: &RepositoryName, id: &UploadId) -> Result<Option<u64>, StoreError> {
        self.folder.size(&Key::upload(name, id))
    }

    /// Opens an upload at its end, with the hash of its bytes where it is known.
    pub(crate) fn open_upload(
        &self,
        name: &RepositoryName,
        id: &UploadId,
        progress: Option<Progress>,
    ) -> Result<Option<Staged>, StoreError> {
        let key = Key::upload(name, id);
        let path = self.folder.path(&key);
        let opened = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = match opened {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::at(&path)(error)),
        };
        Ok(Some(Staged {
            key,
            path,
            file,
            length,
            progress: progress.filter(|progress| progress.length == length),
        }))
    }

    /// Makes an upload a blob of its repository where its bytes are those of `expected`, and forgets it in any case.
    /// Returns the digest that its bytes have.
    pub(crate) fn finish_upload(
        &self,
        name: &RepositoryName,
        staged: Staged,
        expected: &Digest,
    ) -> Result<Digest, StoreError> {
        let Staged {
            key,
            path,
            file,
            length,
            progress,
        } = staged;
        let found = match progress {
            Some(progress) if progress.algorithm == expected.algorithm() => progress.hasher.finish(),
            _ => hash_file(&path, expected.algorithm())?,
        };
        drop(file);
        let mut batch = self.folder.batch();
        if found != *expected {
            batch.remove(&key);
            batch.apply_unflushed()?;
            return Ok(found);
        }
        let content = Key::content(&found);
        // A file of another length was damaged by what this server cannot prevent: a push heals it.
        if self.folder.size(&content)? == Some(length) {
            batch.remove(&key);
        } else {
            batch.adopt(&key, &content);
        }
        batch.mark(&Key::blob_link(name, &found));
        batch.commit()?;
        Ok(found)
    }

    /// Forgets an upload; says whether there was one.
    pub(crate) fn cancel_upload(&self, name: &RepositoryName, id: &UploadId) -> Result<bool, StoreError> {
        let key = Key::upload(name, id);
        let was_there = self.folder.size(&key)?.is_some();
        let mut batch = self.folder.batch();
        batch.remove(&key);
        batch.apply_unflushed()?;
        Ok(was_there)
    }

    /// Forgets the uploads that nobody has written to for `age`.
    pub(crate) fn sweep_uploads(&self, age: Duration, now: SystemTime) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        for name in self.repositories()? {
            let folder = self.folder.path(&Key::repository(&name)).join("_uploads");
            for upload in names_in(&folder)? {
                let path = folder.join(&upload);
                let id = upload.parse().map_err(|_| StoreError::Corrupt {
                    path: path.clone(),
                    what: "name is not an upload's",
                })?;
                if is_older(&path, age, now)? {
                    fs::remove_file(&path).map_err(StoreError::at(&path))?;
                    swept.removed.push(id);
                } else {
                    swept.left.push(id);
                }
            }
        }
        Ok(swept)
    }
}

/// What became of the uploads.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    pub(crate) removed: Vec<UploadId>,
    pub(crate) left: Vec<UploadId>,
}

fn is_older(path: &Path, age: Duration, now: SystemTime) -> Result<bool, StoreError> {
    match fs::metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(modified) => Ok(now.duration_since(modified).is_ok_and(|elapsed| elapsed > age)),
        // It ended since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::at(path)(error)),
    }
}

fn hash_file(path: &Path, algorithm: Algorithm) -> Result<Digest, StoreError> {
    let mut file = File::open(path).map_err(StoreError::at(path))?;
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(StoreError::at(path))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(hasher.finish());
        };
        hasher.update(bytes);
    }
}
