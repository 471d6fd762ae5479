//! What is attached to an image as one versioned object, documented in docs/tree.md.

use countersign::attachment::list::{Beneath, Referrer, Tag};
use countersign::attachment::{Kind, Location};
use countersign_core::Digest;
use countersign_oci::{Pinned, Reference};
use serde::Serialize;

use crate::args::pinned;

/// An image with everything beneath it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tree<'a> {
    schema_version: u32,
    /// Always `false`: nothing here is.
    verified: bool,
    image: String,
    digest: &'a Digest,
    /// Where the attachments are.
    repository: String,
    #[serde(flatten)]
    attached: Attached<'a>,
}

/// What is attached to one manifest.
#[derive(Serialize)]
struct Attached<'a> {
    tags: Vec<TagNode<'a>>,
    referrers: Vec<ReferrerNode<'a>>,
    /// What an index lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    manifests: Vec<ChildNode<'a>>,
    /// Whether this is all there is; else it was not looked for.
    complete: bool,
}

#[derive(Serialize)]
struct TagNode<'a> {
    kind: &'static str,
    name: String,
    digest: &'a Digest,
    layers: &'a [Digest],
    attached: Attached<'a>,
}

#[derive(Serialize)]
struct ReferrerNode<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    /// The artifact about whose signatures it says that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    countersigns: Option<&'a str>,
    digest: &'a Digest,
    attached: Attached<'a>,
}

#[derive(Serialize)]
struct ChildNode<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    /// What BuildKit's attestations in it are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    attests: Option<&'a str>,
    digest: &'a Digest,
    attached: Attached<'a>,
}

impl<'a> Tree<'a> {
    /// The object for `image`, which was asked for as `reference`.
    pub(super) fn of(reference: &Reference, image: &'a Pinned, location: &Location, beneath: &'a Beneath) -> Self {
        Self {
            schema_version: 1,
            verified: false,
            image: reference.to_string(),
            digest: image.digest(),
            repository: location.repository().to_string(),
            attached: Attached::to(image.digest(), beneath),
        }
    }
}

impl<'a> Attached<'a> {
    /// A manifest names its subject by digest, so this ends.
    fn to(digest: &Digest, beneath: &'a Beneath) -> Self {
        let Some(listing) = beneath.listing(digest) else {
            return Self {
                tags: Vec::new(),
                referrers: Vec::new(),
                manifests: Vec::new(),
                complete: false,
            };
        };
        Self {
            tags: listing.tags.iter().map(|tag| TagNode::of(tag, beneath)).collect(),
            referrers: listing
                .referrers
                .iter()
                .map(|referrer| ReferrerNode::of(referrer, beneath))
                .collect(),
            manifests: beneath
                .children(digest)
                .iter()
                .map(|child| ChildNode {
                    platform: child.platform.as_ref().map(pinned::shown),
                    attests: child.attests.as_deref(),
                    digest: &child.digest,
                    attached: Attached::to(&child.digest, beneath),
                })
                .collect(),
            complete: true,
        }
    }
}

impl<'a> TagNode<'a> {
    fn of(tag: &'a Tag, beneath: &'a Beneath) -> Self {
        Self {
            kind: match tag.kind {
                Kind::Signature => "signature",
                Kind::Attestation => "attestation",
                Kind::Sbom => "sbom",
                _ => "other",
            },
            name: tag.name.to_string(),
            digest: &tag.digest,
            layers: &tag.layers,
            attached: Attached::to(&tag.digest, beneath),
        }
    }
}

impl<'a> ReferrerNode<'a> {
    fn of(referrer: &'a Referrer, beneath: &'a Beneath) -> Self {
        Self {
            kind: &referrer.kind,
            countersigns: referrer.countersigns.as_deref(),
            digest: &referrer.digest,
            attached: Attached::to(&referrer.digest, beneath),
        }
    }
}
