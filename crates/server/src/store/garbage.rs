//! Removing content that no repository has any more.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::folder::names_in;
use super::key::Key;
use super::{Store, StoreError};
use crate::options::Durability;

/// What [`collect_garbage`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// The number of blobs and manifests removed.
    pub contents: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

/// Removes the content of a registry's folder that no repository has any more; no server may be using the folder.
///
/// # Errors
/// [`StoreError::Locked`] where a server is using it.
pub fn collect_garbage(root: &Path) -> Result<Collected, StoreError> {
    let store = Store::open(root, Durability::PowerCut)?;
    let linked = store.linked()?;
    let top = store.folder.path(&Key::in_root("blobs"));
    let mut collected = Collected::default();
    for algorithm in names_in(&top)? {
        for shard in names_in(&top.join(&algorithm))? {
            let folder = top.join(&algorithm).join(shard);
            for hex in names_in(&folder)? {
                if linked.contains(&format!("{algorithm}:{hex}")) {
                    continue;
                }
                let path = folder.join(hex);
                let size = fs::metadata(&path).map_err(StoreError::at(&path))?.len();
                fs::remove_file(&path).map_err(StoreError::at(&path))?;
                collected.contents += 1;
                collected.bytes += size;
            }
        }
    }
    Ok(collected)
}

impl Store {
    /// Lists the digests that some repository has.
    fn linked(&self) -> Result<HashSet<String>, StoreError> {
        let mut linked = HashSet::new();
        for name in self.repositories()? {
            let repository = self.folder.path(&Key::repository(&name));
            for kind in ["_blobs", "_manifests"] {
                let folder = repository.join(kind);
                for algorithm in names_in(&folder)? {
                    for hex in names_in(&folder.join(&algorithm))? {
                        linked.insert(format!("{algorithm}:{hex}"));
                    }
                }
            }
        }
        Ok(linked)
    }
}
