//! Which attachments are copied.

use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_oci::manifest::Manifest;

use crate::attachment::Kind;
use crate::attachment::referrer::{BUNDLE_PREFIX, PREDICATE_TYPE_ANNOTATION};

/// What is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// The image with everything that belongs to it, under its new name.
    Everything,
    /// The image without a name, and attachments of these kinds.
    Only(Vec<Kind>),
}

impl Scope {
    /// The kinds of attachment tags that are copied.
    pub(super) fn tags(&self) -> &[Kind] {
        match self {
            Self::Everything => &[Kind::Signature, Kind::Attestation, Kind::Sbom],
            Self::Only(kinds) => kinds,
        }
    }

    /// Says whether a manifest that refers to another is copied. Where it does not say what it is, it counts as every
    /// kind that it may be: too much is better than a signature lost.
    pub(super) fn has_referrer(&self, manifest: &Manifest) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(kinds) => kinds_of(manifest).iter().any(|kind| kinds.contains(kind)),
        }
    }
}

/// The kinds that a referrer may be.
fn kinds_of(manifest: &Manifest) -> &'static [Kind] {
    let is_bundle = manifest
        .layers()
        .iter()
        .any(|layer| layer.media_type.starts_with(BUNDLE_PREFIX));
    let predicate_type = manifest.content().annotations.get(PREDICATE_TYPE_ANNOTATION);
    match (is_bundle, predicate_type.map(String::as_str)) {
        (true, Some(SIGN_PREDICATE_TYPE)) => &[Kind::Signature],
        (true, Some(_)) => &[Kind::Attestation],
        (true, None) => &[Kind::Signature, Kind::Attestation],
        (false, _) => kinds_of_artifact(manifest.artifact_type().unwrap_or_default()),
    }
}

/// The kinds that an artifact type stands for: cosign's experimental referrers, and documents of SBOM formats.
fn kinds_of_artifact(artifact_type: &str) -> &'static [Kind] {
    match artifact_type {
        "application/vnd.dev.cosign.artifact.sig.v1+json" => &[Kind::Signature],
        "application/vnd.dev.cosign.artifact.att.v1+json" => &[Kind::Attestation],
        "application/vnd.dev.cosign.artifact.sbom.v1+json" => &[Kind::Sbom],
        other if SBOM_WORDS.iter().any(|word| other.contains(word)) => &[Kind::Sbom],
        _ => &[],
    }
}

/// What the media types of SBOM formats have in them.
const SBOM_WORDS: [&str; 3] = ["spdx", "cyclonedx", "syft"];
