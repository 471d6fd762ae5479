//! The list of what refers to a manifest, as an index under a tag: where a store keeps no list of its own
//! (distribution-spec, §referrers tag schema).

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

use countersign_core::Digest;
use serde::Serialize;

use crate::error::StoreError;
use crate::manifest::{Descriptor, Manifest};
use crate::media_type;

/// An index as the fallback tag holds it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u32,
    media_type: &'static str,
    manifests: &'a [Descriptor],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

/// The tag under which the list for a digest is.
pub(crate) fn tag(digest: &Digest) -> String {
    // Tags have at most 128 characters; a longer hash is cut.
    let hex: String = digest.hex().chars().take(64).collect();
    format!("{}-{hex}", digest.algorithm().name())
}

/// What a list of referrers shows of a manifest: also its artifact type and annotations.
pub(crate) fn listed(manifest: &Manifest) -> Descriptor {
    let mut entry = manifest.descriptor();
    entry.artifact_type = manifest.artifact_type().map(str::to_owned);
    entry.annotations = manifest.content().annotations.clone();
    entry
}

/// The index with `entries` after all that it holds, each once.
pub(crate) fn with_entries(
    index: Option<&Manifest>,
    entries: &[Descriptor],
    subject: &Digest,
    tag: &dyn Display,
) -> Result<Manifest, StoreError> {
    let is_misplaced = |index: &Manifest| !index.is_index() && index.digest() != subject;
    if index.is_some_and(is_misplaced) {
        return Err(StoreError::NotAllowed {
            what: tag.to_string(),
            reason: "the tag is for the list of referrers, but holds another manifest".to_owned(),
        });
    }
    let mut known = HashSet::new();
    let kept = index
        .filter(|index| index.is_index())
        .map(Manifest::manifests)
        .unwrap_or_default();
    let manifests: Vec<Descriptor> = kept
        .iter()
        .chain(entries)
        .filter(|entry| known.insert(entry.digest.clone()))
        .cloned()
        .collect();
    let annotations = index
        .filter(|index| index.is_index())
        .map(|index| index.content().annotations.clone())
        .unwrap_or_default();
    index_of(&manifests, &annotations, tag)
}

/// The index without the entries for `referrers`.
pub(crate) fn without_entries(
    index: &Manifest,
    referrers: &[Digest],
    tag: &dyn Display,
) -> Result<Manifest, StoreError> {
    let kept: Vec<Descriptor> = index
        .manifests()
        .iter()
        .filter(|entry| !referrers.contains(&entry.digest))
        .cloned()
        .collect();
    index_of(&kept, &index.content().annotations, tag)
}

fn index_of(
    manifests: &[Descriptor],
    annotations: &BTreeMap<String, String>,
    tag: &dyn Display,
) -> Result<Manifest, StoreError> {
    let bytes = serde_json::to_vec(&Index {
        schema_version: 2,
        media_type: media_type::OCI_INDEX,
        manifests,
        annotations,
    })
    .map_err(|error| StoreError::Malformed {
        what: tag.to_string(),
        reason: error.to_string(),
    })?;
    Manifest::parse(bytes.into(), media_type::OCI_INDEX)
}

#[cfg(test)]
mod tests {
    use countersign_core::digest::Algorithm;

    use super::*;

    fn entry(text: &str) -> Descriptor {
        Descriptor::of(media_type::OCI_MANIFEST, text.as_bytes())
    }

    #[test]
    fn the_tag_is_the_digest_with_a_dash_and_never_too_long() {
        let digest = Digest::sha256(b"subject");
        assert_eq!(tag(&digest), format!("sha256-{}", digest.hex()));
        let long = Digest::of(Algorithm::Sha512, b"subject");
        assert_eq!(tag(&long), format!("sha512-{}", &long.hex()[..64]));
    }

    #[test]
    fn entries_of_others_are_kept_and_none_is_listed_twice() {
        let subject = Digest::sha256(b"subject");
        let mut first = with_entries(None, &[entry("1")], &subject, &"list").expect("an index");
        for text in ["2", "1", "3", "2"] {
            first = with_entries(Some(&first), &[entry(text)], &subject, &"list").expect("an index");
        }
        let digests: Vec<_> = first.manifests().iter().map(|entry| entry.digest.clone()).collect();
        assert_eq!(digests, ["1", "2", "3"].map(|text| entry(text).digest));
    }

    #[test]
    fn an_entry_is_taken_off_and_the_others_stay() {
        let subject = Digest::sha256(b"subject");
        let mut index = with_entries(None, &[entry("1")], &subject, &"list").expect("an index");
        for text in ["2", "3"] {
            index = with_entries(Some(&index), &[entry(text)], &subject, &"list").expect("an index");
        }
        let left = without_entries(&index, &[entry("2").digest], &"list").expect("an index");
        let digests: Vec<_> = left.manifests().iter().map(|entry| entry.digest.clone()).collect();
        assert_eq!(digests, ["1", "3"].map(|text| entry(text).digest));
    }

    #[test]
    fn a_tag_that_holds_an_image_is_not_overwritten() {
        let image =
            Manifest::parse(r#"{"schemaVersion":2,"layers":[]}"#.into(), media_type::OCI_MANIFEST).expect("a manifest");
        let other = with_entries(Some(&image), &[entry("1")], &Digest::sha256(b"subject"), &"list");
        assert!(matches!(other, Err(StoreError::NotAllowed { .. })));
        // Except the subject itself, which `cosign copy` 3.1.2 leaves there.
        assert!(with_entries(Some(&image), &[entry("1")], image.digest(), &"list").is_ok());
    }
}
