//! Unpacking a folder from a layer that a stranger may have made.
//!
//! It is unpacked into a new folder beside its place, where nothing but its own entries can be in the way, and moved
//! once its digest is known to be right. Symbolic links may only point below the folder, and nothing is written
//! through one; there are no special files, no owners and no set-user-ID bits.

pub(crate) mod entry;
mod merge;
mod tree;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use countersign_core::Digest;
use countersign_core::digest::{Algorithm, DigestError, Hasher};
use flate2::bufread::MultiGzDecoder;

use super::Existing;
use entry::Entries;
use tree::Tree;

/// What is to be unpacked.
pub(super) struct Order {
    /// What the names in the archive begin with.
    pub(super) prefix: String,
    /// The digest that the archive must have.
    pub(super) tar_digest: Option<String>,
    /// The most bytes that the archive may have.
    pub(super) limit: u64,
    /// What happens to files that are there.
    pub(super) existing: Existing,
}

/// Unpacks the file `packed`, which is on the same disk, to the folder `target`.
pub(super) fn unpack(packed: &Path, target: &Path, order: &Order) -> Result<(), UnpackError> {
    let expected: Option<Digest> = match &order.tar_digest {
        Some(text) => Some(text.parse().map_err(UnpackError::TarDigest)?),
        None => None,
    };
    let beside = packed.parent().unwrap_or(target);
    let fresh = tempfile::Builder::new()
        .prefix(".countersign-")
        .tempdir_in(beside)
        .map_err(|source| UnpackError::file(beside, source))?;
    let file = File::open(packed).map_err(|source| UnpackError::file(packed, source))?;
    let algorithm = expected.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
    let mut reader = Counted {
        inner: MultiGzDecoder::new(BufReader::new(file)),
        hasher: Hasher::new(algorithm),
        left: order.limit,
    };
    let root = fresh.path().join("folder");
    extract(&mut reader, &root, order)?;
    // What follows the end of the archive belongs to its digest.
    io::copy(&mut reader, &mut io::sink()).map_err(|source| reading(source, order))?;
    let found = reader.hasher.finish();
    match expected {
        Some(expected) if expected != found => return Err(UnpackError::DigestMismatch { expected, found }),
        _ => {}
    }
    merge::place(&root, target, order.existing)
}

pub(super) fn extract(reader: &mut impl Read, root: &Path, order: &Order) -> Result<(), UnpackError> {
    let mut tree = Tree::new(root, &order.prefix)?;
    let mut entries = Entries::new(reader);
    while let Some(entry) = entries.next().map_err(|error| error.limited(order))? {
        tree.add(&entry, &mut entries).map_err(|error| error.limited(order))?;
    }
    Ok(())
}

/// Hashes what is read through it and ends in an error when there is too much.
struct Counted<R> {
    inner: R,
    hasher: Hasher,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(Full))?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// Says that the limit is reached, through the reader's error.
#[derive(Debug, thiserror::Error)]
#[error("limit reached")]
struct Full;

fn reading(source: io::Error, order: &Order) -> UnpackError {
    if source.get_ref().is_some_and(|inner| inner.is::<Full>()) {
        UnpackError::TooLarge { limit: order.limit }
    } else {
        UnpackError::Compressed(source)
    }
}

/// Why a packed folder could not be unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The digest that the archive should have is not one.
    #[error("digest of the uncompressed archive")]
    TarDigest(#[source] DigestError),
    /// The archive is not the one that was packed.
    #[error("uncompressed archive does not match its digest: expected {expected}, found {found}")]
    DigestMismatch {
        /// The digest that the annotation names.
        expected: Digest,
        /// The digest of the archive.
        found: Digest,
    },
    /// The archive is larger than the limit.
    #[error("folder is larger than {limit} bytes when it is unpacked")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The archive has more entries than the limit.
    #[error("folder has more than {limit} entries")]
    TooMany {
        /// The limit.
        limit: u64,
    },
    /// The layer cannot be decompressed.
    #[error("compressed archive is malformed")]
    Compressed(#[source] io::Error),
    /// The archive is not a tar archive.
    #[error("archive is malformed: {reason}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// An entry is outside of the folder.
    #[error("entry {name:?} is outside of the folder")]
    Outside {
        /// The entry's name.
        name: String,
    },
    /// An entry would be written through a link.
    #[error("entry {name:?} is below something that is not a folder")]
    NotInFolder {
        /// The entry's name.
        name: String,
    },
    /// A link points out of the folder, or in a way that could.
    #[error("link {name:?} points to {target:?}, which may be outside of the folder")]
    LinkEscapes {
        /// The link's name.
        name: String,
        /// Where it points.
        target: String,
    },
    /// An entry is a device or another special file.
    #[error("entry {name:?} is a special file")]
    SpecialFile {
        /// The entry's name.
        name: String,
    },
    /// Something that stays is in the way.
    #[error("{path} exists")]
    Exists {
        /// The path.
        path: String,
    },
    /// A file could not be written.
    #[error("{path}")]
    File {
        /// The path.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl UnpackError {
    fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }

    /// Tells the limit apart from damage, when it came up through a reader.
    fn limited(self, order: &Order) -> Self {
        match self {
            Self::Compressed(source) => reading(source, order),
            other => other,
        }
    }
}
