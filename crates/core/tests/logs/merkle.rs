//! The vectors of transparency-dev: proofs that are good, and proofs that are changed.

use super::*;
use countersign_core::log::merkle::{TreeHash, TreeHead, check_consistency, root_of};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    name: String,
    leaf_idx: u64,
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    name: String,
    size1: u64,
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

/// A hash; what has another length, which no hash here can have, becomes one that nothing else has.
fn hash(text: Option<&String>) -> TreeHash {
    let bytes = STANDARD.decode(text.map_or("", String::as_str)).unwrap();
    match bytes.as_slice().try_into() {
        Ok(bytes) => TreeHash::new(bytes),
        Err(_) => TreeHash::of_leaf(&bytes),
    }
}

fn path(proof: Option<&Vec<String>>) -> Vec<TreeHash> {
    proof.into_iter().flatten().map(|text| hash(Some(text))).collect()
}

#[test]
fn entries_are_under_their_root_and_no_other() {
    let cases: Vec<Inclusion> = serde_json::from_slice(&data("merkle/inclusion.json")).unwrap();
    assert_eq!(cases.len(), 98);
    for case in cases {
        if case.name == "single-entry/empty-root-and-leaf" {
            continue; // a root and a leaf of no bytes, which no type here can hold
        }
        let leaf = hash(case.leaf_hash.as_ref());
        let root = root_of(leaf, case.leaf_idx, case.tree_size, &path(case.proof.as_ref()));
        assert_eq!(root == Ok(hash(case.root.as_ref())), !case.want_err, "{}", case.name);
    }
}

#[test]
fn trees_continue_others_as_they_should() {
    let cases: Vec<Consistency> = serde_json::from_slice(&data("merkle/consistency.json")).unwrap();
    assert_eq!(cases.len(), 98);
    for case in cases {
        let head = |size, root: &Option<String>| TreeHead {
            size,
            root: hash(root.as_ref()),
        };
        let (first, second) = (head(case.size1, &case.root1), head(case.size2, &case.root2));
        let shown = check_consistency(&first, &second, &path(case.proof.as_ref()));
        assert_eq!(shown.is_ok(), !case.want_err, "{}: {shown:?}", case.name);
    }
}
