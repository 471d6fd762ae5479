//! Sigstore bundles as OCI referrers, cosign v3's format.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::chain::ROOT_ANNOTATION;
use countersign_core::go_json;
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{StoreError, Upload, media_type};
use jiff::Timestamp;
use serde::Serialize;

/// A bundle with its referrer manifest, to be stored in this order, beside the empty configuration `{}`.
pub struct Referrer {
    /// The bundle's bytes.
    pub bundle: Upload,
    /// The manifest.
    pub manifest: Manifest,
}

/// What a bundle holds, as the annotation `dev.sigstore.bundle.content` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A DSSE envelope.
    DsseEnvelope,
}

/// Wraps `bundle` (Sigstore bundle JSON) as a referrer of `subject`, byte for byte as cosign v3 does
/// but for the time, which is `created`.
///
/// # Errors
/// [`StoreError::ManifestTooLarge`] where the annotations make it so.
pub fn referrer(
    subject: &Descriptor,
    bundle: impl Into<Bytes>,
    content: Content,
    predicate_type: &str,
    created: Timestamp,
) -> Result<Referrer, StoreError> {
    let annotations = BTreeMap::from([(PREDICATE_TYPE_ANNOTATION, predicate_type.to_owned())]);
    annotated(subject, bundle.into(), content, annotations, created)
}

/// As [`referrer`], of a signature that is about the signatures of the artifact `root`, which the manifest says too: so lists
/// tell it from a signature where it is attached to the artifact itself.
///
/// # Errors
/// [`StoreError::ManifestTooLarge`] where the annotations make it so.
pub fn countersigning(
    subject: &Descriptor,
    bundle: impl Into<Bytes>,
    root: &str,
    created: Timestamp,
) -> Result<Referrer, StoreError> {
    let annotations = BTreeMap::from([
        (ROOT_ANNOTATION, root.to_owned()),
        (PREDICATE_TYPE_ANNOTATION, SIGN_PREDICATE_TYPE.to_owned()),
    ]);
    annotated(subject, bundle.into(), Content::DsseEnvelope, annotations, created)
}

/// The artifact about whose signatures a signature says that it is, by what its manifest or a list says.
pub fn countersigned(annotations: &BTreeMap<String, String>) -> Option<&str> {
    let is_signature = annotations.get(PREDICATE_TYPE_ANNOTATION).map(String::as_str) == Some(SIGN_PREDICATE_TYPE);
    annotations
        .get(ROOT_ANNOTATION)
        .filter(|_| is_signature)
        .map(String::as_str)
}

fn annotated(
    subject: &Descriptor,
    bundle: Bytes,
    content: Content,
    mut annotations: BTreeMap<&str, String>,
    created: Timestamp,
) -> Result<Referrer, StoreError> {
    let mut config = Descriptor::of(media_type::OCI_EMPTY, EMPTY);
    config.artifact_type = Some(BUNDLE_V03.to_owned());
    let content = match content {
        Content::DsseEnvelope => "dsse-envelope",
    };
    annotations.insert(CONTENT_ANNOTATION, content.to_owned());
    annotations.insert(CREATED_ANNOTATION, seconds(created));
    let wire = Wire {
        schema_version: 2,
        media_type: media_type::OCI_MANIFEST,
        config,
        layers: [Descriptor::of(BUNDLE_V03, &bundle)],
        annotations,
        subject: Descriptor {
            annotations: BTreeMap::new(),
            platform: None,
            data: None,
            artifact_type: None,
            ..subject.clone()
        },
        artifact_type: BUNDLE_V03,
    };
    Ok(Referrer {
        manifest: Manifest::parse(go_json::to_vec(&wire).into(), media_type::OCI_MANIFEST)?,
        bundle: Upload::bytes(bundle),
    })
}

/// Members in the order in which go-containerregistry writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    schema_version: u32,
    media_type: &'a str,
    config: Descriptor,
    layers: [Descriptor; 1],
    annotations: BTreeMap<&'a str, String>,
    subject: Descriptor,
    artifact_type: &'a str,
}

fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The media type of a Sigstore bundle v0.3.
pub const BUNDLE_V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What the media types of all Sigstore bundles begin with.
pub const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
/// The annotation that says what a bundle holds.
pub const CONTENT_ANNOTATION: &str = "dev.sigstore.bundle.content";
/// The annotation that repeats a bundle's predicate type.
pub const PREDICATE_TYPE_ANNOTATION: &str = "dev.sigstore.bundle.predicateType";
const CREATED_ANNOTATION: &str = "org.opencontainers.image.created";
/// The bytes of the empty configuration.
pub(crate) const EMPTY: &[u8] = b"{}";
