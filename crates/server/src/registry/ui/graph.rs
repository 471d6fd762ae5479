//! What is attached to an artifact of the registry, to what is attached to it, and so on.

use std::collections::VecDeque;

use countersign_core::Digest;
use countersign_core::graph::{Graph, Kind, Node};
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use serde::Deserialize;

use crate::registry::name::{Reference, RepositoryName};
use crate::store::{Store, StoreError};

/// The graph of an artifact; nothing where there is none.
pub(super) fn of(store: &Store, name: &RepositoryName, reference: &Reference) -> Result<Option<Graph>, StoreError> {
    let Some(root) = store.manifest(name, reference)? else {
        return Ok(None);
    };
    let kind = match is_index(&root.media_type) {
        true => Kind::Index,
        false => Kind::Artifact,
    };
    let label = shown(name.as_str().rsplit('/').next().unwrap_or_default(), reference);
    let mut walk = Walk {
        store,
        name,
        graph: Graph::new(shown(name.as_str(), reference), node(name, &root.digest, kind, &label)),
        waiting: VecDeque::from([(root.digest, kind, 0)]),
    };
    walk.run()?;
    Ok(Some(walk.graph))
}

/// How people call it; of a digest, its start tells it from others.
fn shown(name: &str, reference: &Reference) -> String {
    match reference {
        Reference::Digest(digest) => format!("{name}@{}", &digest.as_str()[..19]),
        Reference::Tag(tag) => format!("{name}:{tag}"),
    }
}

struct Walk<'a> {
    store: &'a Store,
    name: &'a RepositoryName,
    graph: Graph,
    waiting: VecDeque<(Digest, Kind, usize)>,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), StoreError> {
        while let Some((digest, kind, depth)) = self.waiting.pop_front() {
            if depth >= DEPTH {
                self.graph.cut();
                continue;
            }
            self.tags(&digest, kind, depth)?;
            for listed in self.store.referrers(self.name, &digest)? {
                let read: Option<Descriptor> = serde_json::from_slice(&listed.json).ok();
                let said = read.map(|read| read.annotations).unwrap_or_default();
                let countersigns = said.countersigns();
                let stated = said.stated(listed.artifact_type);
                let of_referrer = match countersigns {
                    // also where it is attached to the artifact itself
                    true => Kind::Countersignature,
                    false => kind.of_referrer(&stated),
                };
                self.attach(&digest, listed.digest, of_referrer, &stated, depth);
            }
            if kind == Kind::Index {
                self.children(&digest, depth)?;
            }
        }
        Ok(())
    }

    /// The attachments that cosign v2 keeps under tags.
    fn tags(&mut self, digest: &Digest, kind: Kind, depth: usize) -> Result<(), StoreError> {
        for (suffix, of_tag) in [
            ("sig", kind.signature()),
            ("att", Kind::Attestation),
            ("sbom", Kind::Sbom),
        ] {
            let tag = format!("{}-{}.{suffix}", digest.algorithm().name(), digest.hex());
            let Ok(tag) = tag.parse() else { continue };
            if let Some(found) = self.store.tag(self.name, &tag)? {
                self.attach(digest, found, of_tag, &format!(".{suffix} tag"), depth);
            }
        }
        Ok(())
    }

    /// What an index lists.
    fn children(&mut self, digest: &Digest, depth: usize) -> Result<(), StoreError> {
        let Some(index) = self.store.manifest(self.name, &Reference::Digest(digest.clone()))? else {
            return Ok(());
        };
        // it was read when it was pushed; another program may have written the folder
        let Ok(index) = serde_json::from_slice::<Index>(&index.bytes) else {
            return Ok(());
        };
        for entry in index.manifests {
            let is_attestation = entry.annotations.reference_type.as_deref() == Some("attestation-manifest");
            let (kind, label) = match is_attestation {
                true => (Kind::Attestation, "BuildKit attestations".to_owned()),
                false if is_index(&entry.media_type) => (Kind::Index, entry.platform.shown()),
                false => (Kind::Artifact, entry.platform.shown()),
            };
            self.attach(digest, entry.digest, kind, &label, depth);
        }
        Ok(())
    }

    fn attach(&mut self, parent: &Digest, digest: Digest, kind: Kind, label: &str, depth: usize) {
        if self.graph.len() >= COUNT {
            return self.graph.cut();
        }
        if self
            .graph
            .attach(parent.as_str(), node(self.name, &digest, kind, label))
        {
            self.waiting.push_back((digest, kind, depth + 1));
        }
    }
}

fn node(name: &RepositoryName, digest: &Digest, kind: Kind, label: &str) -> Node {
    Node {
        digest: digest.to_string(),
        kind,
        label: label.to_owned(),
        link: Some(format!("/ui/{name}/{digest}")),
    }
}

fn is_index(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json"
    )
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Default, Deserialize)]
struct Annotations {
    #[serde(default, rename = "dev.sigstore.bundle.predicateType")]
    predicate_type: Option<String>,
    #[serde(default, rename = "vnd.docker.reference.type")]
    reference_type: Option<String>,
    /// The artifact about whose signatures a signature is.
    #[serde(default, rename = "countersign.root")]
    root: Option<String>,
}

impl Annotations {
    /// Whether a referrer says that it is a signature of signatures.
    fn countersigns(&self) -> bool {
        self.root.is_some() && self.predicate_type.as_deref() == Some(SIGN_PREDICATE_TYPE)
    }

    /// What a referrer says that it is: its predicate type, else its artifact type.
    fn stated(self, artifact_type: Option<String>) -> String {
        self.predicate_type
            .or(artifact_type)
            .unwrap_or_else(|| "unknown".to_owned())
    }
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    media_type: String,
    digest: Digest,
    #[serde(default)]
    annotations: Annotations,
    #[serde(default)]
    platform: Platform,
}

#[derive(Default, Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

impl Platform {
    fn shown(&self) -> String {
        let parts = [
            Some(self.os.as_str()),
            Some(&self.architecture),
            self.variant.as_deref(),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }
}

/// How many levels a page shows.
const DEPTH: usize = 8;
/// How many manifests a page shows.
const COUNT: usize = 500;
