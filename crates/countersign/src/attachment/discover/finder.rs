//! Fetches what is attached, in both formats.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use countersign_core::bundle::{Bundle, BundleError};
use countersign_core::key::Signature;
use countersign_core::payload::simple_signing;
use countersign_core::payload::statement::SIGN_PREDICATE_TYPE;
use countersign_core::quoted::Quoted;
use countersign_core::{Digest, base};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::Semaphore;

use super::{Attached, Evidence, Limits, Search, Sought, Unreadable, is_about_content};
use crate::attachment::legacy::LAYER_LIMIT;
use crate::attachment::referrer::{BUNDLE_PREFIX, PREDICATE_TYPE_ANNOTATION};
use crate::attachment::{Location, Place};

/// Looks for what is attached to one image.
pub(super) struct Finder<'a, S, T> {
    image: &'a Pinned,
    store: &'a S,
    location: &'a Location,
    sought: Sought<'a>,
    limits: &'a Limits,
    judge: &'a (dyn Fn(Attached) -> T + Sync),
    /// One permit for each KiB that may be held.
    room: Semaphore,
}

impl<'a, S: Store, T: Send> Finder<'a, S, T> {
    pub(super) fn new(
        image: &'a Pinned,
        store: &'a S,
        location: &'a Location,
        sought: Sought<'a>,
        limits: &'a Limits,
        judge: &'a (dyn Fn(Attached) -> T + Sync),
    ) -> Self {
        Self {
            image,
            store,
            location,
            sought,
            limits,
            judge,
            room: Semaphore::new(ROOM as usize),
        }
    }

    pub(super) async fn referrers(&self) -> Result<Vec<T>, StoreError> {
        if self.limits.search == Search::SignatureTag {
            return Ok(Vec::new());
        }
        let mut listed = self
            .store
            .referrers(self.location.repository(), self.image.digest())
            .await?;
        listed.truncate(self.limits.referrers);
        // Not in the order of the list: one that is slow must not keep others from being asked for.
        let mut found: Vec<(usize, Vec<T>)> = stream::iter(listed.into_iter().enumerate())
            .map(|(place, descriptor)| async move { Ok::<_, StoreError>((place, self.referrer(descriptor).await?)) })
            .buffer_unordered(self.limits.parallel)
            .try_collect()
            .await?;
        found.sort_unstable_by_key(|(place, _)| *place);
        Ok(found.into_iter().flat_map(|(_, judged)| judged).collect())
    }

    /// The artifact type in a listing is a hint at most (go-containerregistry shows the configuration's type there),
    /// so every manifest is looked at.
    async fn referrer(&self, descriptor: Descriptor) -> Result<Vec<T>, StoreError> {
        let place = Place::Referrer(descriptor.digest.clone());
        let reference = self.location.repository().digest(descriptor.digest);
        let manifest = match self.store.manifest(&reference).await {
            Ok(manifest) => manifest,
            Err(error) => return Ok(vec![self.unreadable(place, error)?]),
        };
        let is_evidence =
            |layer: &Descriptor| layer.media_type.starts_with(BUNDLE_PREFIX) || layer.media_type == self.sought.layer();
        if !manifest.layers().iter().any(is_evidence) || self.is_of_no_base(&manifest) {
            return Ok(Vec::new());
        }
        let subject = manifest.content().subject.as_ref();
        if subject.is_none_or(|subject| subject.digest != *self.image.digest()) {
            let reason = Unreadable::OtherSubject {
                expected: self.image.digest().clone(),
                found: subject.map_or_else(|| "no subject".to_owned(), |subject| subject.digest.to_string()),
            };
            return Ok(vec![self.refused(place, reason)]);
        }
        if let Some(found) = self.large_attestation(&manifest) {
            return Ok(vec![self.refused(place, Unreadable::Attestation { found })]);
        }
        match self.layers(&manifest, &|_| place.clone(), &HashMap::new()).await {
            Err(error) => Ok(vec![self.unreadable(place, error)?]),
            found => found,
        }
    }

    /// Says whether bases are sought, and this says that it is something else.
    fn is_of_no_base(&self, manifest: &Manifest) -> bool {
        let named = manifest.content().annotations.get(PREDICATE_TYPE_ANNOTATION);
        matches!(self.sought, Sought::Bases) && named.is_some_and(|named| named != base::PREDICATE_TYPE)
    }

    /// The predicate type of what is too large for a signature and does not claim to be one.
    fn large_attestation(&self, manifest: &Manifest) -> Option<Quoted> {
        let named = manifest.content().annotations.get(PREDICATE_TYPE_ANNOTATION)?;
        let is_large = |layer: &Descriptor| layer.size > self.limit();
        let is_meant = matches!(self.sought, Sought::Signatures { .. })
            && named != SIGN_PREDICATE_TYPE
            && manifest.layers().iter().any(is_large);
        is_meant.then(|| Quoted::new(named))
    }

