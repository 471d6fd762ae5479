//! Writing entries below a new folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::UnpackError;
use super::entry::{Entry, Kind};
use crate::title;

/// A new folder being filled.
pub(super) struct Tree {
    root: PathBuf,
    /// What names begin with, `None` where they begin with nothing.
    prefix: Option<String>,
}

impl Tree {
    /// Makes the folder; names in the archive begin with `prefix`, which is left out.
    pub(super) fn new(root: &Path, prefix: &str) -> Result<Self, UnpackError> {
        fs::create_dir(root).map_err(|source| UnpackError::file(root, source))?;
        Ok(Self {
            root: root.to_owned(),
            prefix: (prefix != ".").then(|| prefix.to_owned()),
        })
    }

    /// Writes an entry, whose content is read from `content`.
    pub(super) fn add(&mut self, entry: &Entry, content: &mut impl Read) -> Result<(), UnpackError> {
        let parts = self.parts(&entry.name)?;
        let path = self.path(&entry.name, &parts)?;
        if parts.is_empty() && entry.kind != Kind::Folder {
            return Err(UnpackError::Outside {
                name: entry.name.clone(),
            });
        }
        match entry.kind {
            Kind::Folder if parts.is_empty() => Ok(()),
            Kind::Folder => folder(&path, entry.mode),
            Kind::File => {
                remove(&path)?;
                file(&path, entry, content)
            }
            Kind::SymbolicLink => {
                if !stays_inside(&entry.target, parts.len() - 1) {
                    return Err(UnpackError::LinkEscapes {
                        name: entry.name.clone(),
                        target: entry.target.clone(),
                    });
                }
                remove(&path)?;
                link(&entry.target, &path).map_err(|source| UnpackError::file(&path, source))
            }
            Kind::HardLink => self.hard_link(entry, &path),
            Kind::Special => Err(UnpackError::SpecialFile {
                name: entry.name.clone(),
            }),
        }
    }

    /// The parts of a name below the folder.
    fn parts(&self, name: &str) -> Result<Vec<String>, UnpackError> {
        let outside = || UnpackError::Outside { name: name.to_owned() };
        let cleaned = title::clean(name);
        let below = match &self.prefix {
            None => cleaned.as_str(),
            Some(prefix) => match cleaned.strip_prefix(prefix.as_str()) {
                Some("") => ".",
                Some(rest) => rest.strip_prefix('/').ok_or_else(outside)?,
                None => return Err(outside()),
            },
        };
        if !title::is_inside(below) || cfg!(windows) && below.contains(['\\', ':']) {
            return Err(outside());
        }
        Ok(below
            .split('/')
            .filter(|part| *part != ".")
            .map(ToOwned::to_owned)
            .collect())
    }

    /// The path for the parts of a name; what is above it are real folders, made where they are missing.
    fn path(&self, name: &str, parts: &[String]) -> Result<PathBuf, UnpackError> {
        let mut path = self.root.clone();
        let Some((last, above)) = parts.split_last() else {
            return Ok(path);
        };
        for part in above {
            path.push(part);
            match path.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(UnpackError::NotInFolder { name: name.to_owned() }),
                Err(_) => fs::create_dir(&path).map_err(|source| UnpackError::file(&path, source))?,
            }
        }
        path.push(last);
        Ok(path)
    }

    /// Links to a file of this archive; its name is, like all names in it, from the archive's start.
    fn hard_link(&self, entry: &Entry, path: &Path) -> Result<(), UnpackError> {
        let escapes = || UnpackError::LinkEscapes {
            name: entry.name.clone(),
            target: entry.target.clone(),
        };
        let parts = self.parts(&entry.target).map_err(|_| escapes())?;
        let target = self.path(&entry.target, &parts)?;
        match target.symlink_metadata() {
            Ok(metadata) if metadata.is_file() && target != path => {}
            _ => return Err(escapes()),
        }
        remove(path)?;
        fs::hard_link(&target, path).map_err(|source| UnpackError::file(path, source))
    }
}

/// Says whether a symbolic link in a folder `depth` below the root stays below the root, whatever other links there
/// are: it may go up only at its start, where the folders above it are known to be real.
fn stays_inside(target: &str, depth: usize) -> bool {
    if target.is_empty() || target.starts_with('/') || cfg!(windows) && target.contains(['\\', ':']) {
        return false;
    }
    let mut climbed = 0;
    let mut has_descended = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if has_descended => return false,
            ".." => climbed += 1,
            _ => has_descended = true,
        }
    }
    climbed <= depth
}

fn folder(path: &Path, mode: u32) -> Result<(), UnpackError> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => remove(path)?,
        Err(_) => {}
    }
    let mut builder = fs::DirBuilder::new();
    // Its owner can always write to it, or its own content could not be unpacked.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode & PERMISSIONS | 0o700);
    #[cfg(not(unix))]
    let _ = mode;
    builder.create(path).map_err(|source| UnpackError::file(path, source))
}

fn file(path: &Path, entry: &Entry, content: &mut impl Read) -> Result<(), UnpackError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, entry.mode & PERMISSIONS);
    let mut file = options.open(path).map_err(|source| UnpackError::file(path, source))?;
    let mut buffer = vec![0; BUFFER];
    let mut written = 0;
    loop {
        let count = match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(source) if source.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(UnpackError::Compressed(source)),
        };
        written += count as u64;
        io::Write::write_all(&mut file, &buffer[..count]).map_err(|source| UnpackError::file(path, source))?;
    }
    if written != entry.size {
        return Err(UnpackError::Malformed {
            reason: "it is cut short",
        });
    }
    if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.seconds)) {
        file.set_modified(time)
            .map_err(|source| UnpackError::file(path, source))?;
    }
    Ok(())
}

/// Removes what an earlier entry of the same name made; folders stay.
fn remove(path: &Path) -> Result<(), UnpackError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(UnpackError::file(path, source)),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

/// The permission bits that are kept: not set-user-ID, set-group-ID and sticky.
#[cfg(unix)]
const PERMISSIONS: u32 = 0o777;

const BUFFER: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::stays_inside;

    #[test]
    fn link_may_climb_only_at_its_start_and_only_to_the_root() {
        for (target, depth) in [("a", 0), ("./a/b", 0), ("../a", 1), ("../../a", 2), (".", 0), ("..", 1)] {
            assert!(stays_inside(target, depth), "{target} at {depth}");
        }
        for (target, depth) in [
            ("..", 0),
            ("../a", 0),
            ("/a", 3),
            ("", 0),
            ("a/..", 1),
            ("a/../../b", 1),
        ] {
            assert!(!stays_inside(target, depth), "{target} at {depth}");
        }
    }
}
