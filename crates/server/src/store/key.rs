//! Where each thing lives in the folder.

use std::path::{Path, PathBuf};

use countersign_core::Digest;

use crate::registry::name::{RepositoryName, Tag, UploadId};

/// A path below the store's folder, made only from names that were parsed, so that it cannot leave it.
#[derive(Clone, Debug)]
pub(crate) struct Key(PathBuf);

impl Key {
    /// The bytes that a digest names, shared by all repositories.
    pub(crate) fn content(digest: &Digest) -> Self {
        let hex = digest.hex();
        Self(PathBuf::from(format!(
            "blobs/{}/{}/{hex}",
            digest.algorithm().name(),
            hex.get(..2).unwrap_or(hex),
        )))
    }

    /// Says that a blob belongs to a repository; the file is empty.
    pub(crate) fn blob_link(name: &RepositoryName, digest: &Digest) -> Self {
        Self::in_repository(name, "_blobs", digest)
    }

    /// Says that a manifest belongs to a repository; the file holds its media type.
    pub(crate) fn manifest_link(name: &RepositoryName, digest: &Digest) -> Self {
        Self::in_repository(name, "_manifests", digest)
    }

    /// The manifests whose subject is `digest`: a descriptor a line.
    pub(crate) fn referrers(name: &RepositoryName, digest: &Digest) -> Self {
        Self::in_repository(name, "_referrers", digest)
    }

    /// The digest that a tag points at.
    pub(crate) fn tag(name: &RepositoryName, tag: &Tag) -> Self {
        Self(PathBuf::from(format!("repositories/{name}/_tags/{tag}")))
    }

    pub(crate) fn tags(name: &RepositoryName) -> Self {
        Self(PathBuf::from(format!("repositories/{name}/_tags")))
    }

    /// The bytes of an upload so far.
    pub(crate) fn upload(name: &RepositoryName, id: &UploadId) -> Self {
        Self(PathBuf::from(format!("repositories/{name}/_uploads/{id}")))
    }

    pub(crate) fn repository(name: &RepositoryName) -> Self {
        Self(PathBuf::from(format!("repositories/{name}")))
    }

    pub(crate) fn in_root(file: &'static str) -> Self {
        Self(PathBuf::from(file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn in_repository(name: &RepositoryName, kind: &str, digest: &Digest) -> Self {
        Self(PathBuf::from(format!(
            "repositories/{name}/{kind}/{}/{}",
            digest.algorithm().name(),
            digest.hex(),
        )))
    }
}
