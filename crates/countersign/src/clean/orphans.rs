//! Attachments of artifacts that are gone.

use std::collections::BTreeSet;

use countersign_core::Digest;
use countersign_oci::{Registry, Repository, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Attachment, PARALLEL, Scope, What, attached, exists};
use crate::attachment::Location;

/// Lists what is attached, in `location`, to artifacts that are in none of `repositories` any more, in a stable order.
///
/// Which artifacts had attachments is read from the tags that are named after a digest. A tag that holds the artifact
/// itself, as `cosign copy` leaves them, belongs to an artifact that is there, and so does everything attached to
/// something that is attached.
///
/// # Errors
/// Whatever keeps us from knowing: an artifact that could not be asked for is not gone, nor is one whose repository is
/// not found.
pub async fn orphans(
    repositories: &[Repository],
    scope: Scope,
    registry: &Registry,
    location: &Location,
) -> Result<Vec<Attachment>, StoreError> {
    let places: BTreeSet<Repository> = repositories.iter().chain([location.repository()]).cloned().collect();
    // A repository that may not be seen looks as if nothing were in it.
    for repository in repositories {
        registry.tags(repository).await?;
    }
    let tags = registry.tags(location.repository()).await?;
    let subjects: BTreeSet<Digest> = tags
        .iter()
        .flat_map(|tag| [subject(tag, location.tag_prefix()), subject(tag, "")])
        .flatten()
        .collect();
    let gone: Vec<Option<Digest>> = stream::iter(subjects)
        .map(|digest| async {
            let is_there = exists(&digest, &places, registry).await?;
            Ok::<_, StoreError>((!is_there).then_some(digest))
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut found = Vec::new();
    for digest in gone.into_iter().flatten() {
        let name = location.repository().digest(digest.clone());
        found.extend(attached(&name.pin(digest.clone()), scope, registry, location).await?);
        if matches!(scope, Scope::All | Scope::Referrers) {
            found.extend(list(&digest, registry, location.repository()).await?);
        }
    }
    Ok(found)
}

/// The digest that the tag of an attachment or of a list of referrers is named after.
fn subject(tag: &str, prefix: &str) -> Option<Digest> {
    let name = tag.strip_prefix(prefix)?;
    let stem = [".sig", ".att", ".sbom"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    stem.replacen('-', ":", 1).parse().ok()
}

/// The list of referrers that a tag stands in for, where there is one.
async fn list(digest: &Digest, registry: &Registry, repository: &Repository) -> Result<Option<Attachment>, StoreError> {
    let name = repository.tag(&format!("{}-{}", digest.algorithm().name(), digest.hex()))?;
    match registry.manifest(&name).await {
        Ok(manifest) if manifest.is_index() => Ok(Some(Attachment { name, what: What::List })),
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_named_after_a_digest_have_a_subject() {
        let digest = Digest::sha256(b"");
        let stem = format!("sha256-{}", digest.hex());
        for tag in [
            &stem,
            &format!("{stem}.sig"),
            &format!("{stem}.att"),
            &format!("{stem}.sbom"),
        ] {
            assert_eq!(subject(tag, ""), Some(digest.clone()), "{tag}");
            assert_eq!(subject(&format!("p-{tag}"), "p-"), Some(digest.clone()), "{tag}");
            assert_eq!(subject(tag, "p-"), None, "{tag}");
        }
        for tag in [
            "v1",
            "latest.sig",
            "sha256-00.sig",
            &format!("{stem}.txt"),
            &format!("{stem}0.sig"),
        ] {
            assert_eq!(subject(tag, ""), None, "{tag}");
        }
    }
}
