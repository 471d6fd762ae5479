//! Files that appear whole or not at all.
//!
//! This is all that the store asks of a disk: read, open, list, and a [`Batch`] that writes, marks, adopts and removes.
//! An object store could stand here: keys are flat names, nothing is renamed but an upload that is complete,
//! and nothing relies on more than the atomic appearance of one key.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::StoreError;
use super::key::Key;
use crate::options::Durability;

/// The folder that holds everything.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    durability: Durability,
    next_aside: AtomicU64,
    /// Held for as long as the process may write: two servers on one folder would not see each other's locks.
    _lock: File,
}

impl Folder {
    /// Opens or makes the folder, and removes what an earlier process left half written.
    pub(crate) fn open(root: &Path, durability: Durability) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(StoreError::at(root))?;
        let lock = lock(root)?;
        let aside = root.join(ASIDE);
        match fs::remove_dir_all(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::at(&aside)(error)),
            _ => {}
        }
        fs::create_dir_all(&aside).map_err(StoreError::at(&aside))?;
        let folder = Self {
            root: root.to_owned(),
            durability,
            next_aside: AtomicU64::new(0),
            _lock: lock,
        };
        folder.claim_format()?;
        Ok(folder)
    }

    /// Reads a small file whole; nothing where there is none.
    pub(crate) fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((mut file, size)) = self.open_file(key)? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(StoreError::at(&self.path(key)))?;
        Ok(Some(bytes))
    }

    /// Opens a file and tells its size; nothing where there is none.
    pub(crate) fn open_file(&self, key: &Key) -> Result<Option<(File, u64)>, StoreError> {
        let path = self.path(key);
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((size, file)) => Ok(Some((file, size))),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(StoreError::at(&path)(error)),
        }
    }

    /// Tells a file's size; nothing where there is none.
    pub(crate) fn size(&self, key: &Key) -> Result<Option<u64>, StoreError> {
        let path = self.path(key);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(StoreError::at(&path)(error)),
        }
    }

    /// Lists the names directly below a key, in no order; none where there is no such folder.
    pub(crate) fn list(&self, key: &Key) -> Result<Vec<String>, StoreError> {
        names_in(&self.path(key))
    }

    /// Starts a group of changes that become durable together.
    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch {
            folder: self,
            unsynced: BTreeSet::new(),
        }
    }

    /// Where a key is on disk.
    pub(crate) fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.path())
    }

    /// Forces a file's bytes to the disk, where the folder is to survive a power cut.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<(), StoreError> {
        match self.durability {
            Durability::PowerCut => file.sync_data().map_err(StoreError::at(path)),
            Durability::ProcessCrash => Ok(()),
        }
    }

    fn claim_format(&self) -> Result<(), StoreError> {
        let key = Key::in_root("format");
        match self.read(&key)? {
            Some(found) if found == FORMAT => Ok(()),
            Some(found) => Err(StoreError::Format {
                path: self.path(&key),
                found: String::from_utf8_lossy(found.get(..40).unwrap_or(&found)).into_owned(),
            }),
            None => {
                let mut batch = self.batch();
                batch.write(&key, FORMAT)?;
                batch.commit()
            }
        }
    }
}

/// Changes to the folder, each of which appears whole; [`commit`](Self::commit) makes them last.
///
/// A change is seen by readers at once and in the order it was made. What is lost when the power fails before the
/// commit is a tail of that order, or everything: the file system journals renames in order.
pub(crate) struct Batch<'a> {
    folder: &'a Folder,
    unsynced: BTreeSet<PathBuf>,
}

impl Batch<'_> {
    /// Writes a file aside and renames it into place.
    pub(crate) fn write(&mut self, key: &Key, bytes: &[u8]) -> Result<(), StoreError> {
        let number = self.folder.next_aside.fetch_add(1, Ordering::Relaxed);
        let aside = self.folder.root.join(ASIDE).join(number.to_string());
        let mut file = File::create(&aside).map_err(StoreError::at(&aside))?;
        file.write_all(bytes).map_err(StoreError::at(&aside))?;
        self.folder.sync(&file, &aside)?;
        self.rename(&aside, key)
    }

    /// Makes an empty file.
    pub(crate) fn mark(&mut self, key: &Key) -> Result<(), StoreError> {
        let path = self.folder.path(key);
        self.make_parent(&path)?;
        File::create(&path).map_err(StoreError::at(&path))?;
        Ok(())
    }

    /// Moves a complete file, whose bytes are on the disk, into place.
    pub(crate) fn adopt(&mut self, from: &Key, to: &Key) -> Result<(), StoreError> {
        self.rename(&self.folder.path(from), to)
    }

    /// Removes a file, and says whether there was one.
    pub(crate) fn remove(&mut self, key: &Key) -> Result<bool, StoreError> {
        let path = self.folder.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {
                self.unsynced.extend(path.parent().map(Path::to_owned));
                Ok(true)
            }
            Err(error) if is_absence(&error) => Ok(false),
            Err(error) => Err(StoreError::at(&path)(error)),
        }
    }

    /// Waits until every change is on the disk: one flush for each folder that changed, about a millisecond on an SSD.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        if self.folder.durability == Durability::ProcessCrash {
            return Ok(());
        }
        for path in self.unsynced {
            File::open(&path)
                .and_then(|folder| folder.sync_all())
                .map_err(StoreError::at(&path))?;
        }
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Key) -> Result<(), StoreError> {
        let path = self.folder.path(to);
        self.make_parent(&path)?;
        fs::rename(from, &path).map_err(StoreError::at(&path))
    }

    fn make_parent(&mut self, path: &Path) -> Result<(), StoreError> {
        let Some(parent) = path.parent() else {
            return Ok(());
        };
        self.make_folder(parent)?;
        self.unsynced.insert(parent.to_owned());
        Ok(())
    }

    fn make_folder(&mut self, path: &Path) -> Result<(), StoreError> {
        if path.is_dir() {
            return Ok(());
        }
        self.make_parent(path)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StoreError::at(path)(error)),
            _ => Ok(()),
        }
    }
}

/// Lists the names in a folder; none where it does not exist.
pub(super) fn names_in(path: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::at(path)(error)),
    };
    entries
        .map(|entry| {
            let entry = entry.map_err(StoreError::at(path))?;
            entry.file_name().into_string().map_err(|_| StoreError::Corrupt {
                path: entry.path(),
                what: "name is not UTF-8",
            })
        })
        .collect()
}

/// A repository's name may be the start of another's, so a missing parent is an absence too.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::at(&path))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::Locked { path }),
        Err(error) => Err(StoreError::at(&path)(error.into())),
    }
}

/// Where files are written before they are renamed into place.
const ASIDE: &str = "aside";

/// What the file `format` says: another layout would say something else.
const FORMAT: &[u8] = b"countersign registry 1\n";
