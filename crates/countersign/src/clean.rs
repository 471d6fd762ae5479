//! Takes away what is attached to an artifact, and finds what hangs on artifacts that are gone.

use std::collections::BTreeSet;
use std::fmt;

use countersign_core::Digest;
use countersign_core::bundle::{Bundle, Content};
use countersign_core::payload::statement::{PAYLOAD_TYPE, SIGN_PREDICATE_TYPE, Statement};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Reference, Registry, Repository, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::attachment::discover::is_about_content;
use crate::attachment::legacy::{ENVELOPE, SIMPLE_SIGNING};
use crate::attachment::referrer::{BUNDLE_PREFIX, PREDICATE_TYPE_ANNOTATION};
use crate::attachment::{Kind, Location, sbom};

mod orphans;
mod remove;

pub use orphans::orphans;
pub use remove::{Outcome, remove, unlist};

/// What is taken away, in both formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Everything that is a signature, an attestation or a bill of materials.
    All,
    /// Attestations.
    Attestations,
    /// Signatures and attestations that refer to the artifact, not those under its tags.
    Referrers,
    /// Bills of materials.
    Sboms,
    /// Signatures.
    Signatures,
}

impl Scope {
    fn has_tag(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Attestations => kind == Kind::Attestation,
            Self::Referrers => false,
            Self::Sboms => kind == Kind::Sbom,
            Self::Signatures => kind == Kind::Signature,
        }
    }

    fn has_referrer(self, kind: Kind) -> bool {
        match self {
            Self::Referrers => kind != Kind::Sbom,
            other => other.has_tag(kind),
        }
    }
}

/// Something that can be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    name: Reference,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Tag {
        kind: Kind,
        manifest: Digest,
        layers: Vec<Descriptor>,
    },
    Referrer {
        kind: Option<Kind>,
        subject: Digest,
    },
    /// The list of referrers of an artifact that is gone.
    List,
}

impl Attachment {
    /// The tag or digest under which it is.
    pub fn name(&self) -> &Reference {
        &self.name
    }
}

/// What it is, in a word or two.
impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.what {
            What::Tag { kind, .. } => several(*kind),
            What::Referrer { kind: Some(kind), .. } => one(*kind),
            What::Referrer { kind: None, .. } => "missing referrer",
            What::List => "list of referrers",
        })
    }
}

fn several(kind: Kind) -> &'static str {
    match kind {
        Kind::Attestation => "attestations",
        Kind::Base => "signatures of a base",
        Kind::Sbom => "sbom",
        Kind::Signature => "signatures",
    }
}

fn one(kind: Kind) -> &'static str {
    match kind {
        Kind::Attestation => "attestation",
        Kind::Base => "signature of a base",
        Kind::Sbom => "sbom",
        Kind::Signature => "signature",
    }
}

/// Lists what is attached to `image` and in `scope`, in a stable order: its tags, then its referrers.
///
/// What refers to the image and is neither a signature nor an attestation nor a bill of materials is nobody's business.
///
/// # Errors
/// Whatever keeps us from knowing.
pub async fn attached<S: Store>(
    image: &Pinned,
    scope: Scope,
    store: &S,
    location: &Location,
) -> Result<Vec<Attachment>, StoreError> {
    let mut found = Vec::new();
    for kind in [Kind::Signature, Kind::Attestation, Kind::Sbom] {
        if scope.has_tag(kind) {
            found.extend(tagged(image, kind, store, location).await?);
        }
    }
    let listed = store.referrers(location.repository(), image.digest()).await?;
    let referring: Vec<Option<Attachment>> = stream::iter(listed)
        .map(|entry| async move {
            let name = location.repository().digest(entry.digest);
            let kind = match store.manifest(&name).await {
                Ok(manifest) => match kind_of(&manifest, store, location.repository()).await? {
                    Some(kind) if scope.has_referrer(kind) => Some(kind),
                    _ => return Ok(None),
                },
                // Listed still, and gone already: registries refuse any further change of a list with such an entry.
                Err(StoreError::NotFound { .. }) => None,
                Err(error) => return Err(error),
            };
            let subject = image.digest().clone();
            let what = What::Referrer { kind, subject };
            Ok(Some(Attachment { name, what }))
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    found.extend(referring.into_iter().flatten());
    Ok(found)
}

async fn tagged<S: Store>(
    image: &Pinned,
    kind: Kind,
    store: &S,
    location: &Location,
) -> Result<Option<Attachment>, StoreError> {
    let name = location.tag(image.digest(), kind)?;
    let (manifest, layers) = match store.manifest(&name).await {
        Ok(manifest) => (manifest.digest().clone(), manifest.layers().to_vec()),
        Err(StoreError::NotFound { .. }) => return Ok(None),
        // What cannot be read can be taken away all the same.
        Err(error) if is_about_content(&error) => (store.resolve(&name).await?.digest().clone(), Vec::new()),
        Err(error) => return Err(error),
    };
    let what = What::Tag { kind, manifest, layers };
    Ok(Some(Attachment { name, what }))
}

/// What a referrer is; `None` where it is none of ours.
async fn kind_of<S: Store>(
    manifest: &Manifest,
    store: &S,
    repository: &Repository,
) -> Result<Option<Kind>, StoreError> {
    if manifest.artifact_type() == Some(sbom::ARTIFACT_TYPE) {
        return Ok(Some(Kind::Sbom));
    }
    let has = |media_type: &str| manifest.layers().iter().any(|layer| layer.media_type == media_type);
    if has(SIMPLE_SIGNING) {
        return Ok(Some(Kind::Signature));
    }
    if has(ENVELOPE) {
        return Ok(Some(Kind::Attestation));
    }
    let is_bundle = |media_type: &str| media_type.starts_with(BUNDLE_PREFIX);
    let Some(bundle) = manifest.layers().iter().find(|layer| is_bundle(&layer.media_type)) else {
        return Ok(None);
    };
    let predicate_type = match manifest.content().annotations.get(PREDICATE_TYPE_ANNOTATION) {
        Some(said) => Some(said.clone()),
        None => match store.blob(repository, &bundle.digest, Some(bundle.size)).await {
            Ok(blob) => match blob.read(countersign_core::bundle::LIMIT as u64).await {
                Ok(json) => predicate_type(&json),
                Err(error) if is_about_content(&error) => None,
                Err(error) => return Err(error),
            },
            Err(error) if is_about_content(&error) => None,
            Err(error) => return Err(error),
        },
    };
    Ok(Some(match predicate_type.as_deref() {
        None | Some(SIGN_PREDICATE_TYPE) => Kind::Signature,
        Some(_) => Kind::Attestation,
    }))
}

fn predicate_type(json: &[u8]) -> Option<String> {
    let bundle = Bundle::from_json(json).ok()?;
    match bundle.content() {
        Content::Envelope(signed) if signed.envelope().payload_type() == PAYLOAD_TYPE => {
            let statement = Statement::parse(signed.envelope().payload()).ok()?;
            Some(statement.predicate_type().to_owned())
        }
        _ => None,
    }
}

/// Says whether an artifact exists in one of `repositories`.
async fn exists(digest: &Digest, repositories: &BTreeSet<Repository>, registry: &Registry) -> Result<bool, StoreError> {
    for repository in repositories {
        if registry.head(&repository.digest(digest.clone())).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

const PARALLEL: usize = 32;
