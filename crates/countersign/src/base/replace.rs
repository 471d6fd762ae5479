//! Images that are written anew: their indexes too, and the name last.

use countersign_core::Digest;
use countersign_core::json_object::JsonObject;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::store::Condition;
use countersign_oci::{Pinned, Store, StoreError};
use serde_json::value::RawValue;

use super::BaseError;
use super::marked::{raw, unmarkable, written};
use crate::sign::{DEPTH_LIMIT, Subject, beneath};

/// Manifests that take the place of others, each after those that it names.
#[derive(Clone, Debug, Default)]
pub struct Changed(Vec<(Digest, Manifest)>);

impl Changed {
    /// Adds what takes the place of the manifest with the digest `old`.
    pub fn add(&mut self, old: Digest, new: Manifest) {
        self.0.push((old, new));
    }

    /// Says whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, old: &Digest) -> Option<&Manifest> {
        let mut all = self.0.iter();
        all.find(|(known, _)| known == old).map(|(_, new)| new)
    }
}

/// Stores `changed` manifests in the place of the old ones: what `subject` names, an image or an index with images in it, is written
/// anew under the same name. Returns that by its new digest.
///
/// # Errors
/// [`BaseError::Store`], with [`StoreError::Changed`] where another has given the name to something else meanwhile.
pub async fn rewrite<S: Store>(subject: &Subject, changed: &Changed, store: &S) -> Result<Pinned, BaseError> {
    let image = &subject.image;
    if changed.is_empty() {
        return Ok(image.clone());
    }
    let failed = BaseError::store(image);
    let root = match changed.of(image.digest()) {
        Some(manifest) => manifest.clone(),
        None => {
            let below = beneath(store, subject).await.map_err(&failed)?;
            let mut all = changed.clone();
            let root = index_with(subject, &below, &mut all, 0)?;
            let Some(root) = root else {
                return Ok(image.clone());
            };
            // what an index names is there before the index
            for (_, part) in &all.0 {
                let by_digest = image.repository().digest(part.digest().clone());
                let pushed = store.push_manifest(&by_digest, part, Condition::Always).await;
                pushed.map_err(&failed)?;
            }
            root
        }
    };
    name(subject, &root, store).await.map_err(&failed)?;
    let digest = root.digest().clone();
    Ok(image.name().clone().pin(digest))
}

/// Gives the name to the new manifest, where it is still that of the old one.
async fn name<S: Store>(subject: &Subject, root: &Manifest, store: &S) -> Result<(), StoreError> {
    let image = &subject.image;
    let by_digest = image.repository().digest(root.digest().clone());
    if image.name().digest().is_some() {
        return store.push_manifest(&by_digest, root, Condition::Always).await;
    }
    let changed = || StoreError::Changed {
        what: image.name().to_string(),
    };
    let before = store.describe(image.name()).await?;
    if before.is_none_or(|now| now.digest != *image.digest()) {
        return Err(changed());
    }
    let unchanged = Condition::Unchanged(image.digest().clone());
    store.push_manifest(image.name(), root, unchanged).await?;
    let after = store.describe(image.name()).await?;
    match after.is_some_and(|now| now.digest == *root.digest()) {
        true => Ok(()),
        false => Err(changed()),
    }
}

/// The index with the new digests of what was changed in it, which is added to what was changed; nothing where nothing was.
fn index_with(
    index: &Subject,
    below: &[Subject],
    changed: &mut Changed,
    depth: usize,
) -> Result<Option<Manifest>, BaseError> {
    if depth > DEPTH_LIMIT {
        return Err(unmarkable(index, "indexes are nested too deep"));
    }
    for entry in index.manifest.manifests() {
        let nested = below.iter().find(|one| *one.image.digest() == entry.digest);
        let Some(nested) = nested.filter(|one| one.manifest.is_index() && changed.of(&entry.digest).is_none()) else {
            continue;
        };
        if let Some(new) = index_with(nested, below, changed, depth + 1)? {
            changed.add(entry.digest.clone(), new);
        }
    }
    let malformed = |error: serde_json::Error| unmarkable(index, &error.to_string());
    let mut object = JsonObject::parse(index.manifest.bytes()).map_err(malformed)?;
    let listed = object
        .get("manifests")
        .map(|listed| listed.get().to_owned())
        .unwrap_or_default();
    let entries: Vec<&RawValue> = serde_json::from_str(&listed).map_err(malformed)?;
    let mut all: Vec<Box<RawValue>> = Vec::with_capacity(entries.len());
    let mut is_changed = false;
    for (entry, described) in entries.iter().zip(index.manifest.manifests()) {
        let new = entry_with(entry, described, changed).map_err(malformed)?;
        if new.is_some() && described.data.is_some() {
            return Err(unmarkable(index, "it holds the manifest of an image"));
        }
        is_changed |= new.is_some();
        all.push(new.unwrap_or_else(|| (*entry).to_owned()));
    }
    if !is_changed {
        return Ok(None);
    }
    object.set("manifests", raw(&all));
    let new = Manifest::parse(object.to_json().into(), index.manifest.media_type());
    new.map(Some).map_err(BaseError::store(&index.image))
}

/// An entry of an index with the digest of what was changed; nothing where it stays as it is.
fn entry_with(
    entry: &RawValue,
    described: &Descriptor,
    changed: &Changed,
) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    let named = described.annotations.get(REFERENCE_DIGEST);
    let named = named.and_then(|text| text.parse::<Digest>().ok());
    let (own, named) = (
        changed.of(&described.digest),
        named.and_then(|named| changed.of(&named)),
    );
    if own.is_none() && named.is_none() {
        return Ok(None);
    }
    let mut entry = JsonObject::parse(entry.get().as_bytes())?;
    if let Some(new) = own {
        entry.set("digest", raw(new.digest()));
        entry.set("size", raw(&new.bytes().len()));
    }
    if let Some(new) = named {
        let mut annotations = described.annotations.clone();
        annotations.insert(REFERENCE_DIGEST.to_owned(), new.digest().to_string());
        entry.set("annotations", raw(&annotations));
    }
    Ok(Some(written(&entry)))
}

/// The annotation by which BuildKit says of which image something was kept.
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
