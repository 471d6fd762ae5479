//! The set of a repository's tags as an artifact.

use countersign_core::go_json;
use countersign_core::tag::{SET_LIMIT, SET_TAG, TagSet, Unreadable};
use countersign_oci::append::{Merge, append};
use countersign_oci::manifest::{Descriptor, Manifest, ManifestContent};
use countersign_oci::reference::ReferenceError;
use countersign_oci::store::Condition;
use countersign_oci::{AnyStore, Pinned, Reference, Repository, Store, StoreError, Upload, media_type};

use crate::attachment::referrer::EMPTY;
use crate::sign::Subject;

/// The type of the artifact, and of its only layer.
pub const SET_TYPE: &str = "application/vnd.dev.cosign.tagset.v1+json";

/// A set as it is stored, *untrusted* until a statement of the tag `_tagset` says that it is the repository's.
#[derive(Debug)]
pub struct StoredSet {
    /// The artifact.
    pub image: Pinned,
    /// What it says.
    pub set: TagSet,
}

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The store says so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The name of the tag does not fit the store.
    #[error(transparent)]
    Name(#[from] ReferenceError),
    /// What is there is another artifact.
    #[error("{image} is no tag set: it is not an artifact of type {SET_TYPE} with one such layer")]
    OtherArtifact {
        /// The artifact.
        image: Pinned,
    },
    /// What is there cannot be read.
    #[error("{image} is no tag set")]
    Malformed {
        /// The artifact.
        image: Pinned,
        /// Why not.
        source: Unreadable,
    },
}

/// Fetches the set of a repository; none where the store says that there is none.
///
/// # Errors
/// [`SetError`].
pub async fn fetch_set(repository: &Repository, store: &AnyStore) -> Result<Option<StoredSet>, SetError> {
    let name = repository.tag(SET_TAG)?;
    let manifest = match store.manifest(&name).await {
        Ok(manifest) => manifest,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let image = name.pin(manifest.digest().clone());
    let layer = match manifest.layers() {
        [layer] if manifest.artifact_type() == Some(SET_TYPE) && layer.media_type == SET_TYPE => layer,
        _ => return Err(SetError::OtherArtifact { image }),
    };
    let blob = store.blob(repository, &layer.digest, Some(layer.size)).await?;
    let bytes = blob.read(SET_LIMIT).await?;
    match TagSet::parse(&bytes) {
        Ok(set) => Ok(Some(StoredSet { image, set })),
        Err(source) => Err(SetError::Malformed { image, source }),
    }
}

/// Stores a set under its digest only, so that it can be signed before the tag has it.
///
/// # Errors
/// [`StoreError`].
pub async fn push_set(repository: &Repository, set: &TagSet, store: &AnyStore) -> Result<Subject, StoreError> {
    let json = set.to_json();
    let content = ManifestContent {
        schema_version: 2,
        media_type: Some(media_type::OCI_MANIFEST.to_owned()),
        artifact_type: Some(SET_TYPE.to_owned()),
        config: Some(Descriptor::of(media_type::OCI_EMPTY, EMPTY)),
        layers: Some(vec![Descriptor::of(SET_TYPE, &json)]),
        ..ManifestContent::default()
    };
    let manifest = Manifest::parse(go_json::to_vec(&content).into(), media_type::OCI_MANIFEST)?;
    for blob in [Upload::bytes(EMPTY), Upload::bytes(json)] {
        store.push_blob(repository, &blob).await?;
    }
    let name = repository.digest(manifest.digest().clone());
    store.push_manifest(&name, &manifest, Condition::Always).await?;
    Ok(Subject {
        image: name.pin(manifest.digest().clone()),
        descriptor: manifest.descriptor(),
        manifest,
    })
}

/// Gives a set that is signed its tag, in the place of the one that had it, so that it stays; says whether it did, or another
/// set came in between.
///
/// # Errors
/// [`SetError`].
pub async fn place_set(
    repository: &Repository,
    subject: &Subject,
    before: Option<&Pinned>,
    store: &AnyStore,
) -> Result<bool, SetError> {
    let tag: Reference = repository.tag(SET_TAG)?;
    let merge = |current: Option<&Manifest>| {
        let found = current.map(Manifest::digest);
        if found == Some(subject.image.digest()) {
            return Ok(Merge::Present);
        }
        match found == before.map(Pinned::digest) {
            true => Ok(Merge::Write {
                manifest: Box::new(subject.manifest.clone()),
                blobs: Vec::new(),
            }),
            false => Err(StoreError::Changed { what: tag.to_string() }),
        }
    };
    match append(store, &tag, &merge).await {
        Ok(()) => Ok(true),
        Err(StoreError::Changed { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
