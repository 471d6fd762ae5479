//! What is judged.

use crate::Digest;

/// The artifact that evidence must be about, named by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    digest: Digest,
}

impl Artifact {
    /// Names the artifact whose bytes hash to `digest`.
    pub fn new(digest: Digest) -> Self {
        Self { digest }
    }

    /// Returns the artifact's digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}
