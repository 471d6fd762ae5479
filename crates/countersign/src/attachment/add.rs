//! Adds what was signed elsewhere, beside what is there and what others add at the same time.

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::bundle::{Bundle, BundleError, Content, Format, Version};
use countersign_core::payload::statement::{PAYLOAD_TYPE, Statement, StatementError};
use countersign_core::quoted::Quoted;
use countersign_oci::append::Merge;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, StoreError, Upload};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::configuration::Known;
use super::legacy::{self, Layer, MediaTypes};
use super::referrer::{self, referrer};
use super::{Kind, Location};

/// Adds layers to the tag of `kind`, but for those that are there already.
///
/// # Errors
/// What the store says; nothing that others add meanwhile is lost.
pub async fn add_layers<S: Store>(
    layers: &[Layer],
    digest: &Digest,
    kind: Kind,
    store: &S,
    location: &Location,
    media_types: MediaTypes,
) -> Result<(), StoreError> {
    let tag = location.tag(digest, kind)?;
    try_join_all(layers.iter().map(|layer| push(store, &tag, layer))).await?;
    let known = Known::default();
    let merge = |current: Option<&Manifest>| {
        let is_there = |layer: &&Layer| current.is_some_and(|manifest| layer.is_in(manifest));
        let missing: Vec<&Layer> = layers.iter().filter(|layer| !is_there(layer)).collect();
        if missing.is_empty() {
            return Ok(Merge::Present);
        }
        let kept = current.map(|manifest| known.kept(manifest)).transpose()?.flatten();
        let (manifest, configuration) = legacy::append_keeping(current, kept.as_ref(), &missing, media_types, None)?;
        known.writing();
        Ok(Merge::Write {
            manifest: Box::new(manifest),
            blobs: vec![configuration],
        })
    };
    known.append(store, &tag, &merge).await
}

async fn push<S: Store>(store: &S, tag: &Reference, layer: &Layer) -> Result<(), StoreError> {
    store.push_blob(tag.repository(), &layer.upload()).await.map(drop)
}

/// A bundle that can be attached to an artifact: of version 0.3, with a statement. What it claims is not checked.
#[derive(Clone, Debug)]
pub struct StatementBundle {
    json: Bytes,
    statement: Statement,
}

impl StatementBundle {
    /// Reads a bundle and keeps its bytes.
    ///
    /// # Errors
    /// [`NotAttachable`].
    pub fn parse(json: impl Into<Bytes>) -> Result<Self, NotAttachable> {
        let json = json.into();
        let bundle = Bundle::from_json(&json)?;
        if bundle.format() != Format::Bundle(Version::V03) {
            return Err(NotAttachable::Version);
        }
        let Content::Envelope(signed) = bundle.content() else {
            return Err(NotAttachable::NoEnvelope);
        };
        let envelope = signed.envelope();
        if envelope.payload_type() != PAYLOAD_TYPE {
            return Err(NotAttachable::PayloadType {
                found: Quoted::new(envelope.payload_type()),
            });
        }
        Ok(Self {
            statement: Statement::parse(envelope.payload())?,
            json,
        })
    }

    /// Says whether a JSON text calls itself a bundle, of whatever version.
    pub fn is_named_in(json: &[u8]) -> bool {
        #[derive(serde::Deserialize)]
        struct Named<'a> {
            #[serde(rename = "mediaType", borrow)]
            media_type: std::borrow::Cow<'a, str>,
        }
        serde_json::from_slice::<Named<'_>>(json)
            .is_ok_and(|named| named.media_type.starts_with(referrer::BUNDLE_PREFIX))
    }

    /// What is stated, unverified.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }
}

/// Why a bundle cannot be attached to an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAttachable {
    /// It is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It is of an old version.
    #[error("only bundles of version 0.3 are read from a registry")]
    Version,
    /// It holds a signature over bytes that are not in it.
    #[error("bundle does not have DSSE envelope")]
    NoEnvelope,
    /// What it holds is no statement.
    #[error("invalid payloadType {found} on envelope. Expected {PAYLOAD_TYPE}")]
    PayloadType {
        /// The type as written.
        found: Quoted,
    },
    /// What it holds calls itself a statement and is none.
    #[error(transparent)]
    Statement(#[from] StatementError),
}

/// Attaches a bundle to `subject` as a referrer, its bytes as they are.
///
/// # Errors
/// What the store says.
pub async fn add_bundle<S: Store>(
    bundle: &StatementBundle,
    subject: &Descriptor,
    store: &S,
    location: &Location,
    now: Timestamp,
) -> Result<(), StoreError> {
    let referrer = referrer(
        subject,
        bundle.json.clone(),
        referrer::Content::DsseEnvelope,
        bundle.statement.predicate_type(),
        now,
    )?;
    let repository = location.repository();
    let empty = Upload::bytes(referrer::EMPTY);
    try_join_all([&empty, &referrer.bundle].map(|blob| store.push_blob(repository, blob))).await?;
    let name = repository.digest(referrer.manifest.digest().clone());
    store.push_manifest(&name, &referrer.manifest, Condition::Always).await
}
