//! Chains: who signed the signatures of an artifact, and whether enough have.
//!
//! A signature is kept in a manifest, its holder, which has a digest and can be signed in turn. Whoever signs it commits to
//! its bytes, and so to the signature and to what that signs: the chain is closed by hashes.

mod depth;

use std::collections::{BTreeMap, BTreeSet};

pub use depth::Depth;

use crate::Digest;
use crate::policy::{Quorum, TooFewSigners, TrustedSigner};
use crate::quoted::Quoted;
use crate::verify::VerifiedSignature;

/// The annotation that tells a countersignature from a signature: the artifact whose signatures it is about.
pub const ROOT_ANNOTATION: &str = "countersign.root";

/// The annotation that says how many signatures a countersignature is about.
pub const COUNT_ANNOTATION: &str = "countersign.count";

/// A verified signature of `parent`, and the manifest that holds it; only [`Link::new`] makes one.
#[derive(Clone, Debug)]
pub struct Link {
    parent: Digest,
    holder: Digest,
    signature: VerifiedSignature,
}

impl Link {
    /// Joins a signature to what it is attached to: the payload must be about `parent`, and where the manifest of the holder
    /// refers to anything, `subject`, it must be that.
    ///
    /// # Errors
    ///
    /// [`BrokenLink`].
    pub fn new(
        parent: &Digest,
        holder: &Digest,
        subject: Option<&Digest>,
        signature: VerifiedSignature,
    ) -> Result<Self, BrokenLink> {
        if holder == parent {
            return Err(BrokenLink::Itself);
        }
        if let Some(found) = subject.filter(|subject| *subject != parent) {
            return Err(BrokenLink::OtherSubject {
                expected: parent.clone(),
                found: found.clone(),
            });
        }
        if signature.digest() != Some(parent) {
            return Err(BrokenLink::OtherClaim {
                expected: parent.clone(),
                found: Quoted::new(signature.claimed_digest().unwrap_or_default()),
            });
        }
        Ok(Self {
            parent: parent.clone(),
            holder: holder.clone(),
            signature,
        })
    }

    /// Returns what is signed.
    pub fn parent(&self) -> &Digest {
        &self.parent
    }

    /// Returns the manifest that holds the signature.
    pub fn holder(&self) -> &Digest {
        &self.holder
    }

    /// Returns the signature.
    pub fn signature(&self) -> &VerifiedSignature {
        &self.signature
    }

    /// Says whether each proven time of this signature is before each of the other.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let latest = self.signature.signed_at().iter().max();
        let earliest = other.signature.signed_at().iter().min();
        latest.zip(earliest).is_some_and(|(latest, earliest)| latest < earliest)
    }
}

/// Why a signature is no link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenLink {
    /// A manifest is said to be attached to itself.
    #[error("is attached to itself")]
    Itself,
    /// What is signed is not what it is attached to.
    #[error("is attached to {expected}, and what is signed is {found}")]
    OtherClaim {
        /// What it is attached to.
        expected: Digest,
        /// What is signed, as written.
        found: Quoted,
    },
    /// The manifest refers to something else than it is attached to.
    #[error("is attached to {expected}, and its manifest refers to {found}")]
    OtherSubject {
        /// What it is attached to.
        expected: Digest,
        /// What the manifest refers to.
        found: Digest,
    },
}

/// Where a walk over what is attached stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// Past so many levels nothing was looked for.
    #[error("nothing was looked for past {limit} levels")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// There are more manifests.
    #[error("{limit} manifests were looked at, and there are more")]
    Nodes {
        /// The limit.
        limit: usize,
    },
    /// More refers to one manifest.
    #[error("{found} manifests refer to {of}, and {limit} of them were looked at")]
    Referrers {
        /// What is referred to.
        of: Digest,
        /// The limit.
        limit: usize,
        /// How many there are.
        found: usize,
    },
}

/// How many of an artifact's signatures must be countersigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Covers {
    /// Each that counts: a countersignature of one of three is none of the set.
    #[default]
    All,
    /// One of them.
    Any,
}

/// Who must have countersigned, how many of them, and how deep.
#[derive(Clone, Debug)]
pub struct Countersigners {
    quorum: Option<Quorum>,
    covers: Covers,
    depth: Option<Depth>,
}

impl Countersigners {
    /// Asks that a signature is countersigned by as many as `quorum` says.
    pub fn new(quorum: Quorum, covers: Covers) -> Self {
        Self {
            quorum: Some(quorum),
            covers,
            depth: None,
        }
    }

    /// Asks that a signature is countersigned by whoever is trusted, so many levels deep.
    pub fn of_depth(depth: Depth, covers: Covers) -> Self {
        Self {
            quorum: None,
            covers,
            depth: Some(depth),
        }
    }

    /// Asks for so many levels too, each by one of the countersigners.
    #[must_use]
    pub fn deep(self, depth: Depth) -> Self {
        Self {
            depth: Some(depth),
            ..self
        }
    }

    /// Returns how many levels are asked for; the signature itself is the first.
    pub fn depth(&self) -> Option<Depth> {
        self.depth
    }

    /// Returns whoever counts, beside those who are trusted to sign.
    pub fn anyone(&self) -> TrustedSigner {
        let nobody = || TrustedSigner::AnyOf(Vec::new());
        self.quorum.as_ref().map_or_else(nobody, Quorum::anyone)
    }

