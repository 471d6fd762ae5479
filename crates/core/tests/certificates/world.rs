//! A trusted authority, one below it, and a signer.

use countersign_core::certificate::path::{PathError, Purpose, VerifiedPath, verify_path};
use jiff::Timestamp;

use super::builder::{Draft, Party};
use super::time;

/// A moment at which all that is drafted is valid.
pub(crate) fn noon() -> Timestamp {
    time("2026-06-01T12:00:00Z")
}

/// Whoever is needed for a path of three.
pub(crate) struct World {
    pub(crate) root: Party,
    pub(crate) intermediate: Party,
    pub(crate) signer: Party,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            root: Party::new("root"),
            intermediate: Party::new("intermediate"),
            signer: Party::new("signer"),
        }
    }

    /// Judges the leaf with these drafts of the three certificates.
    pub(crate) fn judge(
        &self,
        leaf: &Draft,
        intermediate: &Draft,
        root: &Draft,
        purpose: Purpose,
    ) -> Result<VerifiedPath, PathError> {
        let authority = [self.root.sign(intermediate), self.root.sign(root)];
        verify_path(&self.intermediate.sign(leaf), &[], &authority, purpose, noon())
    }

    pub(crate) fn judge_leaf(&self, leaf: &Draft) -> Result<VerifiedPath, PathError> {
        self.judge(
            leaf,
            &self.intermediate.authority(),
            &self.root.authority(),
            Purpose::CodeSigning,
        )
    }

    pub(crate) fn judge_intermediate(&self, intermediate: &Draft) -> Result<VerifiedPath, PathError> {
        self.judge(
            &self.signer.leaf(),
            intermediate,
            &self.root.authority(),
            Purpose::CodeSigning,
        )
    }

    pub(crate) fn judge_root(&self, root: &Draft) -> Result<VerifiedPath, PathError> {
        self.judge(
            &self.signer.leaf(),
            &self.intermediate.authority(),
            root,
            Purpose::CodeSigning,
        )
    }

    pub(crate) fn judge_stamper(&self, leaf: &Draft) -> Result<VerifiedPath, PathError> {
        self.judge(
            leaf,
            &self.intermediate.authority(),
            &self.root.authority(),
            Purpose::TimeStamping,
        )
    }
}
