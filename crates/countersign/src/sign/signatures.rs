//! Signs the signatures of an artifact.

use std::fmt;

use countersign_core::Digest;
use countersign_core::bundle::{Bundle, Content};
use countersign_core::chain::{COUNT_ANNOTATION, ROOT_ANNOTATION, is_countersignature};
use countersign_core::payload::statement::{SIGN_PREDICATE_TYPE, Statement};
use countersign_core::signer::Signer;
use countersign_oci::store::Condition;
use countersign_oci::{Pinned, Reference, Store, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::{SignError, SignOptions, Signatures, Subject, find, sign_together};
use crate::attachment::discover::Limits;
use crate::attachment::{Attached, Evidence, Kind, Location, Place, Sought, discover};
use crate::verify::{Rules, VerifyError, verify_image};

/// Which signatures of an artifact are countersigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// All that count, but for those that are countersignatures themselves.
    All,
    /// Those in these manifests; each must count.
    These(Vec<Digest>),
}

/// What is asked of signatures before they are countersigned.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// They must satisfy these rules.
    Verified(Rules<'a>),
    /// Nothing: whoever signs vouches for what strangers may have attached.
    InsecurelyAnything,
}

/// Signatures of an artifact, by the manifests that hold them.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The manifests, each once, in a stable order.
    pub holders: Vec<Subject>,
    /// Which of them the signature tag has, if any: the next signer replaces it.
    pub tagged: Option<Digest>,
}

/// Finds the signatures of `image` that are to be countersigned.
///
/// # Errors
/// [`SignError`]; what does not count is not countersigned.
pub async fn of<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    chosen: &Chosen,
    before: Before<'_>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Signed, SignError> {
    let found = match before {
        Before::Verified(rules) => verified(image, store, location, rules, limits, now).await?,
        Before::InsecurelyAnything => attached(image, store, location, limits).await?,
    };
    let mut signed = Signed {
        holders: Vec::new(),
        tagged: None,
    };
    let mut digests: Vec<Digest> = Vec::new();
    for (place, is_countersignature) in &found {
        let Some(holder) = place.holder() else { continue };
        let is_wanted = match chosen {
            Chosen::All => !is_countersignature,
            Chosen::These(wanted) => wanted.contains(holder),
        };
        if is_wanted && !digests.contains(holder) {
            digests.push(holder.clone());
            if let Place::Layer { .. } = place {
                signed.tagged = Some(holder.clone());
            }
        }
    }
    check(image, chosen, &digests, &found)?;
    let stored = stored(image);
    signed.holders = stream::iter(digests)
        .map(|digest| async { find(store, &location.repository().digest(digest)).await })
        .buffered(PARALLEL)
        .try_collect()
        .await
        .map_err(stored)?;
    Ok(signed)
}

fn check(image: &Pinned, chosen: &Chosen, digests: &[Digest], found: &[(Place, bool)]) -> Result<(), SignError> {
    if let Chosen::These(wanted) = chosen
        && let Some(wanted) = wanted.iter().find(|wanted| !digests.contains(wanted))
    {
        return Err(SignError::NoSuchSignature {
            image: image.clone(),
            wanted: wanted.clone(),
            found: Digests(found.iter().filter_map(|(place, _)| place.holder()).cloned().collect()),
        });
    }
    match digests {
        [] => Err(SignError::NoSignatures { image: image.clone() }),
        _ => Ok(()),
    }
}

/// The signatures that satisfy `rules`, and whether each is a countersignature.
async fn verified<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    rules: Rules<'_>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Vec<(Place, bool)>, SignError> {
    let verified = verify_image(image, store, location, rules, limits, now)
        .await
        .map_err(SignError::Existing)?;
    let accepted = verified.accepted.into_iter();
    Ok(accepted
        .map(|(place, signature)| (place, is_countersignature(&signature)))
        .collect())
}

