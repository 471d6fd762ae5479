//! Who signed the signatures of an artifact, who signed those, and so on: walked, and judged on the way.

mod walk;

use countersign_core::Digest;
use countersign_core::chain::{Countersigners, Link, Stop, is_countersignature};
use countersign_core::policy::{Claim, Policy, TrustedSigner};
use countersign_oci::{Pinned, Store};
use jiff::Timestamp;

use crate::attachment::discover::Limits;
use crate::attachment::{Location, Place};
use crate::verify::{Refusal, Rules, Verified, VerifyError};

use walk::Walk;

/// What is asked of the signatures of an artifact's signatures.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What the signatures of the artifact were judged by; beneath, signers of either kind are trusted.
    pub rules: Rules<'a>,
    /// Who must have countersigned; without it the chain is only shown.
    pub countersigners: Option<&'a Countersigners>,
    /// How far is looked.
    pub reach: Reach,
}

/// How far a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// So many levels beneath the artifact.
    pub depth: usize,
    /// So many manifests in all.
    pub nodes: usize,
    /// So many of those that refer to one manifest.
    pub referrers: usize,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            depth: 8,
            nodes: 256,
            referrers: 64,
        }
    }
}

/// What is attached to an artifact, to what is attached to it, and so on.
#[derive(Debug)]
pub struct Chain {
    edges: Vec<Edge>,
    stop: Option<Stop>,
    covered: Vec<Countersigned>,
}

/// A signature that is countersigned as was asked.
#[derive(Clone, Debug)]
pub struct Countersigned {
    /// The manifest that holds it.
    pub signature: Digest,
    /// Who countersigned it, of those who are asked for.
    pub by: Vec<String>,
    /// How many levels of signatures there are, it being the first.
    pub depth: usize,
}

/// A manifest that is attached to another.
#[derive(Debug)]
pub struct Edge {
    /// What it is attached to.
    pub parent: Digest,
    /// The manifest.
    pub holder: Digest,
    /// What it is: `signature`, `countersignature`, `sbom`, or the type that it or the list says; unverified.
    pub kind: String,
    /// How many levels it is beneath the artifact, 1 for what is attached to the artifact itself.
    pub depth: usize,
    /// What in it is believed.
    pub links: Vec<Link>,
    /// What in it is not, and why; for what is attached to the artifact itself, [`Verified::refused`] has it.
    pub refused: Vec<(Place, Refusal)>,
}

impl Chain {
    /// Each manifest with what it is attached to, parents before children.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Why the walk stopped before its end, if it did.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Each signature that is countersigned as was asked.
    pub fn covered(&self) -> &[Countersigned] {
        &self.covered
    }

    /// Says whether something in `edge` is proven to be older than what it signs.
    pub fn is_older_than_parent(&self, edge: &Edge) -> bool {
        let parents = self.edges.iter().filter(|parent| parent.holder == edge.parent);
        let mut parents = parents.flat_map(|parent| &parent.links);
        parents.any(|parent| edge.links.iter().any(|link| link.is_older_than(parent)))
    }
}

/// Walks from an artifact that is verified to whoever signed its signatures, and judges whether enough have.
///
/// # Errors
/// [`VerifyError::Countersign`]; whatever keeps us from finding out is another error.
pub async fn verify_chain<S: Store>(
    image: &Pinned,
    verified: Verified,
    store: &S,
    location: &Location,
    asked: &Asked<'_>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let policy = policy(asked);
    let walk = Walk {
        store,
        location,
        attestations: policy.claiming(Claim::any_attestation()),
        policy: &policy,
        rules: asked.rules,
        reach: asked.reach,
        limits: Limits {
            referrers: asked.reach.referrers,
            ..limits.clone()
        },
        now,
    };
    let found = walk.run(image, &verified).await?;
    settled(image, verified, found, asked)
}

/// What a signature beneath the artifact must show: the same as above it, by a signer of either kind.
fn policy(asked: &Asked<'_>) -> Policy {
    let above = asked.rules.policy;
    let mut signers: Vec<TrustedSigner> = asked.countersigners.map(Countersigners::anyone).into_iter().collect();
    signers.push(above.signer().clone());
    above
        .of_signer(&TrustedSigner::AnyOf(signers))
        .claiming(Claim::signature(Default::default()))
}

fn settled(
    image: &Pinned,
    mut verified: Verified,
    (edges, stop): (Vec<Edge>, Option<Stop>),
    asked: &Asked<'_>,
) -> Result<Verified, VerifyError> {
    let mut chain = Chain {
        edges,
        stop,
        covered: Vec::new(),
    };
    if let Some(countersigners) = asked.countersigners {
        let signatures = signatures(image, &chain.edges);
        let links: Vec<Link> = chain.edges.iter().flat_map(|edge| edge.links.iter().cloned()).collect();
        match countersigners.judge(&signatures, &links, chain.stop.as_ref()) {
            Ok(covered) => {
                let covered = covered.into_iter().map(|covered| Countersigned {
                    signature: covered.signature,
                    by: covered.by.into_iter().map(str::to_owned).collect(),
                    depth: covered.depth,
                });
                chain.covered = covered.collect();
            }
            Err(source) => {
                let beneath = chain.edges.into_iter().flat_map(|edge| edge.refused);
                return Err(VerifyError::Countersign {
                    image: image.clone(),
                    refused: verified.refused.into_iter().chain(beneath).collect(),
                    source: Box::new(source),
                });
            }
        }
    }
    verified.chain = Some(chain);
    Ok(verified)
}

/// The manifests that hold signatures of the artifact, in a stable order: those in which one is no countersignature.
fn signatures(image: &Pinned, edges: &[Edge]) -> Vec<Digest> {
    let of_image = edges.iter().filter(|edge| edge.parent == *image.digest());
    let is_signature = |link: &Link| !is_countersignature(link.signature());
    of_image
        .filter(|edge| edge.links.iter().any(is_signature))
        .map(|edge| edge.holder.clone())
        .collect()
}
