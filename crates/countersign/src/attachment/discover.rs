//! Finds what is attached to an artifact, in both formats.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::bundle::{Bundle, BundleError};
use countersign_core::payload::simple_signing;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::legacy::{ENVELOPE, LAYER_LIMIT, SIMPLE_SIGNING};
use super::referrer::BUNDLE_PREFIX;
use super::{Kind, Location, Place};

/// One piece of evidence, untrusted, and where it was found.
#[derive(Debug)]
pub struct Attached {
    /// Where it was found.
    pub place: Place,
    /// What was found.
    pub evidence: Evidence,
}

/// What was found at a place.
#[derive(Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// Evidence that can be judged.
    Bundle(Box<Bundle>),
    /// Evidence that is not what its place says.
    Unreadable(Unreadable),
}

/// Why something attached cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The store has other bytes than announced, too many, or none.
    #[error(transparent)]
    Content(Arc<StoreError>),
    /// The bytes are no bundle.
    #[error(transparent)]
    Bundle(BundleError),
    /// The manifest was listed for this artifact and says it refers to another.
    #[error("refers to {found}, expected {expected}")]
    OtherSubject {
        /// The artifact's digest.
        expected: Digest,
        /// The digest of the manifest's subject, or that it has none.
        found: String,
    },
}

/// Where signatures and attestations are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Search {
    /// Among the referrers and in the tag.
    Everywhere,
    /// In the `.sig` or `.att` tag only.
    SignatureTag,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Sought<'a> {
    /// Signatures: bundles, and the layers of the `.sig` tag.
    Signatures {
        /// Annotations that they may carry: a payload that can be guessed need not be fetched.
        guesses: &'a [BTreeMap<String, String>],
    },
    /// Attestations: bundles, the layers of the `.att` tag, and envelopes that are stored as plain referrers.
    Attestations,
}

impl Sought<'_> {
    /// The kind of the tag that holds them.
    fn kind(self) -> Kind {
        match self {
            Self::Signatures { .. } => Kind::Signature,
            Self::Attestations => Kind::Attestation,
        }
    }

    /// The media type of their layers, where they are no bundles.
    fn layer(self) -> &'static str {
        match self {
            Self::Signatures { .. } => SIMPLE_SIGNING,
            Self::Attestations => ENVELOPE,
        }
    }
}

/// What is fetched, and how much of it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Where is looked.
    pub search: Search,
    /// The most requests that are under way at once.
    pub parallel: usize,
    /// The most bytes of one signature, bundle or payload (`COSIGN_MAX_ATTACHMENT_SIZE`).
    pub attachment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            search: Search::Everywhere,
            parallel: 64,
            attachment: 128 * 1024 * 1024,
        }
    }
}

/// Finds every signature or attestation attached to `image`: bundles among its referrers and layers of its tag, in a stable
/// order.
///
/// Both are asked for at once. An empty list means that the store says that nothing is there.
///
/// # Errors
/// Whatever keeps us from knowing: a store that does not answer, a listing over its limit.
/// A single attachment whose content is wrong is reported in its place instead.
pub async fn discover<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    sought: Sought<'_>,
    limits: &Limits,
) -> Result<Vec<Attached>, StoreError> {
    let finder = Finder {
        sought,
        image,
        store,
        location,
        limits,
    };
    let (mut found, layers) = tokio::try_join!(finder.referrers(), finder.tag())?;
    found.extend(layers);
    Ok(found)
}

/// The blobs of some layers, by digest.
type Blobs = HashMap<Digest, Result<Bytes, Arc<StoreError>>>;

struct Finder<'a, S> {
    sought: Sought<'a>,
    image: &'a Pinned,
    store: &'a S,
    location: &'a Location,
    limits: &'a Limits,
}

