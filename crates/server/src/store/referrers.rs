//! The lists of what refers to a manifest.

use std::collections::BTreeMap;

use countersign_core::Digest;
use serde::{Deserialize, Serialize};

use super::folder::Batch;
use super::key::Key;
use super::{Store, StoreError};
use crate::registry::name::RepositoryName;

/// How a referrers list shows a manifest (distribution-spec, §listing referrers); members in the order Go writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

impl Store {
    /// Lists the manifests of the repository whose subject is `subject`, in the order of their digests.
    pub(crate) fn referrers(&self, name: &RepositoryName, subject: &Digest) -> Result<Vec<Referrer>, StoreError> {
        let mut referrers = self.listed_referrers(name, subject)?;
        let mut outcome = Ok(());
        referrers.retain(
            |referrer| match self.folder.size(&Key::manifest_link(name, &referrer.digest)) {
                Ok(link) => link.is_some(),
                Err(error) => {
                    outcome = Err(error);
                    false
                }
            },
        );
        outcome?;
        referrers.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(referrers)
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
        let listed = self.parse(&key, &list)?;
        if listed.iter().any(|listed| listed.digest == referrer.digest) {
            return Ok(());
        }
        if listed.len() >= REFERRERS_LIMIT {
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
        let mut listed = self.listed_referrers(name, subject)?;
        let before = listed.len();
        listed.retain(|referrer| referrer.digest != *digest);
        if listed.len() == before {
            return Ok(());
        }
        let key = Key::referrers(name, subject);
        if listed.is_empty() {
            batch.remove(&key)?;
            return Ok(());
        }
        let mut list = Vec::new();
        for referrer in &listed {
            push_line(&mut list, referrer);
        }
        batch.write(&key, &list)
    }

    fn listed_referrers(&self, name: &RepositoryName, subject: &Digest) -> Result<Vec<Referrer>, StoreError> {
        let key = Key::referrers(name, subject);
        match self.folder.read(&key)? {
            Some(list) => self.parse(&key, &list),
            None => Ok(Vec::new()),
        }
    }

    fn parse(&self, key: &Key, list: &[u8]) -> Result<Vec<Referrer>, StoreError> {
        list.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(serde_json::from_slice)
            .collect::<Result<_, _>>()
            .map_err(|_| StoreError::Corrupt {
                path: self.folder.path(key),
                what: "a referrers list must hold a descriptor a line",
            })
    }
}

fn push_line(list: &mut Vec<u8>, referrer: &Referrer) {
    serde_json::to_writer(&mut *list, referrer).expect("a descriptor of strings and numbers has a JSON form");
    list.push(b'\n');
}

/// The most referrers a subject may have: each push rewrites the list.
pub(crate) const REFERRERS_LIMIT: usize = 10_000;
/// The most bytes a subject's list may have.
const REFERRERS_BYTES_LIMIT: usize = 16 * 1024 * 1024;
