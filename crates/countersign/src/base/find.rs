//! Finds what is signed of the bases of an image: on its layers, beside it, and in repositories of bases.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::Digest;
use countersign_core::base::{BUNDLE_ANNOTATION, CANDIDATES, Candidate, Mark, SIGNATURE_ANNOTATION};
use countersign_core::bundle::{Bundle, Content};
use countersign_core::key::Signature;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Repository, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{BaseError, Hint, Image};
use crate::attachment::discover::{Attached, Evidence, Limits, Search, Sought, discover};
use crate::attachment::{Location, Place};

/// Finds what may be marks of the bases of `image` on its layers and beside it, in a stable order.
///
/// # Errors
/// [`BaseError::Store`]: not being able to find out is never the same as finding nothing.
pub async fn own_marks<S: Store>(
    image: &Image,
    store: &S,
    location: &Location,
    limits: &Limits,
) -> Result<Vec<Candidate>, BaseError> {
    let own = &image.subject.image;
    let mut found = annotated(&image.subject.manifest);
    let beside = attached(own, store, location, limits, None).await;
    found.extend(beside.map_err(BaseError::store(own))?);
    Ok(found)
}

/// Finds what may be marks of the bases of `image` elsewhere: beside what `hints` name, and in these repositories under the tags of the
/// chain ids of its layers.
///
/// # Errors
/// As [`own_marks`].
pub async fn marks_elsewhere<S: Store>(
    image: &Image,
    store: &S,
    repositories: &[Repository],
    hints: &[Hint],
    limits: &Limits,
) -> Result<Vec<Candidate>, BaseError> {
    let failed = BaseError::store(&image.subject.image);
    let mut found = Vec::new();
    let hinted = hints
        .iter()
        .filter_map(|hint| Some((&hint.repository, hint.digest.as_ref()?)));
    for (repository, digest) in hinted {
        let base = repository.digest(digest.clone()).pin(digest.clone());
        let location = Location::within(repository.clone());
        found.extend(attached(&base, store, &location, limits, None).await.map_err(&failed)?);
    }
    let mut repositories: Vec<&Repository> = repositories.iter().collect();
    repositories.extend(hints.iter().map(|hint| &hint.repository));
    repositories.sort_unstable();
    repositories.dedup();
    let lookups = repositories.into_iter().flat_map(|repository| {
        image
            .layers
            .chain_ids()
            .map(move |(count, chain_id)| (repository, count, chain_id))
    });
    let tagged: Vec<Vec<Candidate>> = stream::iter(lookups)
        .map(|(repository, count, chain_id)| of_chain(repository, count, chain_id, store, limits))
        .buffered(limits.parallel.max(1))
        .try_collect()
        .await
        .map_err(&failed)?;
    found.extend(tagged.into_iter().flatten());
    Ok(found)
}

/// What is under the `.base` tag of one chain id.
async fn of_chain<S: Store>(
    repository: &Repository,
    count: usize,
    chain_id: &Digest,
    store: &S,
    limits: &Limits,
) -> Result<Vec<Candidate>, StoreError> {
    let name = repository.digest(chain_id.clone()).pin(chain_id.clone());
    let location = Location::within(repository.clone());
    attached(&name, store, &location, limits, Some(count)).await
}

/// What is attached to a name: beside what it names and under its tag; of a chain id, which nothing refers to, under the tag only.
async fn attached<S: Store>(
    name: &Pinned,
    store: &S,
    location: &Location,
    limits: &Limits,
    count: Option<usize>,
) -> Result<Vec<Candidate>, StoreError> {
    let limits = Limits {
        search: match count {
            None => limits.search,
            Some(_) => Search::SignatureTag,
        },
        ..limits.clone()
    };
    let repository = location.repository();
    let candidate = |attached: Attached| {
        let place = match &attached.place {
            Place::Layer { tag, index, .. } => format!("{tag} layer {index}"),
            Place::Referrer(digest) => format!("referrer {repository}@{digest}"),
            other => other.to_string(),
        };
        Candidate {
            place,
            mark: mark(attached.evidence, count),
        }
    };
    discover(name, store, location, Sought::Bases, &limits, &candidate).await
}

fn mark(evidence: Evidence, count: Option<usize>) -> Mark {
    match evidence {
        Evidence::Unreadable(reason) => unreadable(&reason),
        Evidence::Bundle(bundle) => match (bundle.content(), count) {
            (Content::Message(_), Some(count)) => Mark::Signature {
                signature: bundle,
                count,
            },
            // where nothing says of how many layers it is, a statement has to
            _ => Mark::Statement { bundle, count },
        },
    }
}

/// Reads the marks on the layers of a manifest.
fn annotated(manifest: &Manifest) -> Vec<Candidate> {
    let numbered = (1..).zip(manifest.layers());
    numbered.flat_map(|(number, layer)| of_layer(number, layer)).collect()
}

fn of_layer(number: usize, layer: &Descriptor) -> Vec<Candidate> {
    let texts = |name: &str| {
        let text = layer.annotations.get(name).map(String::as_str).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty())
    };
    let candidate = |mark| Candidate {
        place: format!("annotation of layer {number}"),
        mark,
    };
    let signatures = texts(SIGNATURE_ANNOTATION).map(|text| match Signature::from_base64(text) {
        Ok(signature) => Mark::Signature {
            signature: Box::new(Bundle::of_signature(signature)),
            count: number,
        },
        Err(error) => unreadable(&error),
    });
    let bundles = texts(BUNDLE_ANNOTATION).map(|text| {
        let json = match STANDARD.decode(text) {
            Ok(json) => json,
            Err(error) => return unreadable(&error),
        };
        match Bundle::from_json(&json) {
            Ok(bundle) => Mark::Statement {
                bundle: Box::new(bundle),
                count: Some(number),
            },
            Err(error) => unreadable(&error),
        }
    });
    signatures
        .chain(bundles)
        .take(CANDIDATES.saturating_add(1))
        .map(candidate)
        .collect()
}

fn unreadable(error: &dyn std::error::Error) -> Mark {
    let mut reason = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        next = cause.source();
    }
    Mark::Unreadable { reason }
}
