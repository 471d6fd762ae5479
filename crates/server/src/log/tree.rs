//! The tree over a log's entries: its root, and the paths that show what is in it (RFC 6962 §2.1).

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::log::merkle::TreeHash;

use super::LogError;

/// The roots of all complete subtrees of 256 leaves and more. What is below them is made from the leaves when it is needed.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// At `levels[k]`, the roots over 256 · 2ᵏ leaves each, from the left.
    levels: Vec<Vec<TreeHash>>,
    /// What is below them in the tile that was asked for last: those who come at a time mostly ask for one.
    last: Mutex<Arc<Nodes>>,
}

/// The nodes over the leaves of one tile.
#[derive(Debug, Default)]
struct Nodes {
    /// The place of the tile's first leaf.
    start: u64,
    /// At `levels[k]`, the roots over 2ᵏ leaves each, from the left.
    levels: Vec<Vec<TreeHash>>,
}

/// Where hashes of leaves are.
pub(super) trait Leaves {
    /// Reads the hashes of some leaves, which are in one tile.
    fn leaves(&self, range: Range<u64>) -> Result<Vec<TreeHash>, LogError>;
}

impl Tree {
    /// Adds the root over the next 256 leaves.
    pub(super) fn push_tile(&mut self, root: TreeHash) {
        let mut root = root;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let roots = &mut self.levels[level];
            roots.push(root);
            let [.., left, right] = roots.as_slice() else { return };
            if roots.len() % 2 == 1 {
                return;
            }
            root = TreeHash::of_node(left, right);
        }
    }

    /// Adds the root over the next tile, whose leaves are all there.
    pub(super) fn complete_tile(&mut self, leaves: &dyn Leaves) -> Result<(), LogError> {
        let start = self.tiles() * TILE_WIDTH;
        let nodes = self.nodes(&(start..start + TILE_WIDTH), leaves)?;
        self.push_tile(nodes.root(0..index(TILE_WIDTH)));
        Ok(())
    }

    /// Forgets what is not complete in a tree of `size` leaves.
    pub(super) fn truncate(&mut self, size: u64) {
        for (level, roots) in self.levels.iter_mut().enumerate() {
            roots.truncate(index(size >> (level + TILE_HEIGHT)));
        }
        self.last = Mutex::default();
    }

    /// The number of tiles of 256 leaves that are complete.
    pub(super) fn tiles(&self) -> u64 {
        self.levels.first().map_or(0, |roots| roots.len() as u64)
    }

    /// The hashes of a tile above the leaves, as far as there are.
    pub(super) fn tile(&self, level: u8, range: Range<u64>) -> Option<&[TreeHash]> {
        let level = usize::from(level).checked_sub(1)? * TILE_HEIGHT;
        self.levels.get(level)?.get(index(range.start)..index(range.end))
    }

    /// The root of a tree of `size` leaves.
    pub(super) fn root(&self, size: u64, leaves: &dyn Leaves) -> Result<TreeHash, LogError> {
        match size {
            0 => Ok(TreeHash::of_nothing()),
            _ => self.subtree(0..size, leaves),
        }
    }

    /// The path from the leaf at `index` to the root of a tree of `size` leaves.
    pub(super) fn inclusion(&self, at: u64, size: u64, leaves: &dyn Leaves) -> Result<Vec<TreeHash>, LogError> {
        let tile = at / TILE_WIDTH * TILE_WIDTH;
        let tile = tile..size.min(tile + TILE_WIDTH);
        let nodes = self.nodes(&tile, leaves)?;
        let mut above = Vec::new();
        let mut range = 0..size;
        while range.end - range.start > tile.end - tile.start {
            let middle = split(&range);
            let (here, other) = if at < middle {
                (range.start..middle, middle..range.end)
            } else {
                (middle..range.end, range.start..middle)
            };
            above.push(self.subtree(other, leaves)?);
            range = here;
        }
        let mut path = nodes.path(index(at - tile.start), index(tile.end - tile.start));
        path.extend(above.into_iter().rev());
        Ok(path)
    }

    /// The path that shows that the tree of `second` leaves continues the one of `first`.
    pub(super) fn consistency(&self, first: u64, second: u64, leaves: &dyn Leaves) -> Result<Vec<TreeHash>, LogError> {
        let mut path = Vec::new();
        let mut range = 0..second;
        let mut is_old_root_known = true;
        while range.end != first {
            let middle = split(&range);
            if first <= middle {
                path.push(self.subtree(middle..range.end, leaves)?);
                range = range.start..middle;
            } else {
                path.push(self.subtree(range.start..middle, leaves)?);
                range = middle..range.end;
                is_old_root_known = false;
            }
        }
        if !is_old_root_known {
            path.push(self.subtree(range, leaves)?);
        }
        path.reverse();
        Ok(path)
    }

    fn subtree(&self, range: Range<u64>, leaves: &dyn Leaves) -> Result<TreeHash, LogError> {
        let length = range.end - range.start;
        if length >= TILE_WIDTH && length.is_power_of_two() {
            let level = index(u64::from(length.trailing_zeros())) - TILE_HEIGHT;
            let root = self
                .levels
                .get(level)
                .and_then(|roots| roots.get(index(range.start / length)));
            if let Some(root) = root {
                return Ok(*root);
            }
        }
        if length <= TILE_WIDTH {
            let nodes = self.nodes(&range, leaves)?;
            return Ok(nodes.root(index(range.start - nodes.start)..index(range.end - nodes.start)));
        }
        let middle = split(&range);
        let left = self.subtree(range.start..middle, leaves)?;
        Ok(TreeHash::of_node(&left, &self.subtree(middle..range.end, leaves)?))
    }

    /// The nodes of the tile that has these leaves, as far as they are at least.
    fn nodes(&self, range: &Range<u64>, leaves: &dyn Leaves) -> Result<Arc<Nodes>, LogError> {
        let start = range.start / TILE_WIDTH * TILE_WIDTH;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.start != start || last.count() < index(range.end - start) {
            *last = Arc::new(Nodes::new(start, leaves.leaves(start..range.end)?));
        }
        Ok(Arc::clone(&last))
    }
}

