//! A repository of The Update Framework: tells clients whom to trust, and renews itself.
//!
//! ```text
//! keys/{root,targets,snapshot,timestamp}.pem   made once; one that is taken away is replaced, but for the root's
//! 1.root.json, 2.root.json, …                  every root, so that a client finds the way from any to the last
//! 4.targets.json, 4.snapshot.json, …           the last few, for clients that are on their way
//! targets/HASH.NAME                            what they name
//! timestamp.json                               what is published: written last
//! ```

mod edition;
mod error;
mod files;
mod metadata;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use countersign_core::tuf::{Reach, Source, Update};
use jiff::Timestamp;

use self::edition::{Edition, Editions};
pub use self::error::TufError;
use self::files::Files;
use self::metadata::Roles;
use crate::options::Durability;

/// A file that clients find by the repository.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    name: String,
    bytes: Bytes,
    service: Option<(Usage, String)>,
}

impl Target {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
            service: None,
        }
    }

    /// A key or certificate of a service, as clients look for it that know no trusted root.
    pub(crate) fn of_service(name: impl Into<String>, bytes: impl Into<Bytes>, usage: Usage, uri: &str) -> Self {
        Self {
            service: Some((usage, uri.to_owned())),
            ..Self::new(name, bytes)
        }
    }
}

/// What the key or certificate of a service is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    Ctfe,
    Fulcio,
    Rekor,
    Tsa,
}

/// A file as it is served.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: &'static str,
}

/// The repository. What is read is in memory, and changes from one whole edition to the next.
#[derive(Debug)]
pub(crate) struct Repository {
    folder: PathBuf,
    durability: Durability,
    roles: Roles,
    targets: Mutex<Vec<Target>>,
    published: RwLock<Arc<Files>>,
}

impl Repository {
    /// Opens or makes the repository in a folder, and publishes these targets.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        targets: Vec<Target>,
        now: Timestamp,
    ) -> Result<Self, TufError> {
        files::make(&folder.join(files::TARGETS))?;
        let repository = Self {
            folder: folder.to_owned(),
            durability,
            roles: Roles::open(folder)?,
            targets: Mutex::new(targets),
            published: RwLock::new(Arc::new(files::read(folder)?)),
        };
        repository.renew(now)?;
        Ok(repository)
    }

    /// Publishes these targets in place of those before.
    #[cfg(test)]
    pub(crate) fn publish(&self, targets: Vec<Target>, now: Timestamp) -> Result<(), TufError> {
        *self.targets.lock().unwrap_or_else(PoisonError::into_inner) = targets;
        self.renew(now).map(drop)
    }

    /// Signs anew what has changed or expires soon, and tells when that is next to be looked at.
    pub(crate) fn renew(&self, now: Timestamp) -> Result<Timestamp, TufError> {
        // Held to the end, so that one edition follows another.
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let published = self.files();
        let mut editions = Editions::read(&published)?;
        let changes = editions.advance(&self.roles, &targets, now)?;
        let next = editions.renewal();
        if changes.is_empty() {
            return Ok(next);
        }
        let files = published.with(&changes);
        check(&files, now)?;
        files::write(&self.folder, &changes, self.durability)?;
        let kept = files.without_old(&editions);
        files::remove(&self.folder, &files, &kept)?;
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(kept);
        Ok(next)
    }

    /// The file at a path below the repository's address.
    pub(crate) fn read(&self, path: &str) -> Option<File> {
        self.files().served(path)
    }

    /// The root that clients are to begin with.
    pub(crate) fn first_root(&self) -> Bytes {
        self.files().get(FIRST_ROOT).cloned().unwrap_or_default()
    }

    fn files(&self) -> Arc<Files> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Checks that a client that begins with the first root believes what is about to be published, and finds every target.
fn check(files: &Files, now: Timestamp) -> Result<(), TufError> {
    let anchor = files.get(FIRST_ROOT).ok_or(TufError::NoRoot)?;
    let mut update = Update::begin(anchor, Reach::Published, now)?;
    drive(&mut update, files)?;
    for (target, file) in Edition::targets(files)?.unwrap_or_default() {
        update.seek(&target)?;
        drive(&mut update, files)?;
        let found = files.get(&file).map_or(&[][..], |bytes| bytes);
        let checked = update.found(&target)?.check(found);
        checked.map_err(|refusal| countersign_core::tuf::TufError {
            file: target.as_str().into(),
            refusal,
        })?;
    }
    Ok(())
}

fn drive(update: &mut Update, files: &Files) -> Result<(), TufError> {
    while let Some(ask) = update.ask() {
        let answer = match ask.source {
            Source::Kept => None,
            Source::Published => files.get(&ask.path),
        };
        update.give(answer.map(|bytes| &bytes[..]))?;
    }
    Ok(())
}

const FIRST_ROOT: &str = "1.root.json";

#[cfg(test)]
mod tests;