/// Whatever calls itself a signature of the artifact.
async fn attached<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    limits: &Limits,
) -> Result<Vec<(Place, bool)>, SignError> {
    let judge = |attached: Attached| match attached.evidence {
        Evidence::Bundle(bundle) => claimed(&bundle).map(|is_countersignature| (attached.place, is_countersignature)),
        Evidence::Unreadable(_) => None,
    };
    let sought = Sought::Signatures { guesses: &[] };
    let found = discover(image, store, location, sought, limits, &judge).await;
    let found = found.map_err(|source| {
        SignError::Existing(VerifyError::Store {
            image: image.clone(),
            source,
        })
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Whether a bundle calls itself a countersignature; nothing where it does not call itself a signature.
fn claimed(bundle: &Bundle) -> Option<bool> {
    let Content::Envelope(signed) = bundle.content() else {
        return Some(false);
    };
    let statement = Statement::parse(signed.envelope().payload()).ok()?;
    let is_signature = statement.predicate_type() == SIGN_PREDICATE_TYPE;
    let mut annotations = statement.subjects().iter().filter_map(|subject| subject.annotations());
    is_signature.then(|| annotations.any(|annotations| annotations.contains_key(ROOT_ANNOTATION)))
}

/// Keeps the manifest `signature` under a tag of its own, for the next signer replaces what the signature tag has; returns
/// the tag.
///
/// # Errors
/// [`SignError::NameTaken`] where the tag has another manifest.
pub async fn keep<S: Store>(
    image: &Pinned,
    signature: &Subject,
    name: Option<&str>,
    store: &S,
    location: &Location,
) -> Result<Reference, SignError> {
    let stored = stored(image);
    let expected = signature.image.digest();
    let tag = match name {
        Some(name) => location.repository().tag(name).map_err(StoreError::from),
        None => kept_as(image, expected, location),
    }
    .map_err(stored)?;
    match store.manifest(&tag).await {
        Ok(found) if found.digest() == expected => return Ok(tag),
        Ok(found) => {
            return Err(SignError::NameTaken {
                name: tag,
                expected: expected.clone(),
                found: found.digest().clone(),
            });
        }
        Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(stored(error)),
    }
    let pushed = store.push_manifest(&tag, &signature.manifest, Condition::Absent).await;
    pushed.map_err(stored)?;
    Ok(tag)
}

/// `sha256-<artifact>.sig-<the signature's first 12 digits>`.
fn kept_as(image: &Pinned, signature: &Digest, location: &Location) -> Result<Reference, StoreError> {
    let tag = location.tag(image.digest(), Kind::Signature)?;
    let start: String = signature.hex().chars().take(12).collect();
    Ok(location.repository().tag(&format!("{}-{start}", tag.target()))?)
}

/// The options of a countersignature of so many signatures of `image`: the annotations say that it is one.
pub fn options_for(options: &SignOptions, image: &Pinned, count: usize) -> SignOptions {
    let mut options = options.clone();
    let annotations = &mut options.annotations;
    annotations
        .entry("sig".to_owned())
        .or_insert_with(|| "counter".to_owned());
    annotations.insert(ROOT_ANNOTATION.to_owned(), image.digest().to_string());
    annotations.insert(COUNT_ANNOTATION.to_owned(), count.to_string());
    options
}

/// Makes one bundle about all of these, whose order it keeps, and verifies it for each; nothing is stored.
///
/// # Errors
/// [`SignError`].
pub fn sign_all(
    subjects: &[&Pinned],
    signer: &dyn Signer,
    options: &SignOptions,
    now: Timestamp,
) -> Result<Signatures, SignError> {
    Ok(Signatures {
        bundle: Some(sign_together(subjects, signer, options, now)?),
        ..Signatures::default()
    })
}

fn stored(image: &Pinned) -> impl Fn(StoreError) -> SignError + Copy {
    move |source| SignError::Store {
        image: image.clone(),
        source,
    }
}

/// Digests, with commas, as many as are worth showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests(Vec<Digest>);

impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (place, digest) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{digest}", if place == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

const PARALLEL: usize = 16;
/// How many digests are shown.
const SHOWN: usize = 16;
