//! A log of entries that can only grow, over tiles (C2SP tlog-tiles), in a folder.
//!
//! Entries that come at a time are put in order and made durable together by one thread, the [sequencer]. Whoever appends
//! is answered when the entry, its record and a checkpoint that covers both are on the disk. A partial tile is the start
//! of a full one, so each of them, of every size that ever was, is a part of the same [files], and none is stored twice.

mod checkpoint;
mod error;
mod files;
mod opening;
mod sequencer;
mod tile;
mod tree;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use countersign_core::key::{PrivateKey, PublicKey};
use countersign_core::log::merkle::{TreeHash, TreeHead};
use jiff::Timestamp;

use self::files::{Files, damaged};
use self::sequencer::Sequencer;
use self::tile::Content;
use self::tree::{Leaves, TILE_WIDTH, Tree, root_over};
use crate::options::Durability;

pub(crate) use self::checkpoint::{CheckpointSigner, Form, digitally_signed, log_id};
pub use self::error::LogError;
pub(crate) use self::tile::Tile;

/// A log. Reads take no lock for longer than a copy; appends happen one after the other.
#[derive(Debug)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    sequencer: Sequencer,
    since: Timestamp,
}

/// What the sequencer and readers share.
#[derive(Debug)]
struct Shared {
    files: Files,
    signer: CheckpointSigner,
    leaf_of: fn(&[u8]) -> Option<TreeHash>,
    tree: RwLock<Tree>,
    /// The first place of each identity, by its first half: whoever makes two with one half gets a second entry.
    known: Mutex<HashMap<[u8; 16], u64>>,
    published: RwLock<Arc<Published>>,
}

/// A checkpoint that is on the disk.
#[derive(Debug)]
pub(crate) struct Published {
    /// The tree.
    pub(crate) head: TreeHead,
    /// The signed note.
    pub(crate) note: String,
}

/// What somebody wants to append.
pub(crate) struct Proposal {
    /// Entries with the same identity are one.
    pub(crate) identity: [u8; 32],
    /// When it was proposed, which is its time in the log.
    pub(crate) time: Timestamp,
    /// Makes the entry, once its place is known.
    pub(crate) make: Box<dyn FnOnce(u64) -> Vec<u8> + Send>,
}

/// Where an entry is, and a checkpoint that covers it.
#[derive(Clone, Debug)]
pub(crate) struct Appended {
    pub(crate) index: u64,
    /// Whether it was there before.
    pub(crate) is_new: bool,
    pub(crate) published: Arc<Published>,
}

/// An entry that is in the log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) index: u64,
    pub(crate) leaf: TreeHash,
    pub(crate) time: Timestamp,
    pub(crate) bytes: Vec<u8>,
}

