//! On which bases an image stands, once it is known to have the layers that its configuration names.

use std::collections::BTreeMap;

use super::judge::{Found, Seam};
use super::layers::Layers;
use super::policy::{BasePolicy, Require};
use super::rejection::{BaseRefusal, Refused};
use crate::digest::Digest;

/// On which bases an image stands.
#[derive(Debug)]
pub struct Standing {
    /// The seams, innermost first.
    pub seams: Vec<Seam>,
    /// For each layer below the outermost seam, how it is known to be what the configuration says.
    pub bound: Vec<Bound>,
    /// How many layers the image has.
    pub layers: usize,
    /// What was found, and why it does not count.
    pub refused: Vec<Refused>,
}

/// How a layer is known to be what the configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A statement that counts names the blob.
    Named,
    /// It was unpacked.
    Unpacked,
    /// Nobody has looked.
    InsecurelyTrusted,
}

impl Found {
    /// Returns the layers, from 0, that must be unpacked to know what is in them: those of a base whose blob, of `blobs`, no
    /// statement that counts has named.
    pub fn unbound(&self, blobs: &[Digest]) -> Vec<usize> {
        let below = blobs.iter().enumerate().take(self.outermost());
        below
            .filter(|(layer, blob)| !self.names(*layer, blob))
            .map(|(layer, _)| layer)
            .collect()
    }

    /// Compares what was `unpacked` of the layers with the configuration, and says on which bases the image stands. Where
    /// `unchecked` is said to be well, layers that were not unpacked are taken on the configuration's word.
    ///
    /// # Errors
    ///
    /// [`BaseRefusal`].
    pub fn settle(
        mut self,
        layers: &Layers,
        blobs: &[Digest],
        unpacked: &BTreeMap<usize, Digest>,
        unchecked: Bound,
        policy: &BasePolicy,
    ) -> Result<Standing, BaseRefusal> {
        let mut bound = Vec::new();
        for (layer, (blob, expected)) in blobs.iter().zip(layers.diff_ids()).enumerate().take(self.outermost()) {
            bound.push(match unpacked.get(&layer) {
                Some(found) if found == expected => Bound::Unpacked,
                Some(found) => {
                    return Err(BaseRefusal::Content {
                        layer: layer.saturating_add(1),
                        expected: expected.clone(),
                        found: found.clone(),
                    });
                }
                None if self.names(layer, blob) => Bound::Named,
                None if unchecked == Bound::InsecurelyTrusted => unchecked,
                None => {
                    return Err(BaseRefusal::Unchecked {
                        layer: layer.saturating_add(1),
                    });
                }
            });
        }
        self.seams.sort_by_key(|seam| (seam.count, seam.base));
        self.required(policy)?;
        let above = layers.len().saturating_sub(self.outermost());
        match policy.layers_above {
            Some(limit) if above > limit => Err(BaseRefusal::LayersAbove { limit, found: above }),
            _ => Ok(Standing {
                seams: self.seams,
                bound,
                layers: layers.len(),
                refused: self.refused,
            }),
        }
    }

    /// How many layers belong to a base.
    fn outermost(&self) -> usize {
        self.seams.iter().map(|seam| seam.count).max().unwrap_or_default()
    }

    /// Says whether a statement that counts has this blob as this layer, whose diff id is the configuration's: they were compared.
    fn names(&self, layer: usize, blob: &Digest) -> bool {
        let statements = self.seams.iter().filter_map(|seam| seam.statement.as_ref());
        let mut signed = statements.filter_map(|statement| statement.layers.get(layer));
        signed.any(|signed| signed.digest == *blob)
    }

    fn required(&mut self, policy: &BasePolicy) -> Result<(), BaseRefusal> {
        let numbered = policy.bases.iter().enumerate();
        let missing: Vec<String> = numbered
            .filter(|(number, _)| !self.seams.iter().any(|seam| seam.base == *number))
            .map(|(_, base)| base.name.clone())
            .collect();
        let wanted = match policy.require {
            Require::Any if self.seams.is_empty() => return Err(self.missing(vec![missing.join(" or ")])),
            Require::All if !missing.is_empty() || policy.bases.is_empty() => return Err(self.missing(missing)),
            Require::Any | Require::All => return Ok(()),
            Require::Innermost => 0,
            Require::Outermost => policy.bases.len().saturating_sub(1),
        };
        // of several seams of the one that must be there, any may be the right one
        let own = |seam: &&Seam| seam.base == wanted;
        let others = |seam: &&Seam| seam.base != wanted;
        let name = policy
            .bases
            .get(wanted)
            .map(|base| base.name.clone())
            .unwrap_or_default();
        let (first, last) = (self.seams.iter().find(own), self.seams.iter().rfind(own));
        let (Some(first), Some(last)) = (first, last) else {
            return Err(self.missing(vec![name]));
        };
        let below = self.seams.iter().find(others).filter(|other| other.count < first.count);
        let above = self.seams.iter().rfind(others).filter(|other| other.count > last.count);
        match (policy.require, below, above) {
            (Require::Innermost, Some(other), _) => Err(BaseRefusal::Below {
                name,
                expected: first.count,
                other: other.name.clone(),
                found: other.count,
            }),
            (Require::Outermost, _, Some(other)) => Err(BaseRefusal::Above {
                name,
                expected: last.count,
                other: other.name.clone(),
                found: other.count,
            }),
            _ => Ok(()),
        }
    }

    fn missing(&mut self, missing: Vec<String>) -> BaseRefusal {
        BaseRefusal::Missing {
            missing,
            refused: std::mem::take(&mut self.refused),
        }
    }
}

/// Checks that an image stands on nothing that is denied, marked or not.
///
/// # Errors
///
/// [`BaseRefusal::Denied`].
pub(super) fn denied(layers: &Layers, policy: &BasePolicy) -> Result<(), BaseRefusal> {
    let mut chain_ids = layers.chain_ids();
    match chain_ids.find(|(_, chain_id)| policy.denied.contains(chain_id)) {
        Some((count, chain_id)) => Err(BaseRefusal::Denied {
            count,
            chain_id: chain_id.clone(),
        }),
        None => Ok(()),
    }
}
