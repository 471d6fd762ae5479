//! Which manifests of a layout refer to another one.
//!
//! A layout has no list of referrers, and `cosign save` leaves them in the blobs without listing them in
//! `index.json`, so the blobs are searched; what was found in a blob is remembered.

use std::collections::HashSet;

use bytes::Bytes;
use countersign_core::Digest;
use serde::Deserialize;

use crate::error::StoreError;
use crate::layout::contents::{Contents, REF_NAME};
use crate::layout::files::Section;
use crate::manifest::{Descriptor, Manifest};
use crate::referrer_list;

/// A manifest with a subject.
#[derive(Clone)]
pub(crate) struct Scanned {
    subject: Digest,
    descriptor: Descriptor,
}

/// The one member that is looked for in a blob before it is taken for a manifest.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    subject: Option<serde::de::IgnoredAny>,
}

impl Contents {
    /// Lists the manifests whose subject is `digest`: first those of `index.json`, then those that only the fallback
    /// tag lists, then those that are only among the blobs (distribution-spec §listing referrers).
    pub(crate) fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let index = self.index()?;
        let blobs = self.files().blobs()?;
        let present: HashSet<&Digest> = blobs.iter().collect();
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let listed = index
            .entries()
            .iter()
            .map(|entry| &entry.digest)
            .filter(|digest| present.contains(digest));
        for candidate in listed.chain(&blobs) {
            if let Some(scanned) = self.scan(candidate)?
                && scanned.subject == *digest
                && seen.insert(candidate.clone())
            {
                found.push(scanned.descriptor);
            }
        }
        for entry in self.fallback(digest)? {
            // An entry whose manifest is not here is kept, so that its absence shows when it is read.
            if !present.contains(&entry.digest) && seen.insert(entry.digest.clone()) {
                found.push(entry);
            }
        }
        Ok(found)
    }

    /// The entries under the fallback tag; none where the tag is on something that is not an index.
    fn fallback(&self, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let tag = referrer_list::tag(digest);
        let index = self.index()?;
        let mut entries = Vec::new();
        for entry in index.entries() {
            if entry.annotations.get(REF_NAME) == Some(&tag) {
                entries.extend_from_slice(self.manifest_by_digest(&entry.digest, &entry.media_type)?.manifests());
            }
        }
        Ok(entries)
    }

    /// Looks into a blob: is it a manifest with a subject?
    pub(super) fn scan(&self, digest: &Digest) -> Result<Option<Scanned>, StoreError> {
        let known = self
            .scanned
            .lock()
            .ok()
            .and_then(|scanned| scanned.get(digest).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let found = match self.blob(digest) {
            Ok(section) => self.look(digest, section)?,
            // Another process removed it, or an index entry is for content that is elsewhere.
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Ok(mut scanned) = self.scanned.lock() {
            scanned.insert(digest.clone(), found.clone());
        }
        Ok(found)
    }

    fn look(&self, digest: &Digest, section: Section) -> Result<Option<Scanned>, StoreError> {
        if section.size() > Manifest::LIMIT as u64 || !section.begins_with(b'{')? {
            return Ok(None);
        }
        let bytes = section.read_whole()?;
        match serde_json::from_slice::<Probe>(&bytes) {
            Ok(probe) if probe.schema_version == 2 && probe.subject.is_some() => {}
            _ => return Ok(None),
        }
        self.take(digest, bytes).map(Some)
    }

    /// Takes a blob for the manifest that it says it is; from here on a fault is an error, or a damaged signature
    /// would look like none.
    fn take(&self, digest: &Digest, bytes: Bytes) -> Result<Scanned, StoreError> {
        let size = bytes.len() as u64;
        if !digest.matches(&bytes) {
            return Err(StoreError::DigestMismatch {
                what: self.name_of(digest),
                expected: digest.clone(),
                found: Digest::of(digest.algorithm(), &bytes),
            });
        }
        let manifest = Manifest::parse(bytes, "")?;
        let subject = manifest
            .content()
            .subject
            .as_ref()
            .ok_or_else(|| StoreError::Malformed {
                what: self.name_of(digest),
                reason: "its subject is not a descriptor".to_owned(),
            })?;
        Ok(Scanned {
            subject: subject.digest.clone(),
            descriptor: Descriptor {
                media_type: manifest.media_type().to_owned(),
                size,
                digest: digest.clone(),
                data: None,
                annotations: manifest.content().annotations.clone(),
                platform: None,
                artifact_type: manifest.artifact_type().map(ToOwned::to_owned),
            },
        })
    }
}
