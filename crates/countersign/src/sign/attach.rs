//! Stores signatures so that none is lost.

use bytes::Bytes;
use countersign_core::chain::ROOT_ANNOTATION;
use countersign_core::key::{PublicKey, Signature};
use countersign_core::payload::statement;
use countersign_oci::append::Merge;
use countersign_oci::manifest::Manifest;
use countersign_oci::store::{Condition, Expected};
use countersign_oci::{Store, StoreError};
use jiff::Timestamp;

use super::{Attachment, SignOptions};
use crate::attachment::Kind;
use crate::attachment::configuration::Known;
use crate::attachment::legacy::{self, Layer, SIGNATURE_ANNOTATION};
use crate::attachment::referrer::{Content, countersigning, referrer};

/// Stores a bundle as a referrer of `subject`; one about the signatures of an artifact says so.
pub(super) async fn bundle<S: Store>(
    attachment: &Attachment<'_>,
    store: &S,
    json: Bytes,
    options: &SignOptions,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (location, subject) = (attachment.location, attachment.subject);
    let referrer = match options.annotations.get(ROOT_ANNOTATION) {
        Some(root) => countersigning(subject, json, root, now)?,
        None => referrer(
            subject,
            json,
            Content::DsseEnvelope,
            statement::SIGN_PREDICATE_TYPE,
            now,
        )?,
    };
    let repository = location.repository();
    let expected = Expected::Referrer(repository, attachment.image.digest());
    let (pushed, ()) = tokio::join!(store.push_blob(repository, &referrer.bundle), store.expect(expected));
    pushed?;
    let name = location.repository().digest(referrer.manifest.digest().clone());
    store.push_manifest(&name, &referrer.manifest, Condition::Always).await
}

/// Adds layers to the `.sig` tag, but for those that repeat one that is there.
pub(super) async fn legacy<S: Store>(
    attachment: &Attachment<'_>,
    store: &S,
    layers: &[Layer],
    key: &PublicKey,
    options: &SignOptions,
) -> Result<(), StoreError> {
    let location = attachment.location;
    let tag = location.tag(attachment.image.digest(), Kind::Signature)?;
    let created = options.created.map(|at| at.to_string());
    let known = Known::default();
    let merge = |current: Option<&Manifest>| {
        let missing = missing(layers, current, key);
        if missing.is_empty() {
            return Ok(Merge::Present);
        }
        let kept = current.map(|manifest| known.kept(manifest)).transpose()?.flatten();
        let (manifest, configuration) = legacy::append_keeping(
            current,
            kept.as_ref(),
            &missing,
            options.media_types,
            created.as_deref(),
        )?;
        known.writing();
        Ok(Merge::Write {
            manifest: Box::new(manifest),
            blobs: std::iter::once(configuration)
                .chain(layers.iter().map(Layer::upload))
                .collect(),
        })
    };
    known.append(store, &tag, &merge).await
}

/// The layers that `manifest` does not have.
fn missing<'a>(layers: &'a [Layer], manifest: Option<&Manifest>, key: &PublicKey) -> Vec<&'a Layer> {
    let is_there = |layer: &Layer| manifest.is_some_and(|manifest| repeats(layer, manifest, key));
    layers.iter().filter(|layer| !is_there(layer)).collect()
}

/// Says whether `manifest` has a signature of the same payload by the same key with the same annotations,
/// cosign's rule for what is not added a second time.
fn repeats(layer: &Layer, manifest: &Manifest, key: &PublicKey) -> bool {
    manifest.layers().iter().any(|existing| {
        let new = layer.descriptor();
        existing.digest == new.digest
            && existing.media_type == new.media_type
            && new
                .annotations
                .iter()
                .filter(|(name, _)| name.as_str() != SIGNATURE_ANNOTATION)
                .all(|(name, value)| existing.annotations.get(name) == Some(value))
            && existing
                .annotations
                .get(SIGNATURE_ANNOTATION)
                .and_then(|text| Signature::from_base64(text).ok())
                .is_some_and(|signature| key.verify(layer.payload(), &signature, None).is_ok())
    })
}
