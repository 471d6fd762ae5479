//! Changing `index.json` without losing what other tools wrote in it.

mod names;

use std::collections::BTreeMap;

use countersign_core::Digest;
use serde_json::value::RawValue;

use crate::error::StoreError;
use crate::layout::SavedRole;
use crate::layout::contents::{ENTRY_LIMIT, INDEX_FILE, Index, KIND, REF_NAME};
use crate::manifest::Descriptor;

use names::{Names, has_name, names_of, renamed};

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

    /// Enters an image with all that belongs to it, in the place of what was saved before. Entries of other tools stay,
    /// without the names of new ones; what has no name and is entered anew goes.
    pub(crate) fn save_all(&mut self, entries: Vec<Descriptor>) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        for (raw, other) in self.raw.drain(..).zip(self.index.entries()) {
            let is_new = |key: &str, value: &String| {
                key == REF_NAME
                    && entries
                        .iter()
                        .any(|entry| entry.annotations.get(REF_NAME) == Some(value))
            };
            let lost: Names = names_of(other).filter(|(key, value)| is_new(key, value)).collect();
            let is_named = names_of(other).count() > lost.len();
            let is_entered = entries.iter().any(|entry| entry.digest == other.digest);
            if other.annotations.contains_key(KIND) || !is_named && (is_entered || !lost.is_empty()) {
                continue;
            }
            kept.push(match lost.is_empty() {
                true => raw,
                false => renamed(&raw, &lost, &Names::new(), &self.place)?,
            });
        }
        self.raw = kept;
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
        let lost = Names::from([(REF_NAME, tag.to_owned())]);
        let mut is_found = false;
        for (raw, entry) in self.raw.iter_mut().zip(self.index.entries()) {
            if has_name(entry, REF_NAME, tag) {
                *raw = renamed(raw, &lost, &Names::new(), &self.place)?;
                is_found = true;
            }
        }
        if !is_found {
            return Err(StoreError::NotFound {
                what: format!("{}: {tag}", self.place),
            });
        }
        Ok(())
    }

    /// The entries that have this tag.
    pub(super) fn tagged(&self, tag: &str) -> Vec<Descriptor> {
        let entries = self.index.entries().iter();
        entries
            .filter(|entry| has_name(entry, REF_NAME, tag))
            .cloned()
            .collect()
    }

    /// Puts a manifest in the place of another, with all that is said of that.
    pub(super) fn replace(&mut self, old: &Descriptor, new: &Descriptor) -> Result<(), StoreError> {
        let new = Descriptor {
            annotations: old.annotations.clone(),
            ..new.clone()
        };
        for (raw, entry) in self.raw.iter_mut().zip(self.index.entries()) {
            if entry == old {
                *raw = serialise(&new, &self.place)?;
            }
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
        self.append_raw(serialise(entry, &self.place)?)
    }

    fn append_raw(&mut self, entry: Box<RawValue>) -> Result<(), StoreError> {
        if self.raw.len() >= ENTRY_LIMIT {
            return Err(StoreError::TooLarge {
                what: format!("{}: {INDEX_FILE}", self.place),
                limit: format!("{ENTRY_LIMIT} entries"),
            });
        }
        self.raw.push(entry);
        Ok(())
    }
}

fn serialise(entry: &Descriptor, place: &str) -> Result<Box<RawValue>, StoreError> {
    serde_json::value::to_raw_value(entry).map_err(|error| StoreError::Malformed {
        what: format!("{place}: {INDEX_FILE}"),
        reason: error.to_string(),
    })
}

const MANIFESTS: &str = "manifests";