    /// Judges whether the signatures of an artifact, each by its holder, are countersigned as they must be, by the `links`
    /// that a walk found; returns who countersigned each.
    ///
    /// Whoever signs a countersignature witnesses what that witnesses. What else is countersigned, a signature of another
    /// artifact among it, does not count.
    ///
    /// # Errors
    ///
    /// [`ChainError`]; where the walk stopped early, it says so instead of that there are too few.
    pub fn judge<'a>(
        &'a self,
        signatures: &[Digest],
        links: &[Link],
        stop: Option<&Stop>,
    ) -> Result<Vec<Covered<'a>>, ChainError> {
        let links = by_parent(links);
        let mut covered = Vec::new();
        let mut uncovered = None;
        for signature in signatures {
            match self.one(signature, &links) {
                Ok(found) => covered.push(found),
                Err(missing) => uncovered = uncovered.or(Some((signature, missing))),
            }
        }
        let is_satisfied = match self.covers {
            Covers::All => uncovered.is_none(),
            Covers::Any => !covered.is_empty(),
        };
        match uncovered {
            _ if signatures.is_empty() => Err(ChainError::NothingToCover),
            Some((signature, missing)) if !is_satisfied => Err(missing.into_error(signature.clone(), stop.cloned())),
            _ => Ok(covered),
        }
    }

    fn one(&self, signature: &Digest, links: &ByParent<'_>) -> Result<Covered<'_>, Missing> {
        let by = match &self.quorum {
            Some(quorum) => quorum.judge(witnesses(signature, links)).map_err(Missing::Signers)?,
            None => Vec::new(),
        };
        let counts = |link: &Link| self.quorum.as_ref().is_none_or(|quorum| quorum.counts(&link.signature));
        let depth = depth::levels(signature, links, &counts);
        match self.depth.map(Depth::levels) {
            Some(expected) if depth < expected => Err(Missing::Depth { expected, found: depth }),
            _ => Ok(Covered {
                signature: signature.clone(),
                by,
                depth,
            }),
        }
    }
}

/// What a signature lacks.
enum Missing {
    Signers(TooFewSigners),
    Depth { expected: usize, found: usize },
}

impl Missing {
    /// Where the walk stopped early, it is not known whether it lacks that.
    fn into_error(self, signature: Digest, stop: Option<Stop>) -> ChainError {
        match (self, stop) {
            (Self::Signers(source), None) => ChainError::Uncovered { signature, source },
            (Self::Signers(source), Some(stop)) => ChainError::Stopped {
                signature,
                stop,
                source,
            },
            (Self::Depth { expected, found }, None) => ChainError::Shallow {
                signature,
                expected,
                found,
            },
            (Self::Depth { expected, found }, Some(stop)) => ChainError::Unsounded {
                signature,
                stop,
                expected,
                found,
            },
        }
    }
}

/// A signature that is countersigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered<'a> {
    /// The manifest that holds the signature.
    pub signature: Digest,
    /// Who countersigned it, of those who are asked for.
    pub by: Vec<&'a str>,
    /// How many levels of signatures there are, it being the first.
    pub depth: usize,
}

/// Why an artifact's signatures are not countersigned as they must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// All that counts is countersignatures.
    #[error(
        "no signature that counts can be countersigned: each is a countersignature itself, or attached to something else"
    )]
    NothingToCover,
    /// Too few have countersigned one after the other.
    #[error(
        "the chain of signature {signature} is {found} deep, expected {expected} at least (the signature alone is 1)"
    )]
    Shallow {
        /// The manifest that holds the signature.
        signature: Digest,
        /// How many levels are asked for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The walk stopped before it was found out.
    #[error("it is not known who countersigned {signature}: {stop}")]
    Stopped {
        /// The manifest that holds the signature.
        signature: Digest,
        /// Why the walk stopped.
        stop: Stop,
        /// Who was found until then.
        source: TooFewSigners,
    },
    /// Too few have countersigned.
    #[error("signature {signature} is not countersigned by enough")]
    Uncovered {
        /// The manifest that holds the signature.
        signature: Digest,
        /// Who has and who has not.
        source: TooFewSigners,
    },
    /// The walk stopped before the depth was found out.
    #[error(
        "it is not known how deep the chain of signature {signature} is: {stop}; {found} levels were found, expected {expected} at least"
    )]
    Unsounded {
        /// The manifest that holds the signature.
        signature: Digest,
        /// Why the walk stopped.
        stop: Stop,
        /// How many levels are asked for.
        expected: usize,
        /// How many were found.
        found: usize,
    },
}

/// Says whether a signature says of itself that it is about other signatures.
pub fn is_countersignature(signature: &VerifiedSignature) -> bool {
    let annotations = signature.annotations();
    annotations.is_some_and(|annotations| annotations.contains_key(ROOT_ANNOTATION))
}

type ByParent<'l> = BTreeMap<&'l Digest, Vec<&'l Link>>;

fn by_parent(links: &[Link]) -> ByParent<'_> {
    let mut by_parent = ByParent::new();
    for link in links {
        by_parent.entry(&link.parent).or_default().push(link);
    }
    by_parent
}

/// The signatures of a manifest, of the manifests that hold those, and so on; what comes back to itself is passed once.
fn witnesses<'l>(of: &'l Digest, links: &ByParent<'l>) -> Vec<&'l VerifiedSignature> {
    let mut witnesses = Vec::new();
    let mut seen = BTreeSet::from([of]);
    let mut waiting = vec![of];
    while let Some(parent) = waiting.pop() {
        for link in links.get(parent).into_iter().flatten() {
            witnesses.push(&link.signature);
            if seen.insert(&link.holder) {
                waiting.push(&link.holder);
            }
        }
    }
    witnesses
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests;
