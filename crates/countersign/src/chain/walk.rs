//! The walk: what is believed is followed first, so that what strangers attach cannot hide it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use countersign_core::Digest;
use countersign_core::chain::{Link, Stop};
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_core::policy::Policy;
use countersign_core::verify::VerifiedSignature;
use countersign_oci::{Pinned, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::{Edge, Reach};
use crate::attachment::discover::Limits;
use crate::attachment::list::{Listing, list};
use crate::attachment::{Kind, Location, Place};
use crate::verify::{Refusal, Rules, Verified, VerifyError, verify_image};

/// A walk over everything that is attached to an artifact.
pub(super) struct Walk<'a, S> {
    pub(super) store: &'a S,
    pub(super) location: &'a Location,
    /// What a signature must show.
    pub(super) policy: &'a Policy,
    /// What an attestation must show.
    pub(super) attestations: Policy,
    pub(super) rules: Rules<'a>,
    pub(super) reach: Reach,
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
}

/// What is known, and what is still to be looked at.
struct State {
    seen: BTreeSet<Digest>,
    believed: VecDeque<(Digest, usize)>,
    others: VecDeque<(Digest, usize)>,
    edges: Vec<Edge>,
    stop: Option<Stop>,
}

/// What was found at one manifest.
struct Looked {
    image: Pinned,
    depth: usize,
    listing: Listing,
    accepted: Vec<(Place, VerifiedSignature)>,
    refused: Vec<(Place, Refusal)>,
    /// What the manifests under attachment tags refer to.
    subjects: BTreeMap<Digest, Digest>,
}

impl<S: Store> Walk<'_, S> {
    /// Walks to the end, or as far as is allowed. What is attached to the artifact itself is judged already.
    pub(super) async fn run(
        &self,
        image: &Pinned,
        verified: &Verified,
    ) -> Result<(Vec<Edge>, Option<Stop>), VerifyError> {
        let mut state = State {
            seen: BTreeSet::from([image.digest().clone()]),
            believed: VecDeque::new(),
            others: VecDeque::new(),
            edges: Vec::new(),
            stop: None,
        };
        let first = self.first(image, verified).await.map_err(store_error(image))?;
        self.take(first, &mut state);
        loop {
            let batch = self.next(&mut state);
            if batch.is_empty() {
                return Ok((state.edges, state.stop));
            }
            let looked: Vec<Looked> = stream::iter(batch)
                .map(|(digest, depth)| self.look(digest, depth))
                .buffered(PARALLEL)
                .try_collect()
                .await?;
            for found in looked {
                self.take(found, &mut state);
            }
        }
    }

    async fn first(&self, image: &Pinned, verified: &Verified) -> Result<Looked, StoreError> {
        let accepted = verified.accepted.clone();
        Ok(Looked {
            image: image.clone(),
            depth: 0,
            listing: list(image, self.store, self.location).await?,
            subjects: self.subjects(&accepted).await?,
            accepted,
            // with the artifact, whoever verified it has these
            refused: Vec::new(),
        })
    }

    /// The manifests to look at next, none twice: what comes back to itself ends here.
    fn next(&self, state: &mut State) -> Vec<(Digest, usize)> {
        let mut batch = Vec::new();
        while batch.len() < PARALLEL {
            // a batch is not mixed: what is believed may lead to more of it
            let next = match batch.is_empty() {
                true => state.believed.pop_front().or_else(|| state.others.pop_front()),
                false => state.believed.pop_front(),
            };
            let Some((digest, depth)) = next else { break };
            if state.seen.contains(&digest) {
                continue;
            }
            if depth >= self.reach.depth {
                state.stop.get_or_insert(Stop::Depth {
                    limit: self.reach.depth,
                });
                continue;
            }
            if state.seen.len() >= self.reach.nodes {
                state.stop.get_or_insert(Stop::Nodes {
                    limit: self.reach.nodes,
                });
                break;
            }
            state.seen.insert(digest.clone());
            batch.push((digest, depth));
        }
        batch
    }

    async fn look(&self, digest: Digest, depth: usize) -> Result<Looked, VerifyError> {
        let image = self.location.repository().digest(digest.clone()).pin(digest);
        let listing = list(&image, self.store, self.location)
            .await
            .map_err(store_error(&image))?;
        let (mut accepted, mut refused) = self.judged(&image, self.policy).await?;
        let is_attested = listing.tags.iter().any(|tag| tag.kind == Kind::Attestation);
        if is_attested || refused.iter().any(|(_, refusal)| refusal.is_another_thing()) {
            let (more, others) = self.judged(&image, &self.attestations).await?;
            accepted.extend(more);
            refused.extend(others);
        }
        refused.retain(|(_, refusal)| !refusal.is_another_thing());
        Ok(Looked {
            subjects: self.subjects(&accepted).await.map_err(store_error(&image))?,
            image,
            depth,
            listing,
            accepted,
            refused,
        })
    }

    async fn judged(
        &self,
        image: &Pinned,
        policy: &Policy,
    ) -> Result<(Vec<(Place, VerifiedSignature)>, Vec<(Place, Refusal)>), VerifyError> {
        let rules = Rules {
            policy,
            quorum: None,
            beside: None,
            ..self.rules
        };
        match verify_image(image, self.store, self.location, rules, &self.limits, self.now).await {
            Ok(verified) => Ok((verified.accepted, verified.refused)),
            Err(
                VerifyError::NoSignature { refused, .. }
                | VerifyError::NoneAccepted { refused, .. }
                | VerifyError::NoAttestation { refused, .. }
                | VerifyError::NoAttestationAccepted { refused, .. },
            ) => Ok((Vec::new(), refused)),
            Err(error) => Err(error),
        }
    }

    /// What the manifests under tags refer to; a list of referrers was held to its subject already.
    async fn subjects(&self, accepted: &[(Place, VerifiedSignature)]) -> Result<BTreeMap<Digest, Digest>, StoreError> {
        let mut subjects = BTreeMap::new();
        for (place, _) in accepted {
            if let Place::Layer { manifest, .. } = place
                && !subjects.contains_key(manifest)
            {
                let name = self.location.repository().digest(manifest.clone());
                let found = self.store.manifest(&name).await?;
                if let Some(subject) = &found.content().subject {
                    subjects.insert(manifest.clone(), subject.digest.clone());
                }
            }
        }
        Ok(subjects)
    }

    fn take(&self, looked: Looked, state: &mut State) {
        let (parent, depth) = (looked.image.digest().clone(), looked.depth + 1);
        let found = looked.listing.referrers.len();
        if found > self.reach.referrers {
            state.stop.get_or_insert(Stop::Referrers {
                of: parent.clone(),
                limit: self.reach.referrers,
                found,
            });
        }
        let mut edges = Edges {
            parent: &parent,
            depth,
            listing: &looked.listing,
            edges: Vec::new(),
        };
        for (place, signature) in looked.accepted {
            let Some(holder) = place.holder().cloned() else {
                continue;
            };
            let edge = edges.of(&holder);
            match Link::new(&parent, &holder, looked.subjects.get(&holder), signature) {
                Ok(link) => edge.links.push(link),
                Err(broken) => edge.refused.push((place, broken.into())),
            }
        }
        for (place, refusal) in looked.refused {
            if let Some(holder) = place.holder().cloned() {
                edges.of(&holder).refused.push((place, refusal));
            }
        }
        edges.rest(self.reach.referrers);
        for edge in &edges.edges {
            let waiting = match edge.links.is_empty() {
                false => &mut state.believed,
                true => &mut state.others,
            };
            waiting.push_back((edge.holder.clone(), depth));
        }
        state.edges.append(&mut edges.edges);
    }
}

