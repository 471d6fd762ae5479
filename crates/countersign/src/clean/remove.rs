//! Takes away what was listed, and nothing that others attach meanwhile.

use std::collections::BTreeMap;

use countersign_core::Digest;
use countersign_oci::append::{Merge, append};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Reference, Registry, Repository, Store, StoreError};

use super::{Attachment, What};
use crate::attachment::legacy;

/// What became of something that was to be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is gone.
    Removed,
    /// It was gone already.
    WasGone,
    /// It is a list that has entries of others.
    Kept,
    /// What was listed is gone; what others added to the tag since then is there.
    OthersKept,
}

/// Takes everything that refers to something off the lists that tags stand in for, those of each artifact in one write.
///
/// # Errors
/// What the registry says.
pub async fn unlist(attachments: &[Attachment], registry: &Registry) -> Result<(), StoreError> {
    let mut lists: BTreeMap<(&Repository, &Digest), Vec<Digest>> = BTreeMap::new();
    for attachment in attachments {
        if let (What::Referrer { subject, .. }, Some(digest)) = (&attachment.what, attachment.name.digest()) {
            let list = lists.entry((attachment.name.repository(), subject)).or_default();
            list.push(digest.clone());
        }
    }
    for ((repository, subject), referrers) in lists {
        registry.unlist_in_fallback(repository, subject, &referrers).await?;
    }
    Ok(())
}

/// Takes something away as it was listed: what others add meanwhile to a tag or to a list of referrers stays.
///
/// # Errors
/// [`StoreError::NotAllowed`] where the registry does not delete, and what else it says.
pub async fn remove(attachment: &Attachment, registry: &Registry) -> Result<Outcome, StoreError> {
    let name = &attachment.name;
    let removed = match (&attachment.what, name.digest()) {
        (What::Referrer { subject, .. }, Some(digest)) => registry
            .remove_referrer(name.repository(), subject, digest)
            .await
            .map(|()| Outcome::Removed),
        (What::Tag { manifest, layers, .. }, _) => remove_layers(name, manifest, layers, registry).await,
        (What::List | What::Referrer { .. }, _) => remove_list(name, registry).await,
    };
    match removed {
        Err(StoreError::NotFound { .. }) => Ok(Outcome::WasGone),
        other => other,
    }
}

/// Deletes a list of referrers that has no entry.
async fn remove_list(name: &Reference, registry: &Registry) -> Result<Outcome, StoreError> {
    let list = registry.manifest(name).await?;
    if !list.manifests().is_empty() {
        return Ok(Outcome::Kept);
    }
    match remove_tag(name, list.digest(), registry).await {
        // An entry came.
        Err(StoreError::Changed { .. }) => Ok(Outcome::Kept),
        removed => removed.map(|()| Outcome::Removed),
    }
}

/// Deletes a tag of which the `manifest` with the `layers` was listed; where others have added layers since then, takes
/// away the layers that were listed.
async fn remove_layers(
    name: &Reference,
    manifest: &Digest,
    layers: &[Descriptor],
    registry: &Registry,
) -> Result<Outcome, StoreError> {
    let is_listed = |layer: &Descriptor| layers.contains(layer);
    // Each further round is another writer's doing.
    for _ in 0..ROUNDS {
        let current = registry.resolve(name).await?.digest().clone();
        if current != *manifest && !has_only(name, &current, &is_listed, registry).await? {
            break;
        }
        match remove_tag(name, &current, registry).await {
            Err(StoreError::Changed { .. }) => {}
            removed => return removed.map(|()| Outcome::Removed),
        }
    }
    drop_layers(name, &is_listed, registry).await
}

/// Says whether a manifest has no layers but such.
async fn has_only(
    name: &Reference,
    digest: &Digest,
    is_such: &(dyn Fn(&Descriptor) -> bool + Sync),
    registry: &Registry,
) -> Result<bool, StoreError> {
    let manifest = registry.manifest(&name.repository().digest(digest.clone())).await?;
    Ok(!manifest.is_index() && manifest.layers().iter().all(is_such))
}

/// Takes layers from what a tag holds, also while others add theirs.
async fn drop_layers(
    name: &Reference,
    is_dropped: &(dyn Fn(&Descriptor) -> bool + Sync),
    registry: &Registry,
) -> Result<Outcome, StoreError> {
    let merge = |current: Option<&Manifest>| match current {
        Some(current) if current.layers().iter().any(is_dropped) => {
            let (manifest, configuration) = legacy::without(current, &is_dropped)?;
            Ok(Merge::Write {
                manifest: Box::new(manifest),
                blobs: vec![configuration],
            })
        }
        _ => Ok(Merge::Present),
    };
    append(registry, name, &merge).await?;
    Ok(Outcome::OthersKept)
}

/// Deletes a tag that points at `digest`, by the digest where the registry deletes in no other way (Docker's registry).
async fn remove_tag(name: &Reference, digest: &Digest, registry: &Registry) -> Result<(), StoreError> {
    match registry.delete_unchanged(name, digest).await {
        Err(StoreError::NotAllowed { .. } | StoreError::Status { status: 400, .. }) => {
            registry.delete(&name.repository().digest(digest.clone())).await
        }
        other => other,
    }
}

/// How often a tag is deleted under the assumption that it holds nothing but what was listed.
const ROUNDS: usize = 8;
