//! Stores attestations so that none is lost.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use countersign_core::Digest;
use countersign_oci::append::{Merge, append};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::{Condition, Expected};
use countersign_oci::{Reference, Store, StoreError};
use jiff::Timestamp;

use super::{AttestOptions, Attestation, Earlier};
use crate::attachment::legacy::{self, Layer};
use crate::attachment::referrer::{Content, referrer};
use crate::attachment::{Kind, Place};
use crate::sign::Attachment;

/// Stores a bundle as a referrer of the artifact and returns its digest.
pub(super) async fn bundle<S: Store>(
    attachment: &Attachment<'_>,
    store: &S,
    json: Bytes,
    predicate_type: &str,
    now: Timestamp,
) -> Result<Digest, StoreError> {
    let repository = attachment.location.repository();
    let referrer = referrer(attachment.subject, json, Content::DsseEnvelope, predicate_type, now)?;
    let expected = Expected::Referrer(repository, attachment.image.digest());
    let (pushed, ()) = tokio::join!(store.push_blob(repository, &referrer.bundle), store.expect(expected));
    pushed?;
    let digest = referrer.manifest.digest().clone();
    let name = repository.digest(digest.clone());
    store
        .push_manifest(&name, &referrer.manifest, Condition::Always)
        .await?;
    Ok(digest)
}

/// Adds a layer to the `.att` tag, in the place of the `earlier` ones where there are any; returns their places.
pub(super) async fn legacy<S: Store>(
    attachment: &Attachment<'_>,
    store: &S,
    attestation: &Attestation,
    earlier: &Earlier,
    options: AttestOptions,
) -> Result<Vec<Place>, StoreError> {
    let location = attachment.location;
    let tag = location.tag(attachment.image.digest(), Kind::Attestation)?;
    let layer = Layer::attestation(attestation.envelope.clone(), &attestation.predicate_type);
    let layer = layer.with(&attestation.vouched);
    let created = options.created.map(|at| at.to_string());
    let replaced = Mutex::new(Vec::new());
    append(store, &tag, &|current: Option<&Manifest>| {
        let is_replaced = |old: &Descriptor| earlier.has(old) && old != layer.descriptor();
        let old = places(current, &tag, &is_replaced);
        let is_there = current.is_some_and(|manifest| layer.is_in(manifest));
        let (media_types, created) = (options.media_types, created.as_deref());
        let (manifest, configuration) = match (old.is_empty(), is_there) {
            (true, true) => return Ok(Merge::Present),
            (true, false) => legacy::append(current, &[&layer], media_types, created)?,
            (false, _) => {
                let is_dropped = |old: &Descriptor| is_replaced(old) || old == layer.descriptor();
                *replaced.lock().unwrap_or_else(PoisonError::into_inner) = old;
                legacy::replace(current, &layer, &is_dropped, media_types, created)?
            }
        };
        Ok(Merge::Write {
            manifest: Box::new(manifest),
            blobs: vec![configuration, layer.upload()],
        })
    })
    .await?;
    Ok(replaced.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The places of the layers that are replaced.
fn places(current: Option<&Manifest>, tag: &Reference, is_replaced: &dyn Fn(&Descriptor) -> bool) -> Vec<Place> {
    let Some(manifest) = current else {
        return Vec::new();
    };
    let layers = manifest.layers().iter().enumerate();
    layers
        .filter(|(_, old)| is_replaced(old))
        .map(|(index, _)| Place::Layer {
            tag: tag.clone(),
            index,
            manifest: manifest.digest().clone(),
        })
        .collect()
}
