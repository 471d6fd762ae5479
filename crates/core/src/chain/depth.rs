//! How deep chains are.

use std::collections::BTreeMap;

use super::{ByParent, Link};
use crate::Digest;

/// How many levels of signatures there must be, a signature of the artifact being the first; less than two ask for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth(usize);

impl Depth {
    /// The least that can be asked for: one countersignature.
    pub const LEAST: usize = 2;

    /// Asks for so many levels, where that asks for anything.
    pub fn new(levels: usize) -> Option<Self> {
        (levels >= Self::LEAST).then_some(Self(levels))
    }

    /// Returns the number of levels.
    pub fn levels(self) -> usize {
        self.0
    }
}

/// The levels of the longest chain of links that count, from a signature, which is the first; none of what comes back to
/// itself, which honest digests cannot.
pub(super) fn levels(of: &Digest, links: &ByParent<'_>, counts: &dyn Fn(&Link) -> bool) -> usize {
    // how many links lead to each manifest
    let mut leading = BTreeMap::from([(of, 0_usize)]);
    let mut waiting = vec![of];
    while let Some(parent) = waiting.pop() {
        for holder in beneath(parent, links, counts) {
            match leading.get_mut(holder) {
                Some(number) => *number = number.saturating_add(1),
                None => {
                    leading.insert(holder, 1);
                    waiting.push(holder);
                }
            }
        }
    }
    // each manifest after all that lead to it, and so at its deepest
    let mut depth = 1;
    let mut level: Vec<&Digest> = leading
        .get(of)
        .filter(|number| **number == 0)
        .map(|_| of)
        .into_iter()
        .collect();
    loop {
        let mut next = Vec::new();
        for holder in level.iter().flat_map(|parent| beneath(parent, links, counts)) {
            if let Some(number) = leading.get_mut(holder) {
                *number = number.saturating_sub(1);
                if *number == 0 {
                    next.push(holder);
                }
            }
        }
        if next.is_empty() {
            return depth;
        }
        depth = depth.saturating_add(1);
        level = next;
    }
}

fn beneath<'l>(parent: &Digest, links: &ByParent<'l>, counts: &dyn Fn(&Link) -> bool) -> Vec<&'l Digest> {
    let links = links.get(parent).into_iter().flatten();
    links.filter(|link| counts(link)).map(|link| &link.holder).collect()
}
