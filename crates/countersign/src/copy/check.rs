//! Asks the target for everything that was copied.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use countersign_core::Digest;
use countersign_oci::{Reference, Store, StoreError};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::found::{Found, Part};
use super::walk::PARALLEL;
use super::{CopyError, Destination};

/// Checks that all manifests, their names, the lists of referrers, and the blobs that were not there before are there.
pub(super) async fn is_there<T: Store>(
    found: &Found,
    delivered: &[Digest],
    destination: &Destination<'_, T>,
) -> Result<(), CopyError> {
    let (store, repository) = (destination.store, destination.name.repository());
    let mut checks: Vec<LocalBoxFuture<'_, Result<(), CopyError>>> = Vec::new();
    let mut referrers: BTreeMap<&Digest, Vec<&Digest>> = BTreeMap::new();
    for (place, part) in found.parts().iter().enumerate() {
        let mut names = names_of(part, destination)?;
        if place == 0 {
            names.push(destination.name.clone());
        } else if names.is_empty() {
            names.push(repository.digest(part.digest.clone()));
        }
        let of_names = names
            .into_iter()
            .map(|name| manifest_is_there(store, name, &part.digest));
        checks.extend(of_names.map(|check| Box::pin(check) as _));
        if let Some(subject) = &part.manifest.content().subject {
            referrers.entry(&subject.digest).or_default().push(&part.digest);
        }
    }
    for digest in delivered {
        checks.push(Box::pin(async move {
            let what = format!("blob {repository}@{digest}");
            until_there(&what, async || store.has_blob(repository, digest).await).await
        }));
    }
    for (subject, copied) in referrers {
        checks.push(Box::pin(async move {
            let what = format!("a referrer of {repository}@{subject}");
            let is_listed = async || {
                let listed = store.referrers(repository, subject).await?;
                let listed: HashSet<&Digest> = listed.iter().map(|entry| &entry.digest).collect();
                Ok(copied.iter().all(|digest| listed.contains(digest)))
            };
            until_there(&what, is_listed).await
        }));
    }
    stream::iter(checks).buffer_unordered(PARALLEL).try_collect().await
}

/// The tags that a manifest has at the target.
fn names_of<T>(part: &Part, destination: &Destination<'_, T>) -> Result<Vec<Reference>, StoreError> {
    let repository = destination.name.repository();
    let names = part.tags.iter().map(|tag| Ok(repository.tag(&tag.name)?));
    names.collect()
}

async fn manifest_is_there<T: Store>(store: &T, name: Reference, digest: &Digest) -> Result<(), CopyError> {
    let what = format!("manifest {name}");
    let is_it = async || {
        let described = store.describe(&name).await?;
        Ok(described.is_some_and(|found| found.digest == *digest))
    };
    until_there(&what, is_it).await
}

/// Asks again for a while: some registries show what they took a moment later.
async fn until_there(what: &str, ask: impl AsyncFn() -> Result<bool, StoreError>) -> Result<(), CopyError> {
    for pause in PAUSES {
        if ask().await? {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
    }
    if ask().await? {
        return Ok(());
    }
    Err(CopyError::Lost { what: what.to_owned() })
}

/// How long is waited between the questions.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
];