impl Nodes {
    fn new(start: u64, leaves: Vec<TreeHash>) -> Self {
        let mut levels = Vec::with_capacity(TILE_HEIGHT + 1);
        let mut level = leaves;
        while !level.is_empty() {
            let (pairs, _) = level.as_chunks();
            let above = pairs
                .iter()
                .map(|[left, right]| TreeHash::of_node(left, right))
                .collect();
            levels.push(level);
            level = above;
        }
        Self { start, levels }
    }

    fn count(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// The root over some leaves, by their places in the tile: as many as a subtree of a tree of any size has there.
    fn root(&self, range: Range<usize>) -> TreeHash {
        let length = range.len();
        if length.is_power_of_two() {
            return self.levels[index(length.trailing_zeros().into())][range.start / length];
        }
        let middle = range.start + half(length);
        TreeHash::of_node(&self.root(range.start..middle), &self.root(middle..range.end))
    }

    /// The path from a leaf to the root over the first `size`.
    fn path(&self, at: usize, size: usize) -> Vec<TreeHash> {
        let mut path = Vec::new();
        let mut range = 0..size;
        while range.len() > 1 {
            let middle = range.start + half(range.len());
            let (here, other) = if at < middle {
                (range.start..middle, middle..range.end)
            } else {
                (middle..range.end, range.start..middle)
            };
            path.push(self.root(other));
            range = here;
        }
        path.reverse();
        path
    }
}

/// The root over some leaves, at least one.
pub(super) fn root_over(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => TreeHash::of_nothing(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            TreeHash::of_node(&root_over(left), &root_over(right))
        }
    }
}

