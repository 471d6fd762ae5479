//! Writes manifests: each after those that it names, attachments after what they are attached to, and the name last.

use countersign_core::Digest;
use countersign_oci::manifest::Manifest;
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::found::{Found, Part, TagState};
use super::walk::PARALLEL;
use super::{CopyError, Destination, Teller};

/// Writes everything, and the name where its state is [`TagState::Free`].
pub(super) async fn write<T: Store>(
    found: &Found,
    destination: &Destination<'_, T>,
    name_state: TagState,
    tell: Teller<'_>,
) -> Result<(), CopyError> {
    let root = found.parts().first();
    // An image with nothing attached is written under its name at once.
    let is_alone = found.parts().iter().all(|part| part.generation == 0) && name_state == TagState::Free;
    for group in found.in_order() {
        let is_root = |part: &Part| root.is_some_and(|root| root.digest == part.digest);
        let is_due = |part: &&Part| match is_root(part) {
            true => !is_alone && name_state == TagState::Free,
            false => !part.tags.is_empty() || !found.present.contains(&part.digest),
        };
        let group: Vec<&Part> = group.into_iter().filter(is_due).collect();
        write_group(destination, &group, tell).await?;
    }
    if let Some(root) = root
        && name_state == TagState::Free
        && (is_alone || destination.name.digest().is_none())
    {
        tell(&root.repository.digest(root.digest.clone()), destination.name);
        push(destination.store, destination.name, root).await?;
    }
    Ok(())
}

/// Writes manifests that do not depend on each other: those with tags under these, the others by digest.
async fn write_group<T: Store>(
    destination: &Destination<'_, T>,
    group: &[&Part],
    tell: Teller<'_>,
) -> Result<(), CopyError> {
    let repository = destination.name.repository();
    let mut named: Vec<(Reference, &Part)> = Vec::new();
    let mut unnamed: Vec<(&Digest, &Manifest)> = Vec::new();
    for part in group {
        let from = part.repository.digest(part.digest.clone());
        for tag in part.tags.iter().filter(|tag| tag.state == TagState::Free) {
            let name = repository.tag(&tag.name).map_err(StoreError::from)?;
            tell(&from, &name);
            named.push((name, part));
        }
        if part.tags.is_empty() {
            tell(&from, &repository.digest(part.digest.clone()));
            unnamed.push((&part.digest, &part.manifest));
        }
    }
    let named: Vec<_> = named
        .iter()
        .map(|(name, part)| push(destination.store, name, part))
        .collect();
    let named = stream::iter(named).buffer_unordered(PARALLEL).try_collect::<()>();
    let unnamed = async {
        if unnamed.is_empty() {
            return Ok(());
        }
        let pushed = destination.store.push_manifests(repository, &unnamed).await;
        pushed.map_err(|source| CopyError::Part {
            what: format!("writing manifests to {repository}"),
            source,
        })
    };
    tokio::try_join!(named, unnamed)?;
    Ok(())
}

async fn push<T: Store>(store: &T, name: &Reference, part: &Part) -> Result<(), CopyError> {
    let pushed = store.push_manifest(name, &part.manifest, Condition::Always).await;
    pushed.map_err(|source| CopyError::Part {
        what: format!("writing {name}"),
        source,
    })
}
