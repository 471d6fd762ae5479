//! A store of whichever kind a name asks for.

use countersign_core::Digest;

use crate::archive::Archive;
use crate::blob::{BlobStream, Upload, Uploaded};
use crate::error::StoreError;
use crate::layout::Layout;
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Repository};
use crate::registry::Registry;
use crate::saving::Saving;
use crate::store::{Condition, Expected, Glance, Replacement, Store};

/// A store of whichever kind a name asks for.
#[derive(Clone)]
#[non_exhaustive]
pub enum AnyStore {
    /// A registry.
    Registry(Registry),
    /// A layout in a folder.
    Layout(Layout),
    /// A layout in a tar file.
    Archive(Archive),
    /// A layout that is being made.
    Saving(Saving),
}

/// Calls a method of whichever store it is.
macro_rules! delegate {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Registry($store) => $call.await,
            Self::Layout($store) => $call.await,
            Self::Archive($store) => $call.await,
            Self::Saving($store) => $call.await,
        }
    };
}

impl Store for AnyStore {
    async fn resolve(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        delegate!(self, store => store.resolve(reference))
    }

    async fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        delegate!(self, store => store.manifest(reference))
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        delegate!(self, store => store.blob(repository, digest, size))
    }

    async fn describe(&self, reference: &Reference) -> Result<Option<Descriptor>, StoreError> {
        delegate!(self, store => store.describe(reference))
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, StoreError> {
        delegate!(self, store => store.has_blob(repository, digest))
    }

    async fn referrers(&self, repository: &Repository, digest: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        delegate!(self, store => store.referrers(repository, digest))
    }

    async fn push_blob(&self, repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        delegate!(self, store => store.push_blob(repository, upload))
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<(), StoreError> {
        delegate!(self, store => store.push_manifest(reference, manifest, condition))
    }

    async fn push_manifests(
        &self,
        repository: &Repository,
        manifests: &[(&Digest, &Manifest)],
    ) -> Result<(), StoreError> {
        delegate!(self, store => store.push_manifests(repository, manifests))
    }

    async fn replace(
        &self,
        tag: &Reference,
        manifest: &Manifest,
        condition: Condition,
    ) -> Result<Replacement, StoreError> {
        delegate!(self, store => store.replace(tag, manifest, condition))
    }

    async fn expect(&self, expected: Expected<'_>) {
        delegate!(self, store => store.expect(expected));
    }

    fn glance(&self, tag: &Reference) -> Option<Glance> {
        match self {
            Self::Registry(store) => store.glance(tag),
            Self::Layout(store) => store.glance(tag),
            Self::Archive(store) => store.glance(tag),
            Self::Saving(store) => store.glance(tag),
        }
    }

    async fn remove_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        referrer: &Digest,
    ) -> Result<(), StoreError> {
        delegate!(self, store => store.remove_referrer(repository, subject, referrer))
    }
}
