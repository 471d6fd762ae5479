//! Merkle trees: which root an entry is under, and which tree continues which (RFC 6962 §2.1, RFC 9162 §2.1.3 and §2.1.4).

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// A hash of a leaf, of a node or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TreeHash([u8; 32]);

impl TreeHash {
    /// Takes a hash.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Hashes an entry of the tree.
    pub fn of_leaf(entry: &[u8]) -> Self {
        Self::of(&[&[0], entry])
    }

    /// Returns the root of a tree without entries.
    pub fn of_nothing() -> Self {
        Self::of(&[])
    }

    /// Hashes two halves of a tree.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        Self::of(&[&[1], &left.0, &right.0])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        for (byte, hashed) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *byte = *hashed;
        }
        Self(bytes)
    }

    /// Returns the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree at one moment: how many entries it has, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// The number of entries.
    pub size: u64,
    /// The root over them.
    pub root: TreeHash,
}

/// Returns the root of the tree of `size` entries that has `leaf` at `index`, if `path` is the leaf's.
///
/// # Errors
///
/// [`MerkleError`] when such a tree has no such place, or a path there has another length.
pub fn root_of(leaf: TreeHash, index: u64, size: u64, path: &[TreeHash]) -> Result<TreeHash, MerkleError> {
    if index >= size {
        return Err(MerkleError::NoSuchPlace { index, size });
    }
    let (inner, border) = lengths(index, size);
    let (inner, border) = split(path, inner, border)?;
    let root = inner
        .iter()
        .zip(sides(index))
        .fold(leaf, |hash, (other, side)| match side {
            Side::Left => TreeHash::of_node(&hash, other),
            Side::Right => TreeHash::of_node(other, &hash),
        });
    Ok(onto_border(root, border))
}

/// Checks that the tree `second` is the tree `first` with entries added.
///
/// # Errors
///
/// [`MerkleError`] when `path` does not show it; of an empty tree nothing can be shown.
pub fn check_consistency(first: &TreeHead, second: &TreeHead, path: &[TreeHash]) -> Result<(), MerkleError> {
    if first.size == 0 || first.size > second.size {
        return Err(MerkleError::NoContinuation {
            first: first.size,
            second: second.size,
        });
    }
    if first.size == second.size {
        split(path, 0, 0)?;
        return same_root(&second.root, first.root);
    }
    let (inner, border) = lengths(first.size - 1, second.size);
    let whole = first.size.trailing_zeros();
    let inner = inner - whole;
    let (seed, path) = if first.size.is_power_of_two() {
        (&first.root, path)
    } else {
        path.split_first().ok_or(MerkleError::PathLength {
            expected: inner + border + 1,
            found: 0,
        })?
    };
    let (inner, border) = split(path, inner, border)?;
    let (mut old, mut new) = (*seed, *seed);
    for (other, side) in inner.iter().zip(sides((first.size - 1) >> whole)) {
        match side {
            Side::Left => new = TreeHash::of_node(&new, other),
            Side::Right => {
                old = TreeHash::of_node(other, &old);
                new = TreeHash::of_node(other, &new);
            }
        }
    }
    same_root(&first.root, onto_border(old, border))?;
    same_root(&second.root, onto_border(new, border))
}

/// Why a path shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MerkleError {
    /// The tree is too small to have the place.
    #[error("entry {index} cannot be in a tree of {size} entries")]
    NoSuchPlace {
        /// The place.
        index: u64,
        /// The number of entries.
        size: u64,
    },
    /// The first tree is empty, or larger than the second.
    #[error("a tree of {second} entries cannot be shown to continue one of {first}")]
    NoContinuation {
        /// The entries of the first tree.
        first: u64,
        /// The entries of the second.
        second: u64,
    },
    /// The path is too short or too long for its place.
    #[error("path has {found} hashes, expected {expected}")]
    PathLength {
        /// The length that the place asks for.
        expected: u32,
        /// The length found.
        found: usize,
    },
    /// The path leads to another root.
    #[error("path leads to the root {found}, expected {expected}")]
    Root {
        /// The root as it is signed or given.
        expected: TreeHash,
        /// The root that the path leads to.
        found: TreeHash,
    },
}

/// Checks that a path led to the root that it must.
pub(super) fn same_root(expected: &TreeHash, found: TreeHash) -> Result<(), MerkleError> {
    if found != *expected {
        return Err(MerkleError::Root {
            expected: *expected,
            found,
        });
    }
    Ok(())
}

/// On which side of its node a hash stands.
enum Side {
    Left,
    Right,
}

/// The sides on the way up from the leaf at `index`; past 64 levels all are left.
fn sides(index: u64) -> impl Iterator<Item = Side> {
    (0..u64::BITS).map(move |level| match (index >> level) & 1 {
        0 => Side::Left,
        _ => Side::Right,
    })
}

/// How long the path is until it meets the tree's right border, and along the border from there.
fn lengths(index: u64, size: u64) -> (u32, u32) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    (inner, index.checked_shr(inner).unwrap_or(0).count_ones())
}

fn split(path: &[TreeHash], inner: u32, border: u32) -> Result<(&[TreeHash], &[TreeHash]), MerkleError> {
    let length = |count: u32| usize::try_from(count).ok();
    length(inner)
        .filter(|_| length(inner + border) == Some(path.len()))
        .and_then(|inner| path.split_at_checked(inner))
        .ok_or(MerkleError::PathLength {
            expected: inner + border,
            found: path.len(),
        })
}

