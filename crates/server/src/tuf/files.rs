//! The files of a repository, in memory and in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;

use super::edition::{Edition, Editions};
use super::{File, TufError};
use crate::options::Durability;

/// Files by their paths below the repository's address.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(BTreeMap<String, Bytes>);

/// Files that are to be written, in that order.
pub(super) type Changes = Vec<(String, Bytes)>;

impl Files {
    pub(super) fn get(&self, path: &str) -> Option<&Bytes> {
        self.0.get(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn with(&self, changes: &Changes) -> Self {
        let mut files = self.clone();
        files.0.extend(changes.iter().cloned());
        files
    }

    /// Leaves out editions that no client can still be on its way to, and the targets that only they name.
    pub(super) fn without_old(&self, editions: &Editions) -> Self {
        let mut files = self.clone();
        files.0.retain(|path, _| !editions.is_old(path));
        let mut named = BTreeSet::new();
        for path in files.paths().filter(|path| path.ends_with(".targets.json")) {
            let targets = Edition::targets_in(&files, path).unwrap_or_default();
            named.extend(targets.into_values());
        }
        let is_unnamed = |path: &str| path.starts_with(TARGETS_PREFIX) && !named.contains(path);
        files.0.retain(|path, _| !is_unnamed(path));
        files
    }

    /// What is at a path: the file itself, the last root, or a target by its bare name.
    pub(super) fn served(&self, path: &str) -> Option<File> {
        let bytes = match (self.get(path), path.strip_prefix(TARGETS_PREFIX)) {
            (Some(bytes), _) => bytes,
            (None, _) if path == "root.json" => self.get(&Edition::last_root(self)?)?,
            (None, Some(name)) => self.get(Edition::targets(self).ok()??.get(name)?)?,
            _ => return None,
        };
        Some(File {
            bytes: bytes.clone(),
            content_type: match path.ends_with(".json") {
                true => "application/json",
                false => "application/octet-stream",
            },
        })
    }
}

/// Reads what an earlier server published.
pub(super) fn read(folder: &Path) -> Result<Files, TufError> {
    let mut files = Files::default();
    for (below, prefix) in [(folder.to_owned(), ""), (folder.join(TARGETS), TARGETS_PREFIX)] {
        let entries = fs::read_dir(&below).map_err(at(&below))?;
        for entry in entries {
            let entry = entry.map_err(at(&below))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_file = entry.file_type().map_err(at(&entry.path()))?.is_file();
            if is_file && !name.ends_with(ASIDE) {
                let bytes = fs::read(entry.path()).map_err(at(&entry.path()))?;
                files.0.insert(format!("{prefix}{name}"), bytes.into());
            }
        }
    }
    Ok(files)
}

/// Writes each file aside, flushes it and gives it its name; what comes before is there before what names it.
pub(super) fn write(folder: &Path, changes: &Changes, durability: Durability) -> Result<(), TufError> {
    for (path, bytes) in changes {
        let place = folder.join(path);
        let aside = folder.join(format!("{path}{ASIDE}"));
        let written = fs::File::create(&aside).and_then(|mut file| {
            file.write_all(bytes)?;
            flushed(&file, durability)
        });
        written.map_err(at(&aside))?;
        fs::rename(&aside, &place).map_err(at(&place))?;
        let parent = place.parent().unwrap_or(folder);
        let parent = fs::File::open(parent).and_then(|parent| flushed(&parent, durability));
        parent.map_err(at(folder))?;
    }
    Ok(())
}

/// Removes what is not kept.
pub(super) fn remove(folder: &Path, files: &Files, kept: &Files) -> Result<(), TufError> {
    for path in files.paths().filter(|path| kept.get(path).is_none()) {
        let path = folder.join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&path)(error)),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn make(folder: &Path) -> Result<(), TufError> {
    fs::create_dir_all(folder).map_err(at(folder))
}

fn flushed(file: &fs::File, durability: Durability) -> io::Result<()> {
    match durability {
        Durability::PowerCut => file.sync_all(),
        Durability::ProcessCrash => Ok(()),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> TufError {
    let path = path.to_owned();
    move |source| TufError::File { path, source }
}

pub(super) const TARGETS: &str = "targets";
pub(super) const TARGETS_PREFIX: &str = "targets/";
const ASIDE: &str = ".aside";
