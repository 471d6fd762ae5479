//! The files of an image layout, by name, in a directory or in a tar archive.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use countersign_core::Digest;
use futures_util::Stream;

use crate::archive::entries::Entries;
use crate::error::StoreError;

/// Where the files of a layout are.
pub(crate) enum Files {
    /// In a directory.
    Directory(Directory),
    /// In a tar archive that is read in place.
    Archive(Entries),
}

impl Files {
    /// How the layout is named in errors.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Directory(directory) => directory.root.display().to_string(),
            Self::Archive(entries) => entries.place().to_owned(),
        }
    }

    /// Opens a file; `None` where there is no such file.
    pub(crate) fn open(&self, name: &str) -> Result<Option<Section>, StoreError> {
        match self {
            Self::Directory(directory) => directory.open(name),
            Self::Archive(entries) => Ok(entries.open(name)),
        }
    }

    /// Reads a whole file; `None` where there is no such file.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Bytes>, StoreError> {
        match self.open(name)? {
            Some(section) if section.size() > limit => Err(StoreError::TooLarge {
                what: section.path,
                limit: format!("{limit} bytes"),
            }),
            Some(section) => section.read_whole().map(Some),
            None => Ok(None),
        }
    }

    /// Lists the blobs that are there, in the order of their digests.
    pub(crate) fn blobs(&self) -> Result<Vec<Digest>, StoreError> {
        let mut digests = match self {
            Self::Directory(directory) => directory.blobs()?,
            Self::Archive(entries) => entries.names().filter_map(blob_digest).collect(),
        };
        digests.sort();
        Ok(digests)
    }
}

/// The name of a blob's file (image-layout.md §blobs).
pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

fn blob_digest(name: &str) -> Option<Digest> {
    let (algorithm, hex) = name.strip_prefix("blobs/")?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}

/// A layout's directory.
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    /// Opens the directory at `path`.
    pub(crate) fn open_at(path: &Path) -> Result<Self, StoreError> {
        let root = path.canonicalize().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => StoreError::NotFound {
                what: format!("image layout {}", path.display()),
            },
            _ => file_error(path, source),
        })?;
        if !root.is_dir() {
            return Err(StoreError::Malformed {
                what: path.display().to_string(),
                reason: "it is not a directory".to_owned(),
            });
        }
        Ok(Self { root })
    }

    /// The directory's path without symbolic links.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Finds a regular file inside the directory; a symbolic link may not lead out of it, or a layout from
    /// elsewhere could have us read any file of this machine.
    fn locate(&self, name: &str) -> Result<Option<PathBuf>, StoreError> {
        let path = self.root.join(name);
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(file_error(&path, source)),
        };
        if !real.starts_with(&self.root) {
            return Err(StoreError::NotAllowed {
                what: path.display().to_string(),
                reason: "it is a symbolic link that leaves the image layout".to_owned(),
            });
        }
        Ok(Some(real))
    }

    fn open(&self, name: &str) -> Result<Option<Section>, StoreError> {
        let Some(path) = self.locate(name)? else {
            return Ok(None);
        };
        // Asked before opening: opening a named pipe would wait for a writer.
        let metadata = path.metadata().map_err(|source| file_error(&path, source))?;
        if !metadata.is_file() {
            return Err(StoreError::Malformed {
                what: path.display().to_string(),
                reason: "it is not a regular file".to_owned(),
            });
        }
        let file = File::open(&path).map_err(|source| file_error(&path, source))?;
        Ok(Some(Section {
            file: Arc::new(file),
            position: 0,
            end: metadata.len(),
            path: path.display().to_string(),
        }))
    }

    fn blobs(&self) -> Result<Vec<Digest>, StoreError> {
        let mut digests = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            let Some(folder) = self.locate(&format!("blobs/{algorithm}"))? else {
                continue;
            };
            for entry in folder.read_dir().map_err(|source| file_error(&folder, source))? {
                let entry = entry.map_err(|source| file_error(&folder, source))?;
                let name = entry.file_name();
                let digest = name.to_str().and_then(|hex| format!("{algorithm}:{hex}").parse().ok());
                digests.extend(digest);
                if digests.len() > BLOB_LIMIT {
                    return Err(StoreError::TooLarge {
                        what: folder.display().to_string(),
                        limit: format!("{BLOB_LIMIT} blobs"),
                    });
                }
            }
        }
        Ok(digests)
    }
}

/// A part of an open file: one file of a layout.
#[derive(Clone)]
pub(crate) struct Section {
    file: Arc<File>,
    position: u64,
    end: u64,
    path: String,
}

impl Section {
    /// The `size` bytes of `file` from `offset` on; `path` names them in errors.
    pub(crate) fn new(file: Arc<File>, offset: u64, size: u64, path: String) -> Self {
        Self {
            file,
            position: offset,
            end: offset.saturating_add(size),
            path,
        }
    }

    /// The bytes that are left.
    pub(crate) fn size(&self) -> u64 {
        self.end - self.position
    }

    /// Reads at most `most` bytes; none at the end.
    pub(crate) fn read(&mut self, most: usize) -> Result<Bytes, StoreError> {
        let wanted = usize::try_from(self.size()).unwrap_or(usize::MAX).min(most);
        let mut buffer = BytesMut::zeroed(wanted);
        let mut filled = 0;
        while filled < wanted {
            match read_at(&self.file, &mut buffer[filled..], self.position + filled as u64) {
                Ok(0) => return Err(self.error(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => filled += count,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.error(source)),
            }
        }
        self.position += filled as u64;
        Ok(buffer.freeze())
    }

    /// Reads all that is left.
    pub(crate) fn read_whole(mut self) -> Result<Bytes, StoreError> {
        self.read(usize::MAX)
    }

    /// Says whether the first byte that is not white space is `wanted`.
    pub(crate) fn begins_with(&self, wanted: u8) -> Result<bool, StoreError> {
        let start = self.clone().read(START)?;
        Ok(start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&wanted))
    }

    /// Reads the section in chunks, each on a thread where waiting for the disk holds nothing up.
    pub(crate) fn chunks(self) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
        futures_util::stream::unfold(Some(self), async |section| {
            let mut section = section?;
            let read = blocking(move || {
                let chunk = section.read(CHUNK)?;
                Ok((chunk, section))
            });
            match read.await {
                Ok((chunk, _)) if chunk.is_empty() => None,
                Ok((chunk, section)) => Some((Ok(chunk), Some(section))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    fn error(&self, source: io::Error) -> StoreError {
        StoreError::File {
            path: self.path.clone(),
            source,
        }
    }
}

/// Runs `work`, which waits for the disk, on a thread made for that.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::File {
                path: "disk".to_owned(),
                source: io::ErrorKind::Interrupted.into(),
            }),
        },
    }
}

/// Names the file in an error of the system.
pub(crate) fn file_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// The most blobs a layout may have when it is searched.
const BLOB_LIMIT: usize = 100_000;

/// How much is read to see what a blob may be.
const START: usize = 64;

/// How much is read at a time, in bytes; several blobs move at once, each with a few of these under way.
pub(crate) const CHUNK: usize = 96 * 1024;
