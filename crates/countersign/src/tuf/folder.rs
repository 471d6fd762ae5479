//! What is kept of a repository: files that are whole at every moment, changed by one process at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::TufFailure;

/// The folder of a repository, which no other process of ours changes while this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder where there is none, and waits until nobody else changes it.
    pub(super) async fn lock(path: &Path) -> Result<Self, TufFailure> {
        fs::create_dir_all(path).map_err(at("making", path))?;
        let name = path.join(LOCK);
        let file = File::options().create(true).append(true).open(&name);
        let file = file.map_err(at("opening", &name))?;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::Error(source)) => return Err(at("locking", &name)(source)),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: file,
        })
    }

    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, TufFailure> {
        read_kept(&self.path.join(name), limit)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TufFailure> {
        write(&self.path.join(name), bytes)
    }

    /// An empty folder beside what is kept, left by nobody who still lives.
    pub(super) fn fresh(&self) -> Result<PathBuf, TufFailure> {
        let path = self.path.join(FRESH);
        remove(&path)?;
        fs::create_dir(&path).map_err(at("making", &path))?;
        Ok(path)
    }

    /// Puts what is in a fresh folder in the place of what is kept. What is known of versions goes first: where this is
    /// broken off, the next update finds a root and fetches the rest.
    pub(super) fn replace_with(&self, fresh: &Path) -> Result<(), TufFailure> {
        for old in names(&self.path)? {
            let is_root = old == Path::new(super::ROOT);
            if !is_root && old.extension().is_some_and(|extension| extension == "json") {
                remove(&self.path.join(old))?;
            }
        }
        for folder in ["root_history", "targets"] {
            let path = self.path.join(folder);
            remove(&path)?;
            if fresh.join(folder).exists() {
                fs::rename(fresh.join(folder), &path).map_err(at("writing", &path))?;
            }
        }
        let mut files = names(fresh)?;
        // A root with what an older one signed is no harm; the reverse would be refused.
        files.sort_by_key(|name| name != Path::new(super::ROOT));
        for name in files {
            if name.extension().is_some_and(|extension| extension == "json") {
                let path = self.path.join(&name);
                fs::rename(fresh.join(&name), &path).map_err(at("writing", &path))?;
            }
        }
        flush(&self.path)?;
        remove(fresh)
    }
}

/// Reads a file of at most `limit` bytes; none where there is none.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, TufFailure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(at("reading", path)(error)),
    };
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(at("reading", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        let path = path.to_owned();
        return Err(TufFailure::TooLarge { path, limit });
    }
    Ok(Some(bytes))
}

/// Reads a file that is only believed where it is what was signed: one that is too large is as good as none.
pub(super) fn read_kept(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, TufFailure> {
    match read(path, limit) {
        Err(TufFailure::TooLarge { .. }) => Ok(None),
        read => read,
    }
}

/// Writes a file aside, flushes it and gives it its name, so that it is whole whoever reads it and whatever happens.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), TufFailure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(at("making", folder))?;
    let aside = folder.join(format!(".{}.aside", std::process::id()));
    let mut file = File::create(&aside).map_err(at("writing", &aside))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(at("writing", &aside))?;
    fs::rename(&aside, path).map_err(at("writing", path))?;
    flush(folder)
}

fn flush(folder: &Path) -> Result<(), TufFailure> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at("writing", folder))
}

/// Removes a file, or a folder with what is in it.
fn remove(path: &Path) -> Result<(), TufFailure> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if !is_absence(&error) => Err(at("removing", path)(error)),
        _ => Ok(()),
    }
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, TufFailure> {
    let names = fs::read_dir(folder).and_then(|entries| {
        let name = |entry: io::Result<fs::DirEntry>| Ok(PathBuf::from(entry?.file_name()));
        entries.map(name).collect()
    });
    names.map_err(at("reading", folder))
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TufFailure {
    let path = path.to_owned();
    move |source| TufFailure::File { action, path, source }
}

/// The file whose lock says that somebody changes the folder.
const LOCK: &str = "lock";

/// Where a repository is looked at before it takes the place of what is kept.
const FRESH: &str = "initializing";

/// How long to wait before the lock is tried again.
const PAUSE: Duration = Duration::from_millis(20);
