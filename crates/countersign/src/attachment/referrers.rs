//! What refers to an artifact, what refers to that, and so on: whatever it is, unverified.

use std::collections::HashSet;

use countersign_core::Digest;
use countersign_oci::manifest::Descriptor;
use countersign_oci::{Repository, Store, StoreError, media_type};
use futures_util::stream::{self, StreamExt, TryStreamExt};

/// An artifact with what refers to it.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// A manifest in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    descriptor: Descriptor,
    referrers: Vec<usize>,
}

impl Tree {
    /// The artifact itself.
    pub fn root(&self) -> &Node {
        self.nodes.first().expect("a tree is made with its root")
    }

    /// What refers to a manifest of the tree, in the order in which the store lists it.
    pub fn referrers<'t>(&'t self, node: &'t Node) -> impl Iterator<Item = &'t Node> {
        node.referrers.iter().filter_map(|number| self.nodes.get(*number))
    }
}

impl Node {
    /// What the store says of the manifest; its artifact type and annotations are the manifest's own, where the store
    /// says nothing of them.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Only manifests of this artifact type, and what refers to them.
    pub artifact_type: Option<&'a str>,
    /// Only so many levels.
    pub depth: Option<usize>,
}

/// Finds what refers to `subject`. What refers to two manifests, or to itself by a detour, is followed once.
///
/// # Errors
/// Whatever keeps us from knowing; [`StoreError::TooLarge`] past [`DEPTH_LIMIT`] levels or [`COUNT_LIMIT`] manifests.
pub async fn tree<S: Store>(
    subject: Descriptor,
    repository: &Repository,
    store: &S,
    wanted: Wanted<'_>,
) -> Result<Tree, StoreError> {
    let too_large = |limit: String| StoreError::TooLarge {
        what: format!("what refers to {}", repository.digest(subject.digest.clone())),
        limit,
    };
    let mut growing = Growing::from(subject.clone());
    let mut depth = 0;
    while !growing.edge.is_empty() && wanted.depth.is_none_or(|limit| depth < limit) {
        if depth == DEPTH_LIMIT {
            return Err(too_large(format!("{DEPTH_LIMIT} levels")));
        }
        let found: Vec<(usize, Vec<Descriptor>)> = stream::iter(std::mem::take(&mut growing.edge))
            .map(|(parent, digest)| async move {
                Ok::<_, StoreError>((parent, listed(&digest, repository, store, wanted).await?))
            })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        for (parent, descriptors) in found {
            for descriptor in descriptors {
                if growing.nodes.len() > COUNT_LIMIT {
                    return Err(too_large(format!("{COUNT_LIMIT} manifests")));
                }
                growing.add(parent, descriptor);
            }
        }
        depth += 1;
    }
    Ok(Tree { nodes: growing.nodes })
}

/// A tree of which the last level is still to be asked for.
struct Growing {
    nodes: Vec<Node>,
    seen: HashSet<Digest>,
    /// The nodes of the last level that were not seen elsewhere.
    edge: Vec<(usize, Digest)>,
}

impl Growing {
    fn from(root: Descriptor) -> Self {
        Self {
            seen: HashSet::from([root.digest.clone()]),
            edge: vec![(0, root.digest.clone())],
            nodes: vec![Node {
                descriptor: root,
                referrers: Vec::new(),
            }],
        }
    }

    /// Adds what refers to the node with the number `parent`.
    fn add(&mut self, parent: usize, descriptor: Descriptor) {
        let number = self.nodes.len();
        if self.seen.insert(descriptor.digest.clone()) {
            self.edge.push((number, descriptor.digest.clone()));
        }
        self.nodes.push(Node {
            descriptor,
            referrers: Vec::new(),
        });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.referrers.push(number);
        }
    }
}

async fn listed<S: Store>(
    subject: &Digest,
    repository: &Repository,
    store: &S,
    wanted: Wanted<'_>,
) -> Result<Vec<Descriptor>, StoreError> {
    let listed = store.referrers(repository, subject).await?;
    let mut told: Vec<Descriptor> = stream::iter(listed)
        .map(|descriptor| told(descriptor, subject, repository, store))
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    if let Some(wanted) = wanted.artifact_type {
        told.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(wanted));
    }
    Ok(told)
}

/// Adds what a list may leave out: some say nothing of the type, or the configuration's media type in its stead.
async fn told<S: Store>(
    mut descriptor: Descriptor,
    subject: &Digest,
    repository: &Repository,
    store: &S,
) -> Result<Descriptor, StoreError> {
    let is_told = |kind: &String| !kind.is_empty() && kind != media_type::OCI_EMPTY;
    if descriptor.artifact_type.as_ref().is_some_and(is_told) {
        return Ok(descriptor);
    }
    let manifest = store.manifest(&repository.digest(descriptor.digest.clone())).await?;
    let found = manifest.content().subject.as_ref().map(|found| &found.digest);
    if found != Some(subject) {
        return Err(StoreError::Malformed {
            what: format!("list of what refers to {subject}"),
            reason: match found {
                Some(found) => format!("{} is in it, which refers to {found}", descriptor.digest),
                None => format!("{} is in it, which refers to nothing", descriptor.digest),
            },
        });
    }
    descriptor.artifact_type = manifest.artifact_type().map(str::to_owned);
    descriptor.annotations.clone_from(&manifest.content().annotations);
    Ok(descriptor)
}

/// The most levels that are followed.
pub const DEPTH_LIMIT: usize = 32;
/// The most manifests that are followed.
pub const COUNT_LIMIT: usize = 1000;
const PARALLEL: usize = 32;