/// Where a tree that is not of one leaf divides: its left half is the largest complete one.
fn split(range: &Range<u64>) -> u64 {
    range.start + (range.end - range.start).next_power_of_two() / 2
}

fn half(length: usize) -> usize {
    length.next_power_of_two() / 2
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("a log has fewer entries than memory has bytes")
}

/// The number of hashes in a full tile (C2SP tlog-tiles).
pub(super) const TILE_WIDTH: u64 = 256;
const TILE_HEIGHT: usize = 8;

#[cfg(test)]
mod tests {
    use countersign_core::log::merkle::{TreeHead, check_consistency, root_of};

    use super::*;

    struct InMemory(Vec<TreeHash>);

    impl Leaves for InMemory {
        fn leaves(&self, range: Range<u64>) -> Result<Vec<TreeHash>, LogError> {
            Ok(self.0[index(range.start)..index(range.end)].to_vec())
        }
    }

    fn tree(size: u64) -> (Tree, InMemory) {
        let leaves: Vec<_> = (0..size)
            .map(|number| TreeHash::of_leaf(&number.to_be_bytes()))
            .collect();
        let mut tree = Tree::default();
        for tile in leaves.chunks_exact(256) {
            tree.push_tile(root_over(tile));
        }
        (tree, InMemory(leaves))
    }

    const SIZES: [u64; 14] = [1, 2, 3, 255, 256, 257, 511, 512, 513, 767, 1024, 1025, 1500, 2000];

    #[test]
    fn root_is_that_of_the_recursive_definition() {
        for size in SIZES {
            let (tree, leaves) = tree(size);
            assert_eq!(tree.root(size, &leaves).unwrap(), root_over(&leaves.0), "{size}");
        }
        let empty = tree(0);
        assert_eq!(
            empty.0.root(0, &empty.1).unwrap().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn every_path_leads_from_its_leaf_to_the_root() {
        let (tree, leaves) = tree(2000);
        for size in SIZES {
            let root = tree.root(size, &leaves).unwrap();
            for at in (0..size).filter(|at| at % 7 == 0 || *at + 3 > size) {
                let path = tree.inclusion(at, size, &leaves).unwrap();
                assert_eq!(
                    root_of(leaves.0[index(at)], at, size, &path),
                    Ok(root),
                    "{at} of {size}"
                );
            }
        }
    }

    #[test]
    fn every_tree_is_shown_to_continue_the_smaller_ones() {
        let (tree, leaves) = tree(2000);
        for second in SIZES {
            for first in SIZES.into_iter().filter(|first| *first <= second) {
                let head = |size| TreeHead {
                    size,
                    root: tree.root(size, &leaves).unwrap(),
                };
                let path = tree.consistency(first, second, &leaves).unwrap();
                assert_eq!(
                    check_consistency(&head(first), &head(second), &path),
                    Ok(()),
                    "{first} {second}"
                );
            }
        }
    }

    #[test]
    fn a_tree_that_was_cut_grows_again() {
        let (mut cut, leaves) = tree(2000);
        cut.truncate(700);
        assert_eq!(cut.tiles(), 2);
        for tile in leaves.0.chunks_exact(256).skip(2) {
            cut.push_tile(root_over(tile));
        }
        assert_eq!(cut.root(2000, &leaves).unwrap(), root_over(&leaves.0));
    }

    #[test]
    fn tiles_above_the_leaves_have_the_roots_of_those_below() {
        let (tree, leaves) = tree(1500);
        let expected: Vec<_> = leaves.0.chunks_exact(256).map(root_over).collect();
        assert_eq!(tree.tile(1, 0..5), Some(&*expected));
        assert_eq!(tree.tile(1, 0..6), None);
        assert_eq!(tree.tile(0, 0..1), None);
        assert_eq!(tree.tile(2, 0..1), None);
    }
}
