//! The lists of what refers to a manifest.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use countersign_core::Digest;
use serde::{Deserialize, Serialize};

use super::folder::Batch;
use super::key::Key;
use super::{Store, StoreError};
use crate::registry::name::RepositoryName;

/// How a referrers list shows a manifest (distribution-spec, §listing referrers); members in the order Go writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
}

/// Why a manifest was not listed under its subject.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReferrersError {
    #[error("{subject} has {REFERRERS_LIMIT} referrers, the most that this registry keeps")]
    Count { subject: Digest },
    #[error(
        "the list of {subject}'s referrers would exceed {REFERRERS_BYTES_LIMIT} bytes, the most that this registry keeps"
    )]
    Size { subject: Digest },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A referrer as the list has it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) digest: Digest,
    pub(crate) artifact_type: Option<String>,
    /// The descriptor, as it was written.
    pub(crate) json: Bytes,
}

/// The lists of which every entry but the last was seen to have its manifest, since the process started.
///
/// Only a crash or an error leaves an entry without one. What this process does keeps the lists right, but for the
/// entry that it is about to add, the last one.
#[derive(Debug, Default)]
pub(super) struct CheckedLists(Mutex<HashSet<PathBuf>>);

impl CheckedLists {
    pub(super) fn forget(&self, key: &Key) {
        self.lists().remove(key.path());
    }

    fn remember(&self, key: &Key) {
        let mut lists = self.lists();
        if lists.len() >= CHECKED_LIMIT {
            lists.clear();
        }
        lists.insert(key.path().to_owned());
    }

    fn contains(&self, key: &Key) -> bool {
        self.lists().contains(key.path())
    }

    fn lists(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        // Each change to the set is one call, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Lists the manifests of the repository whose subject is `subject`, in no order.
    pub(crate) fn referrers(&self, name: &RepositoryName, subject: &Digest) -> Result<Vec<Listed>, StoreError> {
        let key = Key::referrers(name, subject);
        let mut listed = self.listed_referrers(&key)?;
        let unchecked = if self.checked.contains(&key) {
            listed.split_off(listed.len().saturating_sub(1))
        } else {
            std::mem::take(&mut listed)
        };
        let count = unchecked.len();
        for referrer in unchecked {
            if self.folder.size(&Key::manifest_link(name, &referrer.digest))?.is_some() {
                listed.push(referrer);
            }
        }
        if count > 1 && listed.len() == count {
            self.checked.remember(&key);
        }
        Ok(listed)
    }

    pub(super) fn add_referrer(
        &self,
        batch: &mut Batch<'_>,
        name: &RepositoryName,
        subject: &Digest,
        referrer: &Referrer,
    ) -> Result<(), ReferrersError> {
        let key = Key::referrers(name, subject);
        let mut list = self.folder.read(&key)?.unwrap_or_default();
        if self.has_entry(&key, &list, &referrer.digest)? {
            return Ok(());
        }
        if list.iter().filter(|byte| **byte == b'\n').count() >= REFERRERS_LIMIT {
            return Err(ReferrersError::Count {
                subject: subject.clone(),
            });
        }
        push_line(&mut list, referrer);
        if list.len() > REFERRERS_BYTES_LIMIT {
            return Err(ReferrersError::Size {
                subject: subject.clone(),
            });
        }
        Ok(batch.write(&key, &list)?)
    }

    pub(super) fn remove_referrer(
        &self,
        batch: &mut Batch<'_>,
        name: &RepositoryName,
        subject: &Digest,
        digest: &Digest,
    ) -> Result<(), StoreError> {
        let key = Key::referrers(name, subject);
        let mut listed = self.listed_referrers(&key)?;
        let before = listed.len();
        listed.retain(|referrer| referrer.digest != *digest);
        if listed.is_empty() {
            batch.remove(&key);
        } else if listed.len() < before {
            let lines: Vec<&[u8]> = listed.iter().flat_map(|referrer| [&*referrer.json, b"\n"]).collect();
            batch.write(&key, &lines.concat())?;
        }
        Ok(())
    }

    fn listed_referrers(&self, key: &Key) -> Result<Vec<Listed>, StoreError> {
        match self.folder.read(key)? {
            Some(list) => self.parse(key, &list.into()),
            None => Ok(Vec::new()),
        }
    }

    /// Most lists are read to learn that something new is not in them: a digest that is nowhere in the bytes is in no
    /// entry.
    fn has_entry(&self, key: &Key, list: &[u8], digest: &Digest) -> Result<bool, StoreError> {
        let text = std::str::from_utf8(list).map_err(|_| self.corrupt(key))?;
        if !text.contains(digest.as_str()) {
            return Ok(false);
        }
        let listed = self.parse(key, &Bytes::copy_from_slice(list))?;
        Ok(listed.iter().any(|listed| listed.digest == *digest))
    }

    fn parse(&self, key: &Key, list: &Bytes) -> Result<Vec<Listed>, StoreError> {
        let lines = list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let entry: Entry = serde_json::from_slice(line).map_err(|_| self.corrupt(key))?;
                Ok(Listed {
                    digest: entry.digest,
                    artifact_type: entry.artifact_type,
                    json: list.slice_ref(line),
                })
            })
            .collect()
    }

    fn corrupt(&self, key: &Key) -> StoreError {
        StoreError::Corrupt {
            path: self.folder.path(key),
            what: "a referrers list must hold a descriptor a line",
        }
    }
}

/// What must be known of an entry to list it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    digest: Digest,
    artifact_type: Option<String>,
}

fn push_line(list: &mut Vec<u8>, referrer: &Referrer) {
    serde_json::to_writer(&mut *list, referrer).expect("a descriptor of strings and numbers has a JSON form");
    list.push(b'\n');
}

/// The most referrers a subject may have: each push rewrites the list.
pub(crate) const REFERRERS_LIMIT: usize = 10_000;
/// The most bytes a subject's list may have.
const REFERRERS_BYTES_LIMIT: usize = 16 * 1024 * 1024;
/// How many lists are remembered as right.
const CHECKED_LIMIT: usize = 10_000;
