//! Folders as one layer: a tar archive in gzip, with the entries and headers that ORAS writes.

mod header;

use std::fs::{DirEntry, File, Metadata};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};
use flate2::{Compression, GzBuilder};
use jiff::{Timestamp, Unit};
use tempfile::{NamedTempFile, TempPath};

use crate::plan::PackError;
use header::Entry;

/// The times that files have in a packed folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Times {
    /// All files have this time, so that the same content is the same layer (as `SOURCE_DATE_EPOCH` asks).
    Fixed(Timestamp),
    /// Each file has its own, as ORAS does it.
    Preserved,
}

/// A folder packed into a temporary file.
pub(crate) struct Packed {
    /// The file, deleted when this is dropped.
    pub(crate) path: TempPath,
    /// The digest of the file.
    pub(crate) digest: Digest,
    /// The size of the file.
    pub(crate) size: u64,
    /// The digest of the archive inside.
    pub(crate) tar_digest: Digest,
}

/// Packs the folder at `root`; the names in the archive begin with `prefix`.
pub(crate) fn pack(root: &Path, prefix: &str, times: Times) -> Result<Packed, PackError> {
    let temporary = NamedTempFile::new().map_err(|source| PackError::file(&std::env::temp_dir(), source))?;
    let path = temporary.path().to_owned();
    let on_write = |source| PackError::file(&path, source);
    let gzip = GzBuilder::new().write(Hashing::new(BufWriter::new(temporary)), Compression::new(6));
    let mut pack = Pack {
        tar: Hashing::new(gzip),
        times,
    };
    // The folder itself may be a symbolic link; those inside are kept as links.
    let metadata = root.metadata().map_err(|source| PackError::file(root, source))?;
    pack.folder(root, crate::title::clean(prefix), &metadata)?;
    pack.tar.write_all(&[0; 2 * header::BLOCK]).map_err(on_write)?;
    let (gzip, tar_digest, _) = pack.tar.finish();
    let (writer, digest, size) = gzip.finish().map_err(on_write)?.finish();
    let temporary = writer.into_inner().map_err(|error| on_write(error.into_error()))?;
    Ok(Packed {
        path: temporary.into_temp_path(),
        digest,
        size,
        tar_digest,
    })
}

/// An archive of files, each with its permissions, that everybody makes alike: its owner is root, and its time the start of 1970.
pub(crate) fn archive(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, mode, content) in files {
        let size = content.len() as u64;
        let entry = Entry::file(name, size);
        entry.write(&mut archive, *mode, 0).expect("a vector takes every write");
        archive.extend_from_slice(content);
        archive.extend(header::padding(size));
    }
    archive.extend([0; 2 * header::BLOCK]);
    archive
}

struct Pack<W> {
    tar: Hashing<W>,
    times: Times,
}

impl<W: Write> Pack<W> {
    fn folder(&mut self, path: &Path, name: String, metadata: &Metadata) -> Result<(), PackError> {
        self.entry(path, Entry::folder(&name), metadata)?;
        let on_read = |source| PackError::file(path, source);
        let mut inside = path
            .read_dir()
            .and_then(Iterator::collect::<io::Result<Vec<DirEntry>>>)
            .map_err(on_read)?;
        inside.sort_by_key(DirEntry::file_name);
        for entry in inside {
            let path = entry.path();
            let file_name = entry.file_name();
            let text = file_name.to_str().ok_or_else(|| PackError::NotUtf8 {
                path: path.display().to_string(),
            })?;
            let name = if name == "." {
                text.to_owned()
            } else {
                format!("{name}/{text}")
            };
            self.any(&path, name)?;
        }
        Ok(())
    }

    fn any(&mut self, path: &Path, name: String) -> Result<(), PackError> {
        let metadata = path
            .symlink_metadata()
            .map_err(|source| PackError::file(path, source))?;
        if metadata.is_dir() {
            self.folder(path, name, &metadata)
        } else if metadata.is_symlink() {
            let target = path.read_link().map_err(|source| PackError::file(path, source))?;
            let target = target.to_str().ok_or_else(|| PackError::NotUtf8 {
                path: path.display().to_string(),
            })?;
            self.entry(path, Entry::link(&name, target), &metadata)
        } else if metadata.is_file() {
            self.entry(path, Entry::file(&name, metadata.len()), &metadata)?;
            self.content(path, metadata.len())
        } else {
            Err(PackError::NotAFile {
                path: path.display().to_string(),
            })
        }
    }

    fn entry(&mut self, path: &Path, entry: Entry<'_>, metadata: &Metadata) -> Result<(), PackError> {
        let seconds = match self.times {
            Times::Fixed(time) => time.as_second(),
            // Go's writer rounds to the nearest second.
            Times::Preserved => metadata
                .modified()
                .and_then(|time| {
                    let time = Timestamp::try_from(time).and_then(|time| time.round(Unit::Second));
                    time.map_err(io::Error::other)
                })
                .map_err(|source| PackError::file(path, source))?
                .as_second(),
        };
        let seconds = u64::try_from(seconds).unwrap_or(0);
        entry
            .write(&mut self.tar, mode(metadata), seconds)
            .map_err(|source| PackError::file(path, source))
    }

    /// Copies a file's bytes; there must be as many as its header says.
    fn content(&mut self, path: &Path, size: u64) -> Result<(), PackError> {
        let on_file = |source| PackError::file(path, source);
        let mut file = File::open(path).map_err(on_file)?.take(size);
        let copied = io::copy(&mut file, &mut self.tar).map_err(on_file)?;
        if copied != size {
            return Err(PackError::FileChanged {
                path: path.display().to_string(),
            });
        }
        self.tar.write_all(header::padding(size)).map_err(on_file)
    }
}

/// The permission bits, with set-user-ID, set-group-ID and sticky, as Go writes them.
#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o7777
}

#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}

/// Hashes and counts what is written through it.
struct Hashing<W> {
    inner: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> Hashing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(Algorithm::Sha256),
            size: 0,
        }
    }

    fn finish(self) -> (W, Digest, u64) {
        (self.inner, self.hasher.finish(), self.size)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The annotation that says that a layer is a packed folder.
pub(crate) const UNPACK: &str = "io.deis.oras.content.unpack";

/// The annotation with the digest of the archive before compression.
pub(crate) const TAR_DIGEST: &str = "io.deis.oras.content.digest";