/// Climbs the right border, where everything else is to the left.
fn onto_border(hash: TreeHash, border: &[TreeHash]) -> TreeHash {
    border.iter().fold(hash, |hash, other| TreeHash::of_node(other, &hash))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The hash of a tree as it is defined (RFC 6962 §2.1).
    fn root(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => TreeHash::of(&[]),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                TreeHash::of_node(&root(left), &root(right))
            }
        }
    }

    /// The path of a leaf as it is defined (RFC 6962 §2.1.1).
    fn path(index: usize, leaves: &[TreeHash]) -> Vec<TreeHash> {
        if leaves.len() < 2 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut inner, other) = match index.checked_sub(left.len()) {
            None => (path(index, left), right),
            Some(index) => (path(index, right), left),
        };
        inner.push(root(other));
        inner
    }

    /// The proof that a tree continues its first `size` leaves, as it is defined (RFC 6962 §2.1.2).
    fn continuation(size: usize, leaves: &[TreeHash], is_whole: bool) -> Vec<TreeHash> {
        if size == leaves.len() {
            return if is_whole { Vec::new() } else { vec![root(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut inner, other) = match size.checked_sub(left.len()) {
            None | Some(0) => (continuation(size, left, is_whole), right),
            Some(size) => (continuation(size, right, false), left),
        };
        inner.push(root(other));
        inner
    }

    fn leaves(count: usize) -> Vec<TreeHash> {
        (0..count)
            .map(|number| TreeHash::of_leaf(&number.to_be_bytes()))
            .collect()
    }

    fn head(leaves: &[TreeHash]) -> TreeHead {
        TreeHead {
            size: u64::try_from(leaves.len()).unwrap(),
            root: root(leaves),
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_under_its_root() {
        for count in 1..=40 {
            let leaves = leaves(count);
            let TreeHead { size, root } = head(&leaves);
            for (place, (leaf, index)) in leaves.iter().zip(0..).enumerate() {
                let path = path(place, &leaves);
                assert_eq!(root_of(*leaf, index, size, &path), Ok(root));
                assert_ne!(root_of(TreeHash::of_leaf(b"another"), index, size, &path), Ok(root));
            }
        }
    }

    #[test]
    fn every_small_tree_continues_its_beginnings() {
        for count in 1..=40 {
            let leaves = leaves(count);
            for size in 1..=count {
                let path = continuation(size, &leaves, true);
                let first = head(leaves.get(..size).unwrap());
                assert_eq!(
                    check_consistency(&first, &head(&leaves), &path),
                    Ok(()),
                    "{size} {count}"
                );
            }
        }
    }

    #[test]
    fn both_roots_of_a_continuation_are_checked() {
        let leaves = leaves(7);
        let (first, second) = (head(leaves.get(..3).unwrap()), head(&leaves));
        let path = continuation(3, &leaves, true);
        let other = TreeHash::of_leaf(b"another");
        assert_eq!(
            check_consistency(&TreeHead { root: other, ..first }, &second, &path),
            Err(MerkleError::Root {
                expected: other,
                found: first.root
            })
        );
        assert_eq!(
            check_consistency(&first, &TreeHead { root: other, ..second }, &path),
            Err(MerkleError::Root {
                expected: other,
                found: second.root
            })
        );
    }

    #[test]
    fn a_place_outside_the_tree_and_a_path_of_another_length_are_refused() {
        let leaf = TreeHash::of_leaf(b"");
        assert_eq!(
            root_of(leaf, 1, 1, &[]),
            Err(MerkleError::NoSuchPlace { index: 1, size: 1 })
        );
        assert_eq!(
            root_of(leaf, 0, 0, &[]),
            Err(MerkleError::NoSuchPlace { index: 0, size: 0 })
        );
        assert_eq!(
            root_of(leaf, 0, 1, &[leaf]),
            Err(MerkleError::PathLength { expected: 0, found: 1 })
        );
        assert_eq!(
            root_of(leaf, u64::MAX - 1, u64::MAX, &[]),
            Err(MerkleError::PathLength { expected: 63, found: 0 })
        );
    }

    #[test]
    fn a_leaf_is_hashed_as_no_node_is() {
        assert_eq!(
            TreeHash::of_leaf(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        let [left, right] = [TreeHash::new([1; 32]), TreeHash::new([2; 32])];
        let both = [*left.as_bytes(), *right.as_bytes()].concat();
        assert_ne!(TreeHash::of_leaf(&both), TreeHash::of_node(&left, &right));
    }

    #[test]
    fn trees_that_cannot_continue_are_refused() {
        let one = head(&leaves(1));
        let two = head(&leaves(2));
        let empty = head(&[]);
        assert_eq!(
            check_consistency(&two, &one, &[]),
            Err(MerkleError::NoContinuation { first: 2, second: 1 })
        );
        assert_eq!(
            check_consistency(&empty, &one, &[]),
            Err(MerkleError::NoContinuation { first: 0, second: 1 })
        );
        assert_eq!(
            check_consistency(&one, &one, &[one.root]),
            Err(MerkleError::PathLength { expected: 0, found: 1 })
        );
        let three = head(&leaves(3));
        assert_eq!(
            check_consistency(&three, &head(&leaves(4)), &[]),
            Err(MerkleError::PathLength { expected: 3, found: 0 })
        );
    }

    proptest! {
        #[test]
        fn no_path_panics(index: u64, size: u64, other: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
            let path: Vec<_> = path.into_iter().map(TreeHash::new).collect();
            let leaf = TreeHash::of_leaf(b"");
            let _ = root_of(leaf, index, size, &path);
            let head = |size| TreeHead { size, root: leaf };
            let _ = check_consistency(&head(size), &head(other), &path);
        }
    }
}