/// What is attached to one manifest, each once.
struct Edges<'a> {
    parent: &'a Digest,
    depth: usize,
    listing: &'a Listing,
    edges: Vec<Edge>,
}

impl Edges<'_> {
    fn of(&mut self, holder: &Digest) -> &mut Edge {
        let place = self.edges.iter().position(|edge| edge.holder == *holder);
        let place = place.unwrap_or_else(|| {
            self.edges.push(Edge {
                parent: self.parent.clone(),
                holder: holder.clone(),
                kind: kind(self.listing, holder),
                depth: self.depth,
                links: Vec::new(),
                refused: Vec::new(),
            });
            self.edges.len() - 1
        });
        &mut self.edges[place]
    }

    /// What is listed and was not judged.
    fn rest(&mut self, limit: usize) {
        let listing = self.listing;
        for tag in &listing.tags {
            self.of(&tag.digest);
        }
        for referrer in listing.referrers.iter().take(limit) {
            self.of(&referrer.digest);
        }
    }
}

fn kind(listing: &Listing, holder: &Digest) -> String {
    let tag = listing.tags.iter().find(|tag| tag.digest == *holder);
    let referrer = listing.referrers.iter().find(|referrer| referrer.digest == *holder);
    if tag.is_none() && referrer.is_some_and(|referrer| referrer.countersigns.is_some()) {
        return "countersignature".to_owned();
    }
    match (tag.map(|tag| tag.kind), referrer.map(|referrer| referrer.kind.as_str())) {
        (Some(Kind::Signature), _) | (None, Some(SIGN_PREDICATE_TYPE)) => "signature".to_owned(),
        (Some(Kind::Attestation), _) => "attestation".to_owned(),
        (Some(Kind::Sbom), _) => "sbom".to_owned(),
        (Some(Kind::Base), _) => "base".to_owned(),
        (None, Some(kind)) => kind.to_owned(),
        // the list changed meanwhile
        (None, None) => "unknown".to_owned(),
    }
}

fn store_error(image: &Pinned) -> impl FnOnce(StoreError) -> VerifyError {
    move |source| VerifyError::Store {
        image: image.clone(),
        source,
    }
}

/// How many manifests are looked at at once.
const PARALLEL: usize = 16;
