//! Merkle trees by their definition, to be compared with what a log says.

use countersign_core::log::merkle::TreeHash;

/// The root over leaves by its definition (RFC 6962 §2.1).
pub(crate) fn root(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => TreeHash::of_nothing(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            TreeHash::of_node(&root(left), &root(right))
        }
    }
}