impl<S: Store> Finder<'_, S> {
    async fn referrers(&self) -> Result<Vec<Attached>, StoreError> {
        if self.limits.search == Search::SignatureTag {
            return Ok(Vec::new());
        }
        let listed = self
            .store
            .referrers(self.location.repository(), self.image.digest())
            .await?;
        // Not in the order of the list: one that is slow must not keep others from being asked for.
        let mut found: Vec<(usize, Vec<Attached>)> = stream::iter(listed.into_iter().enumerate())
            .map(|(place, descriptor)| async move { Ok::<_, StoreError>((place, self.referrer(descriptor).await?)) })
            .buffer_unordered(self.limits.parallel)
            .try_collect()
            .await?;
        found.sort_unstable_by_key(|(place, _)| *place);
        Ok(found.into_iter().flat_map(|(_, attached)| attached).collect())
    }

    /// The artifact type in a listing is a hint at most (go-containerregistry shows the configuration's type there),
    /// so every manifest is looked at.
    async fn referrer(&self, descriptor: Descriptor) -> Result<Vec<Attached>, StoreError> {
        let place = Place::Referrer(descriptor.digest.clone());
        let reference = self.location.repository().digest(descriptor.digest);
        let manifest = match self.store.manifest(&reference).await {
            Ok(manifest) => manifest,
            Err(error) => return Ok(vec![unreadable(place, error)?]),
        };
        let is_evidence =
            |layer: &Descriptor| layer.media_type.starts_with(BUNDLE_PREFIX) || layer.media_type == self.sought.layer();
        if !manifest.layers().iter().any(is_evidence) {
            return Ok(Vec::new());
        }
        let subject = manifest.content().subject.as_ref();
        if subject.is_none_or(|subject| subject.digest != *self.image.digest()) {
            return Ok(vec![Attached {
                place,
                evidence: Evidence::Unreadable(Unreadable::OtherSubject {
                    expected: self.image.digest().clone(),
                    found: subject.map_or_else(|| "no subject".to_owned(), |subject| subject.digest.to_string()),
                }),
            }]);
        }
        match self.layers(&manifest, &|_| place.clone(), &HashMap::new()).await {
            Err(error) => Ok(vec![unreadable(place, error)?]),
            found => found,
        }
    }

    async fn tag(&self) -> Result<Vec<Attached>, StoreError> {
        let tag = self.location.tag(self.image.digest(), self.sought.kind())?;
        let manifest = match self.store.manifest(&tag).await {
            Ok(manifest) => manifest,
            Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // An index, or the error of a proxy, would pass for no signatures.
        if manifest.content().layers.is_none() {
            return Err(StoreError::Malformed {
                what: format!("signature manifest {}", manifest.digest()),
                reason: "it has no layers, as an image manifest has".to_owned(),
            });
        }
        let place = |index| Place::Layer {
            tag: tag.clone(),
            index,
        };
        self.layers(&manifest, &place, &self.guessed()).await
    }

    /// A payload is nearly always what we would write ourselves: where its digest agrees, it need not be fetched.
    fn guessed(&self) -> HashMap<Digest, Bytes> {
        let Sought::Signatures { guesses } = self.sought else {
            return HashMap::new();
        };
        let name = self.image.repository().to_string();
        std::iter::once(&BTreeMap::new())
            .chain(guesses)
            .map(|annotations| Bytes::from(simple_signing::payload(&name, self.image.digest(), annotations)))
            .map(|payload| (Digest::sha256(&payload), payload))
            .collect()
    }

    async fn layers(
        &self,
        manifest: &Manifest,
        place: &(dyn Fn(usize) -> Place + Sync),
        known: &HashMap<Digest, Bytes>,
    ) -> Result<Vec<Attached>, StoreError> {
        if manifest.layers().len() > LAYER_LIMIT {
            return Err(StoreError::TooLarge {
                what: format!(
                    "signature manifest {} of {} layers",
                    manifest.digest(),
                    manifest.layers().len()
                ),
                limit: format!("{LAYER_LIMIT} layers"),
            });
        }
        let blobs = self.blobs(manifest.layers(), known).await?;
        Ok(manifest
            .layers()
            .iter()
            .enumerate()
            .filter_map(|(index, layer)| {
                let blob = blobs.get(&layer.digest)?;
                Some(Attached {
                    place: place(index),
                    evidence: evidence(layer, blob, self.sought),
                })
            })
            .collect())
    }

    /// Fetches each distinct blob once.
    async fn blobs(&self, layers: &[Descriptor], known: &HashMap<Digest, Bytes>) -> Result<Blobs, StoreError> {
        let distinct: HashMap<&Digest, &Descriptor> = layers.iter().map(|layer| (&layer.digest, layer)).collect();
        stream::iter(distinct.into_values())
            .map(|layer| async move {
                let blob = match known.get(&layer.digest) {
                    Some(payload) => Ok(payload.clone()),
                    None => self.blob(layer).await,
                };
                match blob {
                    Err(error) if !is_about_content(&error) => Err(error),
                    blob => Ok((layer.digest.clone(), blob.map_err(Arc::new))),
                }
            })
            .buffer_unordered(self.limits.parallel)
            .try_collect()
            .await
    }

    async fn blob(&self, layer: &Descriptor) -> Result<Bytes, StoreError> {
        if layer.size > self.limits.attachment {
            return Err(StoreError::TooLarge {
                what: format!("blob {} of {} bytes", layer.digest, layer.size),
                limit: format!("{} bytes", self.limits.attachment),
            });
        }
        let stream = self
            .store
            .blob(self.location.repository(), &layer.digest, Some(layer.size))
            .await?;
        stream.read(self.limits.attachment).await
    }
}

fn evidence(layer: &Descriptor, blob: &Result<Bytes, Arc<StoreError>>, sought: Sought<'_>) -> Evidence {
    let bundle = match blob {
        Err(error) => return Evidence::Unreadable(Unreadable::Content(error.clone())),
        Ok(bytes) if layer.media_type.starts_with(BUNDLE_PREFIX) => Bundle::from_json(bytes),
        Ok(bytes) => match sought {
            Sought::Signatures { .. } => Bundle::from_legacy_layer(bytes.to_vec(), &layer.annotations),
            Sought::Attestations => Bundle::from_legacy_attestation(bytes, &layer.annotations),
        },
    };
    match bundle {
        Ok(bundle) => Evidence::Bundle(Box::new(bundle)),
        Err(error) => Evidence::Unreadable(Unreadable::Bundle(error)),
    }
}

/// Turns an error about what one attachment holds into a finding; one about the store stays an error.
fn unreadable(place: Place, error: StoreError) -> Result<Attached, StoreError> {
    if is_about_content(&error) {
        Ok(Attached {
            place,
            evidence: Evidence::Unreadable(Unreadable::Content(Arc::new(error))),
        })
    } else {
        Err(error)
    }
}

/// Says whether the store answered and what it gave is wrong, rather than that it did not answer.
pub fn is_about_content(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::NotFound { .. }
            | StoreError::ManifestTooLarge { .. }
            | StoreError::ManifestMalformed { .. }
            | StoreError::TooLarge { .. }
            | StoreError::DigestMismatch { .. }
            | StoreError::SizeMismatch { .. }
            | StoreError::Malformed { .. }
    )
}
