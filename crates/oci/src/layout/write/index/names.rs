//! The names of entries, and how one moves from an entry to another.
//!
//! An entry has a name for each of three readers: its tag, or the full name that some tools write in its place; the full
//! name that containerd reads; the kind that cosign reads. A tag that is written moves in every spelling that stands
//! for it, and takes no other name along.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::Editor;
use crate::error::StoreError;
use crate::layout::contents::{IMAGE_NAME, INDEX_FILE, KIND, REF_NAME};
use crate::manifest::Descriptor;
use crate::reference::Reference;
use crate::store::Condition;

/// Annotations that name an entry.
pub(super) type Names = BTreeMap<&'static str, String>;

impl Editor {
    /// Points a tag at `entry`, where `condition` holds. No other entry has the tag afterwards; what other names an
    /// entry has stay with it.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where the condition does not hold.
    pub(in crate::layout::write) fn tag(
        &mut self,
        reference: &Reference,
        tag: &str,
        entry: &Descriptor,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        let current = self.current(reference, tag, condition)?;
        let spellings = self.spellings(reference, tag, current.as_ref());
        let mut wanted = vec![(REF_NAME, tag.to_owned())];
        let mut had = Vec::new();
        let mut kept = Vec::new();
        for (raw, other) in self.raw.drain(..).zip(self.index.entries()) {
            let held = spellings.iter().filter(|(key, value)| has_name(other, key, value));
            let held: Vec<_> = held.cloned().collect();
            let is_first = held.iter().any(|name| !had.contains(name));
            if held.is_empty() || other.digest == entry.digest && is_first {
                had.extend(held);
                kept.push((raw, other));
                continue;
            }
            if names_of(other).count() > held.len() {
                let lost = held.iter().cloned().collect();
                kept.push((renamed(&raw, &lost, &Names::new(), &self.place)?, other));
            }
            wanted.extend(held);
        }
        wanted.retain(|name| !had.contains(name));
        let mut bare = match wanted.is_empty() {
            true => None,
            false => take_bare(&mut kept, entry),
        };
        self.raw = kept.into_iter().map(|(raw, _)| raw).collect();
        while !wanted.is_empty() {
            let names = take_one_of_each(&mut wanted);
            match bare.take() {
                Some(raw) => self.append_raw(renamed(&raw, &Names::new(), &names, &self.place)?)?,
                None => self.append(&Descriptor {
                    annotations: names.into_iter().map(|(key, name)| (key.to_owned(), name)).collect(),
                    ..entry.clone()
                })?,
            }
        }
        Ok(())
    }

    /// What the tag names now, where the condition allows that it is replaced. Whoever replaces anything may also end a
    /// doubt about what it names.
    fn current(
        &self,
        reference: &Reference,
        tag: &str,
        condition: &Condition,
    ) -> Result<Option<Descriptor>, StoreError> {
        let current = match (self.index.find(reference, tag), condition) {
            (Err(StoreError::Ambiguous { .. }), Condition::Always) => None,
            (current, _) => current?,
        };
        let holds = match condition {
            Condition::Always => true,
            Condition::Unchanged(digest) => current.is_some_and(|current| current.digest == *digest),
            Condition::Absent => current.is_none(),
        };
        match holds {
            true => Ok(current.cloned()),
            false => Err(StoreError::Changed {
                what: reference.to_string(),
            }),
        }
    }

    /// Every annotation that stands for the tag. The kind that `cosign save` gives does where it says the same as the
    /// tag, so that cosign finds what is written now.
    fn spellings(&self, reference: &Reference, tag: &str, current: Option<&Descriptor>) -> Vec<(&'static str, String)> {
        let full_name = reference.to_string();
        let mut spellings = vec![
            (REF_NAME, tag.to_owned()),
            (REF_NAME, full_name.clone()),
            (IMAGE_NAME, full_name),
        ];
        if let Ok(Some(saved)) = self.index.find_saved(tag)
            && current.is_none_or(|current| current.digest == saved.digest)
            && let Some(kind) = saved.annotations.get(KIND)
        {
            spellings.push((KIND, kind.clone()));
        }
        spellings
    }
}

/// Whether an entry has this name.
pub(super) fn has_name(entry: &Descriptor, key: &str, value: &str) -> bool {
    entry.annotations.get(key).is_some_and(|name| name == value)
}

/// The names of an entry.
pub(super) fn names_of(entry: &Descriptor) -> impl Iterator<Item = (&'static str, String)> {
    let name = |key| entry.annotations.get(key).map(|value| (key, value.clone()));
    [REF_NAME, IMAGE_NAME, KIND].into_iter().filter_map(name)
}

/// An entry that has lost and gained names; all else that it says stays, also what is not known here.
pub(super) fn renamed(raw: &RawValue, lost: &Names, gained: &Names, place: &str) -> Result<Box<RawValue>, StoreError> {
    let malformed = |error: serde_json::Error| StoreError::Malformed {
        what: format!("{place}: {INDEX_FILE}"),
        reason: error.to_string(),
    };
    let mut entry: Map<String, Value> = serde_json::from_str(raw.get()).map_err(malformed)?;
    let mut annotations = match entry.remove(ANNOTATIONS) {
        Some(Value::Object(annotations)) => annotations,
        _ => Map::new(),
    };
    annotations.retain(|key, _| !lost.contains_key(key.as_str()));
    annotations.extend(
        gained
            .iter()
            .map(|(key, name)| ((*key).to_owned(), Value::from(name.as_str()))),
    );
    if !annotations.is_empty() {
        entry.insert(ANNOTATIONS.to_owned(), Value::Object(annotations));
    }
    to_raw_value(&entry).map_err(malformed)
}

/// Takes the entry that lists the same manifest without a name.
fn take_bare(kept: &mut Vec<(Box<RawValue>, &Descriptor)>, entry: &Descriptor) -> Option<Box<RawValue>> {
    let is_bare = |other: &Descriptor| other.digest == entry.digest && names_of(other).next().is_none();
    let place = kept.iter().position(|(_, other)| is_bare(other))?;
    Some(kept.remove(place).0)
}

/// Takes names that fit on one entry.
fn take_one_of_each(names: &mut Vec<(&'static str, String)>) -> Names {
    let mut taken = Names::new();
    names.retain(|(key, value)| match taken.get(key) {
        Some(other) => other != value,
        None => {
            taken.insert(*key, value.clone());
            false
        }
    });
    taken
}

const ANNOTATIONS: &str = "annotations";
