//! A registry's contents in a folder.
//!
//! ```text
//! format, lock                         what wrote this, and that it is in use
//! aside/                               files being written; emptied at start
//! blobs/sha256/ab/ab12…                the bytes of blobs and manifests, each once
//! repositories/NAME/_blobs/sha256/…    empty: the blob belongs to the repository
//! repositories/NAME/_manifests/…       the manifest belongs to it; holds the media type
//! repositories/NAME/_tags/v1           the digest that the tag points at
//! repositories/NAME/_referrers/…       for a subject: a descriptor a line
//! repositories/NAME/_uploads/…         the bytes of an upload so far
//! ```
//!
//! A link whose content is missing, and a referrer whose manifest is not linked, do not exist: so the order in which
//! a crash lets changes through never shows half of anything. Content that no link needs stays until
//! [`collect_garbage`] removes it.

mod error;
mod folder;
mod garbage;
pub(crate) mod key;
mod listing;
mod manifest;
mod referrers;
mod upload;

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::Digest;

use self::folder::Folder;
use self::key::Key;
use self::referrers::CheckedLists;
use crate::options::Durability;
use crate::registry::name::{RepositoryName, Tag};

pub use self::error::StoreError;
pub use self::garbage::{Collected, collect_garbage};
pub(crate) use self::listing::{Page, Rest};
pub(crate) use self::manifest::{Change, ChangeError, Condition, ManifestWrite};
pub(crate) use self::referrers::{Listed, Referrer, ReferrersError};
pub(crate) use self::upload::{Progress, Staged, Swept};

/// A registry's contents. Reads take no lock; changes to a repository's manifests and tags happen one at a time.
#[derive(Debug)]
pub(crate) struct Store {
    folder: Folder,
    /// A repository always has the same lock; repositories share them.
    locks: [Mutex<()>; LOCKS],
    checked: CheckedLists,
}

impl Store {
    /// Opens or makes the folder.
    pub(crate) fn open(root: &Path, durability: Durability) -> Result<Self, StoreError> {
        Ok(Self {
            folder: Folder::open(root, durability)?,
            locks: [const { Mutex::new(()) }; LOCKS],
            checked: CheckedLists::default(),
        })
    }

    /// Opens a blob of a repository, and tells its size.
    pub(crate) fn blob(&self, name: &RepositoryName, digest: &Digest) -> Result<Option<(File, u64)>, StoreError> {
        if self.folder.size(&Key::blob_link(name, digest))?.is_none() {
            return Ok(None);
        }
        self.folder.open_file(&Key::content(digest))
    }

    /// Tells the size of a blob of a repository.
    pub(crate) fn blob_size(&self, name: &RepositoryName, digest: &Digest) -> Result<Option<u64>, StoreError> {
        if self.folder.size(&Key::blob_link(name, digest))?.is_none() {
            return Ok(None);
        }
        self.folder.size(&Key::content(digest))
    }

    /// Links a blob that another repository has, or that any has where none is named; says whether it was there.
    pub(crate) fn mount(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        from: Option<&RepositoryName>,
    ) -> Result<bool, StoreError> {
        let found = match from {
            Some(from) => self.blob_size(from, digest)?,
            None => self.folder.size(&Key::content(digest))?,
        };
        if found.is_none() {
            return Ok(false);
        }
        let mut batch = self.folder.batch();
        batch.mark(&Key::blob_link(name, digest));
        batch.commit()?;
        Ok(true)
    }

    /// Takes a blob from a repository; says whether it had it.
    pub(crate) fn unlink_blob(&self, name: &RepositoryName, digest: &Digest) -> Result<bool, StoreError> {
        let _lock = self.lock(name);
        let link = Key::blob_link(name, digest);
        let was_linked = self.folder.size(&link)?.is_some();
        let mut batch = self.folder.batch();
        batch.remove(&link);
        batch.commit()?;
        Ok(was_linked)
    }

    /// Tells what a tag points at.
    pub(crate) fn tag(&self, name: &RepositoryName, tag: &Tag) -> Result<Option<Digest>, StoreError> {
        let key = Key::tag(name, tag);
        let Some(bytes) = self.folder.read(&key)? else {
            return Ok(None);
        };
        let digest = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
        digest.map(Some).ok_or_else(|| StoreError::Corrupt {
            path: self.folder.path(&key),
            what: "a tag must hold a digest",
        })
    }

    /// Says whether anything was ever pushed to a repository.
    pub(crate) fn has_repository(&self, name: &RepositoryName) -> Result<bool, StoreError> {
        let children = self.folder.list(&Key::repository(name))?;
        Ok(children.iter().any(|child| child == "_manifests" || child == "_blobs"))
    }

    fn lock(&self, name: &RepositoryName) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % LOCKS as u64).expect("the remainder is below LOCKS");
        // The lock guards files, which are whole at every moment, so a panic elsewhere does not spoil it.
        self.locks[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many locks repositories share.
const LOCKS: usize = 64;