    pub(super) async fn tag(&self) -> Result<Vec<T>, StoreError> {
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
            manifest: manifest.digest().clone(),
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

    /// Fetches each distinct blob once, and judges every layer that is made of it.
    async fn layers(
        &self,
        manifest: &Manifest,
        place: &(dyn Fn(usize) -> Place + Sync),
        known: &HashMap<Digest, Bytes>,
    ) -> Result<Vec<T>, StoreError> {
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
        let mut of_blob: HashMap<&Digest, Vec<(usize, &Descriptor)>> = HashMap::new();
        for (index, layer) in manifest.layers().iter().enumerate() {
            of_blob.entry(&layer.digest).or_default().push((index, layer));
        }
        let mut judged: Vec<(usize, T)> = stream::iter(of_blob.into_values())
            .map(|layers| self.of_one_blob(layers, place, known))
            .buffer_unordered(self.limits.parallel)
            .try_fold(Vec::new(), async |mut judged, more| {
                judged.extend(more);
                Ok(judged)
            })
            .await?;
        judged.sort_unstable_by_key(|(index, _)| *index);
        Ok(judged.into_iter().map(|(_, outcome)| outcome).collect())
    }

    async fn of_one_blob(
        &self,
        layers: Vec<(usize, &Descriptor)>,
        place: &(dyn Fn(usize) -> Place + Sync),
        known: &HashMap<Digest, Bytes>,
    ) -> Result<Vec<(usize, T)>, StoreError> {
        let Some((_, first)) = layers.first() else {
            return Ok(Vec::new());
        };
        let kibibytes = first.size.min(self.limit()).div_ceil(1024).clamp(1, ROOM.into());
        let _room = self.room.acquire_many(u32::try_from(kibibytes).unwrap_or(ROOM)).await;
        let blob = match known.get(&first.digest) {
            Some(payload) => Ok(payload.clone()),
            None => self.blob(first).await,
        };
        let blob = match blob {
            Err(error) if !is_about_content(&error) => return Err(error),
            blob => blob.map_err(Arc::new),
        };
        let judged = layers.into_iter().map(|(index, layer)| {
            let evidence = evidence(layer, &blob, self.sought);
            let place = place(index);
            (index, (self.judge)(Attached { place, evidence }))
        });
        Ok(judged.collect())
    }

    async fn blob(&self, layer: &Descriptor) -> Result<Bytes, StoreError> {
        let limit = self.limit();
        if layer.size > limit {
            return Err(StoreError::TooLarge {
                what: format!("blob {} of {} bytes", layer.digest, layer.size),
                limit: format!("{limit} bytes"),
            });
        }
        let repository = self.location.repository();
        let stream = self.store.blob(repository, &layer.digest, Some(layer.size)).await?;
        stream.read(limit).await
    }

    fn limit(&self) -> u64 {
        self.sought.limit(self.limits.attachment)
    }

    fn refused(&self, place: Place, reason: Unreadable) -> T {
        (self.judge)(Attached {
            place,
            evidence: Evidence::Unreadable(reason),
        })
    }

    /// Turns an error about what one attachment holds into a finding; one about the store stays an error.
    fn unreadable(&self, place: Place, error: StoreError) -> Result<T, StoreError> {
        match is_about_content(&error) {
            true => Ok(self.refused(place, Unreadable::Content(Arc::new(error)))),
            false => Err(error),
        }
    }
}

fn evidence(layer: &Descriptor, blob: &Result<Bytes, Arc<StoreError>>, sought: Sought<'_>) -> Evidence {
    let bundle = match blob {
        Err(error) => return Evidence::Unreadable(Unreadable::Content(error.clone())),
        Ok(bytes) if layer.media_type.starts_with(BUNDLE_PREFIX) => Bundle::from_json(bytes),
        Ok(bytes) => match sought {
            Sought::Signatures { .. } => Bundle::from_legacy_layer(bytes.to_vec(), &layer.annotations),
            Sought::Attestations => Bundle::from_legacy_attestation(bytes, &layer.annotations),
            Sought::Bases => base_signature(layer),
        },
    };
    match bundle {
        Ok(bundle) => Evidence::Bundle(Box::new(bundle)),
        Err(error) => Evidence::Unreadable(Unreadable::Bundle(error)),
    }
}

/// The signature over the layers of a base, which is in the annotation: what it is over follows from the image.
fn base_signature(layer: &Descriptor) -> Result<Bundle, BundleError> {
    let member = base::SIGNATURE_ANNOTATION;
    let text = layer.annotations.get(member).ok_or(BundleError::Missing { member })?;
    match Signature::from_base64(text) {
        Ok(signature) => Ok(Bundle::of_signature(signature)),
        Err(_) => Err(BundleError::NoSignature {
            member,
            found: Quoted::new(text),
        }),
    }
}

/// How much of what is attached is held at a time, in KiB: together with what is made of it while it is judged, this stays
/// within the memory that hostile content may take.
const ROOM: u32 = 16 * 1024;
