//! Changing `index.json` without losing what other tools wrote in it.

use std::collections::BTreeMap;

use countersign_core::Digest;
use serde_json::value::RawValue;

use crate::error::StoreError;
use crate::layout::SavedRole;
use crate::layout::contents::{ENTRY_LIMIT, IMAGE_NAME, INDEX_FILE, Index, KIND, REF_NAME};
use crate::manifest::Descriptor;
use crate::reference::Reference;
use crate::store::Condition;

/// An `index.json` being changed; members and entries that are not touched keep their exact text.
pub(crate) struct Editor {
    members: BTreeMap<String, Box<RawValue>>,
    raw: Vec<Box<RawValue>>,
    index: Index,
    place: String,
}

impl Editor {
    /// Reads the bytes of an `index.json` in `place`.
    pub(crate) fn parse(bytes: &[u8], place: &str) -> Result<Self, StoreError> {
        let index = Index::parse(bytes, place)?;
        let malformed = |error: serde_json::Error| StoreError::Malformed {
            what: format!("{place}: {INDEX_FILE}"),
            reason: error.to_string(),
        };
        let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes).map_err(malformed)?;
        let raw = match members.remove(MANIFESTS) {
            Some(list) => serde_json::from_str::<Option<_>>(list.get()).map_err(malformed)?,
            None => None,
        }
        .unwrap_or_else(Vec::new);
        Ok(Self {
            members,
            raw,
            index,
            place: place.to_owned(),
        })
    }

    /// Points a tag at `entry`, where `condition` holds.
    ///
    /// An entry that `cosign save` wrote keeps its kind, so that cosign finds it again.
    pub(super) fn tag(
        &mut self,
        reference: &Reference,
        tag: &str,
        mut entry: Descriptor,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        let current = self.index.find(reference, tag)?.cloned();
        let holds = match condition {
            Condition::Always => true,
            Condition::Unchanged(digest) => current.as_ref().is_some_and(|current| current.digest == *digest),
            Condition::Absent => current.is_none(),
        };
        if !holds {
            return Err(StoreError::Changed {
                what: reference.to_string(),
            });
        }
        let mut keep = vec![true; self.raw.len()];
        for (keep, other) in keep.iter_mut().zip(self.index.entries()) {
            let is_named = NAMES.iter().any(|name| other.annotations.contains_key(*name));
            let is_tagged = other.annotations.get(REF_NAME).is_some_and(|name| name == tag)
                && !other.annotations.contains_key(IMAGE_NAME);
            let is_replaced = is_tagged || current.as_ref() == Some(other);
            *keep = !is_replaced && (is_named || other.digest != entry.digest);
        }
        entry.annotations = current.map(|current| current.annotations).unwrap_or_default();
        entry.annotations.retain(|key, _| NAMES.contains(&&**key));
        if !entry.annotations.contains_key(KIND) && !entry.annotations.contains_key(IMAGE_NAME) {
            entry.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
        }
        let mut keep = keep.into_iter();
        self.raw.retain(|_| keep.next().unwrap_or(true));
        self.append(&entry)
    }

    /// Enters what `cosign save` stores, in the place of what was saved before in the same role; an image also takes
    /// the place of what belonged to the one before.
    pub(super) fn save(&mut self, entry: Descriptor, role: SavedRole) -> Result<(), StoreError> {
        let is_replaced = |other: &Descriptor| match other.annotations.get(KIND) {
            Some(kind) => role == SavedRole::Image || Some(kind) == entry.annotations.get(KIND),
            None => false,
        };
        let mut keep = self.index.entries().iter().map(|other| !is_replaced(other));
        self.raw.retain(|_| keep.next().unwrap_or(true));
        self.append(&entry)
    }

    /// Enters an image with all that belongs to it, in the place of what was saved before; entries of other tools stay,
    /// unless they have the name or the digest of a new one.
    pub(crate) fn save_all(&mut self, entries: Vec<Descriptor>) -> Result<(), StoreError> {
        let is_replaced = |other: &Descriptor| {
            let name = other.annotations.get(REF_NAME);
            other.annotations.contains_key(KIND)
                || entries.iter().any(|entry| {
                    entry.digest == other.digest || name.is_some() && entry.annotations.get(REF_NAME) == name
                })
        };
        let mut keep = self.index.entries().iter().map(|other| !is_replaced(other));
        self.raw.retain(|_| keep.next().unwrap_or(true));
        entries.iter().try_for_each(|entry| self.append(entry))
    }

    /// Adds an entry without a tag, where the manifest is not listed yet.
    pub(super) fn add(&mut self, entry: Descriptor) -> Result<(), StoreError> {
        if self.index.entries().iter().any(|other| other.digest == entry.digest) {
            return Ok(());
        }
        self.append(&entry)
    }

    /// Takes every entry for a manifest away.
    pub(super) fn remove(&mut self, digest: &Digest) {
        let mut keep = self.index.entries().iter().map(|other| other.digest != *digest);
        self.raw.retain(|_| keep.next().unwrap_or(true));
    }

    /// Takes a tag away and leaves the manifest listed.
    pub(super) fn untag(&mut self, tag: &str) -> Result<(), StoreError> {
        let is_tagged = |entry: &Descriptor| entry.annotations.get(REF_NAME).is_some_and(|name| name == tag);
        let mut found = Vec::new();
        for (raw, entry) in self.raw.iter_mut().zip(self.index.entries()) {
            if is_tagged(entry) {
                let mut bare = entry.clone();
                bare.annotations.remove(REF_NAME);
                *raw = serialise(&bare, &self.place)?;
                found.push(bare.digest);
            }
        }
        if found.is_empty() {
            return Err(StoreError::NotFound {
                what: format!("{}: {tag}", self.place),
            });
        }
        Ok(())
    }

    /// The whole index as JSON.
    pub(crate) fn to_json(&self) -> Result<String, StoreError> {
        let mut text = String::from("{");
        let first = ["schemaVersion", "mediaType", "artifactType"];
        let rest = self
            .members
            .keys()
            .map(String::as_str)
            .filter(|key| !first.contains(key));
        for key in first.into_iter().chain(rest) {
            if let Some(value) = self.members.get(key) {
                let key = serde_json::Value::from(key);
                text.push_str(&format!("{key}:{},", value.get()));
            }
        }
        let entries: Vec<&str> = self.raw.iter().map(|entry| entry.get()).collect();
        text.push_str(&format!("\"{MANIFESTS}\":[{}]}}", entries.join(",")));
        Ok(text)
    }

    fn append(&mut self, entry: &Descriptor) -> Result<(), StoreError> {
        if self.raw.len() >= ENTRY_LIMIT {
            return Err(StoreError::TooLarge {
                what: format!("{}: {INDEX_FILE}", self.place),
                limit: format!("{ENTRY_LIMIT} entries"),
            });
        }
        self.raw.push(serialise(entry, &self.place)?);
        Ok(())
    }
}

fn serialise(entry: &Descriptor, place: &str) -> Result<Box<RawValue>, StoreError> {
    serde_json::value::to_raw_value(entry).map_err(|error| StoreError::Malformed {
        what: format!("{place}: {INDEX_FILE}"),
        reason: error.to_string(),
    })
}

/// The annotations that name an entry.
const NAMES: [&str; 3] = [REF_NAME, IMAGE_NAME, KIND];

const MANIFESTS: &str = "manifests";
