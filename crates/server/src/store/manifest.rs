//! Manifests and the tags that point at them.

use bytes::Bytes;
use countersign_core::Digest;

use super::key::Key;
use super::referrers::{Referrer, ReferrersError};
use super::{Store, StoreError};
use crate::registry::name::{Reference, RepositoryName, Tag};

/// A manifest as it is stored.
#[derive(Debug)]
pub(crate) struct StoredManifest {
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// A manifest to be stored.
#[derive(Debug)]
pub(crate) struct ManifestWrite {
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
    /// The tags that are to point at it.
    pub(crate) tags: Vec<Tag>,
    /// The subject, and how a referrers list shows this manifest.
    pub(crate) refers: Option<(Digest, Referrer)>,
    /// What must belong to the repository already.
    pub(crate) needs: Vec<Digest>,
    /// What must hold of the resource that the client named.
    pub(crate) condition: Condition,
    /// That resource.
    pub(crate) target: Reference,
}

/// What must hold for a manifest or tag to be changed (RFC 9110 §13.1.1 and §13.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Always,
    /// It points at one of these; none given means at anything (`If-Match`).
    Matches(Vec<Digest>),
    /// It points at none of these; none given means it does not exist (`If-None-Match`).
    Differs(Vec<Digest>),
}

impl Condition {
    fn holds(&self, current: Option<&Digest>) -> bool {
        match (self, current) {
            (Self::Always, _) | (Self::Differs(_), None) => true,
            (Self::Matches(_), None) => false,
            (Self::Matches(wanted), Some(current)) => wanted.is_empty() || wanted.contains(current),
            (Self::Differs(unwanted), Some(current)) => !unwanted.is_empty() && !unwanted.contains(current),
        }
    }
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Made,
    NotFound,
}

/// Why a manifest or tag was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error("the resource is at {}, which the request's condition excludes", shown(current.as_ref()))]
    Condition { current: Option<Digest> },
    #[error("the manifest needs {digest}, which is not in the repository")]
    Needs { digest: Digest },
    #[error(transparent)]
    Referrers(#[from] ReferrersError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Tells which manifest of the repository a reference names.
    pub(crate) fn resolve(&self, name: &RepositoryName, reference: &Reference) -> Result<Option<Digest>, StoreError> {
        let digest = match reference {
            Reference::Digest(digest) => Some(digest.clone()),
            Reference::Tag(tag) => self.tag(name, tag)?,
        };
        match digest {
            Some(digest) if self.folder.size(&Key::manifest_link(name, &digest))?.is_some() => Ok(Some(digest)),
            _ => Ok(None),
        }
    }

    /// Reads a manifest of a repository.
    pub(crate) fn manifest(
        &self,
        name: &RepositoryName,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        let tagged;
        let digest = match reference {
            Reference::Digest(digest) => digest,
            Reference::Tag(tag) => match self.tag(name, tag)? {
                Some(digest) => {
                    tagged = digest;
                    &tagged
                }
                None => return Ok(None),
            },
        };
        let link = Key::manifest_link(name, digest);
        let Some(media_type) = self.folder.read(&link)? else {
            return Ok(None);
        };
        let media_type = String::from_utf8(media_type).map_err(|_| StoreError::Corrupt {
            path: self.folder.path(&link),
            what: "a manifest's link must hold its media type",
        })?;
        let bytes = self.folder.read(&Key::content(digest))?;
        Ok(bytes.map(|bytes| StoredManifest {
            digest: digest.clone(),
            media_type,
            bytes: bytes.into(),
        }))
    }

    /// Stores a manifest, lists it under its subject and points its tags at it.
    ///
    /// The link is written after the entry in the subject's list, which readers ignore without it: a manifest that can
    /// be fetched is always listed.
    pub(crate) fn write_manifest(&self, name: &RepositoryName, write: &ManifestWrite) -> Result<(), ChangeError> {
        let _lock = self.lock(name);
        self.check(name, &write.target, &write.condition)?;
        for needed in &write.needs {
            if self.blob_size(name, needed)?.is_none()
                && self.resolve(name, &Reference::Digest(needed.clone()))?.is_none()
            {
                return Err(ChangeError::Needs { digest: needed.clone() });
            }
        }
        let mut batch = self.folder.batch();
        let content = Key::content(&write.digest);
        if self.folder.size(&content)? != Some(write.bytes.len() as u64) {
            batch.write(&content, &write.bytes)?;
        }
        if let Some((subject, referrer)) = &write.refers {
            self.add_referrer(&mut batch, name, subject, referrer)?;
        }
        let link = Key::manifest_link(name, &write.digest);
        batch.write(&link, write.media_type.as_bytes())?;
        for tag in &write.tags {
            batch.write(&Key::tag(name, tag), write.digest.as_str().as_bytes())?;
        }
        let outcome = batch.commit();
        if let (Err(_), Some((subject, _))) = (&outcome, &write.refers) {
            self.checked.forget(&Key::referrers(name, subject));
        }
        Ok(outcome?)
    }

    /// Removes a tag.
    pub(crate) fn remove_tag(
        &self,
        name: &RepositoryName,
        tag: &Tag,
        condition: &Condition,
    ) -> Result<Change, ChangeError> {
        let _lock = self.lock(name);
        self.check(name, &Reference::Tag(tag.clone()), condition)?;
        let key = Key::tag(name, tag);
        if self.folder.size(&key)?.is_none() {
            return Ok(Change::NotFound);
        }
        let mut batch = self.folder.batch();
        batch.remove(&key);
        batch.commit()?;
        Ok(Change::Made)
    }

    /// Removes a manifest from a repository, with the tags that point at it and its entry under its subject.
    pub(crate) fn remove_manifest(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        subject: Option<&Digest>,
        condition: &Condition,
    ) -> Result<Change, ChangeError> {
        let _lock = self.lock(name);
        self.check(name, &Reference::Digest(digest.clone()), condition)?;
        let link = Key::manifest_link(name, digest);
        if self.folder.size(&link)?.is_none() {
            return Ok(Change::NotFound);
        }
        let mut batch = self.folder.batch();
        for tag in self.tags(name)? {
            if self.tag(name, &tag)?.as_ref() == Some(digest) {
                batch.remove(&Key::tag(name, &tag));
            }
        }
        batch.remove(&link);
        if let Some(subject) = subject {
            self.remove_referrer(&mut batch, name, subject, digest)?;
        }
        let outcome = batch.commit();
        if let (Err(_), Some(subject)) = (&outcome, subject) {
            self.checked.forget(&Key::referrers(name, subject));
        }
        outcome?;
        Ok(Change::Made)
    }

    fn check(&self, name: &RepositoryName, target: &Reference, condition: &Condition) -> Result<(), ChangeError> {
        if *condition == Condition::Always {
            return Ok(());
        }
        let current = self.resolve(name, target)?;
        if condition.holds(current.as_ref()) {
            Ok(())
        } else {
            Err(ChangeError::Condition { current })
        }
    }
}

fn shown(current: Option<&Digest>) -> &str {
    current.map_or("nothing", Digest::as_str)
}
