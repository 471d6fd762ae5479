//! Files that appear whole or not at all.
//!
//! This is all that the store asks of a disk: read, open, list, and a [`Batch`] that writes, marks, adopts and removes.
//! An object store could stand here: keys are flat names, nothing is renamed but an upload that is complete,
//! and nothing relies on more than the atomic appearance of one key.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
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
            changes: Vec::new(),
        }
    }

    /// Where a key is on disk.
    pub(crate) fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.path())
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

/// Changes to the folder. None is made before [`commit`](Self::commit), which makes them in their order, each of them
/// whole, and returns when they last.
///
/// What is lost when the power fails during the commit is a tail of that order, or everything: file systems journal
/// renames in order.
pub(crate) struct Batch<'a> {
    folder: &'a Folder,
    changes: Vec<Change>,
}

enum Change {
    /// A complete file takes its place.
    Place {
        from: PathBuf,
        to: PathBuf,
    },
    /// An empty file appears.
    Mark {
        path: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
}

impl Batch<'_> {
    /// Writes a file aside, to be renamed into place.
    pub(crate) fn write(&mut self, key: &Key, bytes: &[u8]) -> Result<(), StoreError> {
        let number = self.folder.next_aside.fetch_add(1, Ordering::Relaxed);
        let from = self.folder.root.join(ASIDE).join(number.to_string());
        self.changes.push(Change::Place {
            from: from.clone(),
            to: self.folder.path(key),
        });
        fs::write(&from, bytes).map_err(StoreError::at(&from))
    }

    /// Makes an empty file.
    pub(crate) fn mark(&mut self, key: &Key) {
        let path = self.folder.path(key);
        self.changes.push(Change::Mark { path });
    }

    /// Moves a complete file into place.
    pub(crate) fn adopt(&mut self, from: &Key, to: &Key) {
        let (from, to) = (self.folder.path(from), self.folder.path(to));
        self.changes.push(Change::Place { from, to });
    }

    /// Removes a file, where there is one.
    pub(crate) fn remove(&mut self, key: &Key) {
        let path = self.folder.path(key);
        self.changes.push(Change::Remove { path });
    }

    /// Makes the changes. Two flushes wait for each other, of the files and then of the folders: those of each kind go
    /// to the disk together, which takes little longer than one, about a millisecond on an SSD.
    pub(crate) fn commit(mut self) -> Result<(), StoreError> {
        let changes = std::mem::take(&mut self.changes);
        let files = changes.iter().filter_map(|change| match change {
            Change::Place { from, .. } => Some(from.as_path()),
            Change::Mark { .. } | Change::Remove { .. } => None,
        });
        let outcome = self
            .flush(files.collect())
            .and_then(|()| apply(&changes))
            .and_then(|changed| self.flush(changed.iter().map(PathBuf::as_path).collect()));
        if outcome.is_err() {
            self.changes = changes;
        }
        outcome
    }

    /// Makes the changes, which need not survive a power cut.
    pub(crate) fn apply_unflushed(mut self) -> Result<(), StoreError> {
        apply(&std::mem::take(&mut self.changes)).map(|_| ())
    }

    /// Forces files or folders to the disk, at the same time, where they are to survive a power cut.
    fn flush(&self, paths: Vec<&Path>) -> Result<(), StoreError> {
        if self.folder.durability == Durability::ProcessCrash {
            return Ok(());
        }
        let Some((last, others)) = paths.split_last() else {
            return Ok(());
        };
        std::thread::scope(|scope| {
            let flushing: Vec<_> = others.iter().map(|path| scope.spawn(|| flush(path))).collect();
            let outcome = flush(last);
            flushing.into_iter().fold(outcome, |outcome, flushing| {
                let flushed = flushing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                outcome.and(flushed)
            })
        })
    }
}

impl Drop for Batch<'_> {
    /// Removes what was written aside and not renamed into place; what stays is removed at the next start.
    fn drop(&mut self) {
        let aside = self.folder.root.join(ASIDE);
        for change in &self.changes {
            if let Change::Place { from, .. } = change
                && from.starts_with(&aside)
            {
                let _ = fs::remove_file(from);
            }
        }
    }
}

/// Makes changes in their order, and tells in which folders.
fn apply(changes: &[Change]) -> Result<BTreeSet<PathBuf>, StoreError> {
    let mut changed = BTreeSet::new();
    for change in changes {
        match change {
            Change::Place { from, to } => {
                make_parent(to, &mut changed)?;
                fs::rename(from, to).map_err(StoreError::at(to))?;
            }
            Change::Mark { path } => {
                make_parent(path, &mut changed)?;
                File::create(path).map_err(StoreError::at(path))?;
            }
            Change::Remove { path } => match fs::remove_file(path) {
                Ok(()) => changed.extend(path.parent().map(Path::to_owned)),
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(StoreError::at(path)(error)),
            },
        }
    }
    Ok(changed)
}

fn flush(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::at(path))
}

fn make_parent(path: &Path, changed: &mut BTreeSet<PathBuf>) -> Result<(), StoreError> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    if !parent.is_dir() {
        make_parent(parent, changed)?;
        match fs::create_dir(parent) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(StoreError::at(parent)(error)),
            _ => {}
        }
    }
    changed.insert(parent.to_owned());
    Ok(())
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