impl Log {
    /// Opens the log in a folder, or makes it there at `now`; `leaf_of` hashes an entry for the tree, if it can be one.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        signer: CheckpointSigner,
        leaf_of: fn(&[u8]) -> Option<TreeHash>,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let files = Files::open(folder, durability)?;
        let since = opening::claim(&files, &signer, now)?;
        let (published, tree, known) = opening::load(&files, &signer, now)?;
        let shared = Arc::new(Shared {
            files,
            signer,
            leaf_of,
            tree: RwLock::new(tree),
            known: Mutex::new(known),
            published: RwLock::new(Arc::new(published)),
        });
        Ok(Self {
            sequencer: Sequencer::start(Arc::clone(&shared)),
            shared,
            since,
        })
    }

    /// Appends an entry that is not there, and returns when it lasts.
    pub(crate) async fn append(&self, proposal: Proposal) -> Result<Appended, LogError> {
        self.sequencer.append(proposal).await
    }

    /// The newest checkpoint.
    pub(crate) fn published(&self) -> Arc<Published> {
        self.shared.published()
    }

    /// The place of the entry with an identity.
    pub(crate) fn find(&self, identity: &[u8; 32]) -> Result<Option<u64>, LogError> {
        self.shared.find(identity, self.published().head.size)
    }

    /// Reads an entry, if there is one at this place.
    pub(crate) fn entry(&self, index: u64) -> Result<Option<Entry>, LogError> {
        if index >= self.published().head.size {
            return Ok(None);
        }
        let files = &self.shared.files;
        let record = files.record(index)?;
        let bytes = files.entry(files.end(index)?..record.end)?;
        self.shared.check_entry(index, &record.leaf, &bytes)?;
        Ok(Some(Entry {
            index,
            leaf: record.leaf,
            time: record.time(),
            bytes,
        }))
    }

    /// The path from an entry with this leaf hash to the root of a tree that was published.
    pub(crate) fn inclusion(&self, index: u64, leaf: TreeHash, head: &TreeHead) -> Result<Vec<TreeHash>, LogError> {
        let tree = self.shared.tree.read().unwrap_or_else(PoisonError::into_inner);
        let path = tree.inclusion(index, head.size, &self.shared.files)?;
        drop(tree);
        self.shared.check_root(
            &head.root,
            countersign_core::log::merkle::root_of(leaf, index, head.size, &path).ok(),
        )?;
        Ok(path)
    }

    /// The path that shows that a published tree of `second` entries continues the one of `first`, and the root of the second.
    pub(crate) fn consistency(&self, first: u64, second: u64) -> Result<(TreeHash, Vec<TreeHash>), LogError> {
        let tree = self.shared.tree.read().unwrap_or_else(PoisonError::into_inner);
        let root = tree.root(second, &self.shared.files)?;
        let path = match first {
            0 => Vec::new(),
            _ => tree.consistency(first, second, &self.shared.files)?,
        };
        Ok((root, path))
    }

    /// Reads a tile as far as a checkpoint covers it; nothing where none does. `prefixed` has each entry led by its length.
    pub(crate) fn tile(&self, tile: Tile, prefixed: bool) -> Result<Option<Vec<u8>>, LogError> {
        let size = self.published().head.size;
        let level = match tile.content {
            Content::Hashes(level) => level,
            Content::Entries => 0,
        };
        let available = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
        let start = tile.index.checked_mul(TILE_WIDTH);
        let Some(range) = start.map(|start| start..start.saturating_add(tile.width)) else {
            return Ok(None);
        };
        if range.end > available {
            return Ok(None);
        }
        if tile.content == Content::Entries {
            return self.bundle(range, prefixed).map(Some);
        }
        let tree = self.shared.tree.read().unwrap_or_else(PoisonError::into_inner);
        let hashes = match level {
            0 => self.leaves(&tree, range)?,
            _ => tree.tile(level, range).unwrap_or_default().to_vec(),
        };
        Ok(Some(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()))
    }

    /// Reads hashes of leaves, which must be those that the tree was made of where their tile is full.
    fn leaves(&self, tree: &Tree, range: Range<u64>) -> Result<Vec<TreeHash>, LogError> {
        let start = range.start / TILE_WIDTH;
        let Some([root]) = tree.tile(1, start..start + 1) else {
            return self.shared.files.leaves(range);
        };
        let mut leaves = self.shared.files.leaves(range.start..range.start + TILE_WIDTH)?;
        self.shared.check_root(root, Some(root_over(&leaves)))?;
        leaves.truncate(usize::try_from(range.end - range.start).expect("a tile has few leaves"));
        Ok(leaves)
    }

    fn bundle(&self, range: Range<u64>, prefixed: bool) -> Result<Vec<u8>, LogError> {
        let files = &self.shared.files;
        let mut start = files.end(range.start)?;
        let mut bundle = Vec::new();
        for (record, index) in files.records(range.clone())?.iter().zip(range) {
            let bytes = files.entry(start..record.end)?;
            self.shared.check_entry(index, &record.leaf, &bytes)?;
            if prefixed {
                let length =
                    u16::try_from(bytes.len()).expect("an entry is within the limit, which two bytes can tell");
                bundle.extend(length.to_be_bytes());
            }
            bundle.extend(bytes);
            start = record.end;
        }
        Ok(bundle)
    }

    /// Keeps a file beside the log, under a name that its contents make.
    pub(crate) fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        match self.shared.files.kept(name)? {
            Some(_) => Ok(()),
            None => self.shared.files.keep(name, bytes),
        }
    }

    /// Reads a file that was kept beside the log.
    pub(crate) fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        self.shared.files.kept(name)
    }

    /// The log's name.
    pub(crate) fn origin(&self) -> &str {
        self.shared.signer.origin()
    }

    /// The key that the log signs with.
    pub(crate) fn key(&self) -> &Arc<PrivateKey> {
        self.shared.signer.key()
    }

    /// The key that verifies what the log signs.
    pub(crate) fn public_key(&self) -> &PublicKey {
        self.shared.signer.public_key()
    }

    /// When the log was made.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }
}

impl Shared {
    fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The place of an identity among the first `size` entries.
    fn find(&self, identity: &[u8; 32], size: u64) -> Result<Option<u64>, LogError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&half(identity)).copied();
        drop(known);
        match found.filter(|index| *index < size) {
            Some(index) => Ok((self.files.record(index)?.identity == *identity).then_some(index)),
            None => Ok(None),
        }
    }

    fn check_entry(&self, index: u64, leaf: &TreeHash, bytes: &[u8]) -> Result<(), LogError> {
        let found = (self.leaf_of)(bytes);
        if found == Some(*leaf) {
            return Ok(());
        }
        let found = found.map_or_else(
            || "no entry".to_owned(),
            |found| format!("of an entry with the hash {found}"),
        );
        let expected = format!("the hash {leaf} of entry {index}");
        Err(damaged(self.files.path("entries"), "what is there", expected, found))
    }

    fn check_root(&self, root: &TreeHash, found: Option<TreeHash>) -> Result<(), LogError> {
        if found == Some(*root) {
            return Ok(());
        }
        let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
        Err(damaged(self.files.path("records"), "the root", root.to_string(), found))
    }
}

fn half(identity: &[u8; 32]) -> [u8; 16] {
    *identity.first_chunk().expect("a half is within the whole")
}

/// The longest entry: its length is told in two bytes (C2SP tlog-tiles, §Log entries).
pub(crate) const ENTRY_LIMIT: usize = u16::MAX as usize;

#[cfg(test)]
mod tests;
