//! What is attached to an image, as a graph to draw.

use std::collections::BTreeSet;

use countersign::attachment::Kind;
use countersign::attachment::list::{Beneath, Child};
use countersign_core::Digest;
use countersign_core::graph::{self, Graph, Node};
use countersign_oci::Pinned;

use crate::args::pinned;

/// The graph of `image`, which was asked for as `name`.
pub(super) fn of(name: &str, image: &Pinned, beneath: &Beneath) -> Graph {
    let digest = image.digest();
    let kind = match beneath.children(digest) {
        [] => graph::Kind::Artifact,
        _ => graph::Kind::Index,
    };
    let mut drawing = Drawing {
        beneath,
        graph: Graph::new(name, node(digest, kind, name.rsplit('/').next().unwrap_or(name))),
        seen: BTreeSet::new(),
    };
    drawing.beneath(digest, kind);
    drawing.graph
}

struct Drawing<'a> {
    beneath: &'a Beneath,
    graph: Graph,
    seen: BTreeSet<Digest>,
}

impl Drawing<'_> {
    fn beneath(&mut self, digest: &Digest, kind: graph::Kind) {
        let beneath = self.beneath;
        if !self.seen.insert(digest.clone()) {
            return;
        }
        let Some(listing) = beneath.listing(digest) else {
            return self.graph.cut();
        };
        for tag in &listing.tags {
            let of_tag = match tag.kind {
                Kind::Signature => kind.signature(),
                Kind::Attestation => graph::Kind::Attestation,
                Kind::Sbom => graph::Kind::Sbom,
                _ => graph::Kind::Other,
            };
            let layers = match tag.layers.len() {
                1 => "1 layer".to_owned(),
                count => format!("{count} layers"),
            };
            self.attach(
                digest,
                &tag.digest,
                of_tag,
                &format!(".{} tag, {layers}", tag.kind.suffix()),
            );
        }
        for referrer in &listing.referrers {
            let of_referrer = match referrer.countersigns {
                // also where it is attached to the artifact itself
                Some(_) => graph::Kind::Countersignature,
                None => kind.of_referrer(&referrer.kind),
            };
            self.attach(digest, &referrer.digest, of_referrer, &referrer.kind);
        }
        for child in beneath.children(digest) {
            let (kind, label) = named(child);
            self.attach(digest, &child.digest, kind, &label);
        }
    }

    fn attach(&mut self, parent: &Digest, digest: &Digest, kind: graph::Kind, label: &str) {
        self.graph.attach(parent.as_str(), node(digest, kind, label));
        self.beneath(digest, kind);
    }
}

fn node(digest: &Digest, kind: graph::Kind, label: &str) -> Node {
    Node {
        digest: digest.to_string(),
        kind,
        label: label.to_owned(),
        link: None,
    }
}

fn named(child: &Child) -> (graph::Kind, String) {
    match (&child.attests, &child.platform) {
        (Some(_), _) => (graph::Kind::Attestation, "BuildKit attestations".to_owned()),
        (None, platform) => {
            let kind = match child.is_index {
                true => graph::Kind::Index,
                false => graph::Kind::Artifact,
            };
            (kind, platform.as_ref().map(pinned::shown).unwrap_or_default())
        }
    }
}
