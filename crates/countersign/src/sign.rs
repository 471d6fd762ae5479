//! Signs artifacts and attaches the signatures.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::artifact::Artifact;
use countersign_core::bundle::{Bundle, Format};
use countersign_core::envelope::Envelope;
use countersign_core::key::PublicKey;
use countersign_core::payload::{simple_signing, statement};
use countersign_core::policy::{Claim, ClaimBinding, LogRule, Policy, PredicateRule, TrustedSigner};
use countersign_core::signer::Signer;
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::verify;
use countersign_oci::manifest::Descriptor;
use countersign_oci::store::Expected;
use countersign_oci::{Pinned, Store, StoreError, Upload};
use jiff::Timestamp;

use crate::attachment::discover::Limits;
use crate::attachment::legacy::{Layer, MediaTypes};
use crate::attachment::{Kind, Location, Place};
use crate::verify::{Rules, VerifyError, verify_image};

mod attach;
mod error;
pub mod signatures;
mod subject;
mod vouch;

pub use error::SignError;
pub use signatures::Digests;
pub use vouch::vouch;

pub use subject::{COUNT_LIMIT, DEPTH_LIMIT, Subject, beneath, find, without_attestations};

/// The formats in which a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Formats {
    /// A Sigstore bundle as a referrer, cosign v3's.
    Bundle,
    /// A layer of the `.sig` tag, cosign v2's.
    Legacy,
    /// Both, for whoever moves from one to the other.
    Both,
}

impl Formats {
    /// Says whether a bundle is written.
    pub fn has_bundle(self) -> bool {
        matches!(self, Self::Bundle | Self::Both)
    }

    /// Says whether a `.sig` layer is written.
    pub fn has_legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Both)
    }

    /// What is left to write once there is a signature in `format`.
    fn without(self, format: Format) -> Option<Self> {
        match (self, format) {
            (Self::Both, Format::Bundle(_)) => Some(Self::Legacy),
            (Self::Both, Format::LegacyLayer) => Some(Self::Bundle),
            (Self::Bundle, Format::Bundle(_)) | (Self::Legacy, Format::LegacyLayer) => None,
            _ => Some(self),
        }
    }
}

/// What to do about signatures by the same key that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Sign again.
    SignAgain,
    /// Leave it at those (`--skip-existing`).
    Skip,
}

/// What is signed besides the digest, and how it is written.
#[derive(Clone, Debug)]
pub struct SignOptions {
    /// The formats to write.
    pub formats: Formats,
    /// Annotations that the signature covers.
    pub annotations: BTreeMap<String, String>,
    /// The identities that the payload gives the artifact, one signature each; the repository's name where empty (legacy only).
    pub identities: Vec<String>,
    /// A payload to sign instead of the one we would make (legacy only).
    pub payload: Option<Bytes>,
    /// The time recorded in the configuration of a `.sig` manifest (legacy only).
    pub created: Option<Timestamp>,
    /// The media types of a `.sig` manifest.
    pub media_types: MediaTypes,
    /// What to do about signatures that are there already.
    pub existing: Existing,
    /// Limits of what is read.
    pub limits: Limits,
}

/// The signatures made for one artifact, not stored yet.
#[derive(Debug, Default)]
pub struct Signatures {
    /// The bundle, as JSON, with the statement and the raw signature in it.
    pub bundle: Option<SignedBundle>,
    /// The legacy signatures, one for each identity.
    pub legacy: Vec<SignedPayload>,
    /// Signatures by this key that were there already, in the formats that were therefore not written.
    pub skipped: Vec<Place>,
}

/// A bundle that was made.
#[derive(Debug)]
pub struct SignedBundle {
    /// The Sigstore bundle, JSON.
    pub json: Bytes,
    /// The statement that is signed.
    pub statement: Vec<u8>,
    /// The signature, base64.
    pub signature: String,
    made: Bundle,
}

/// A simple-signing payload with its signature.
#[derive(Debug)]
pub struct SignedPayload {
    /// The payload.
    pub payload: Bytes,
    /// The signature, base64.
    pub signature: String,
    /// What vouches for it, as annotations of the layer.
    vouched: BTreeMap<String, String>,
    made: Bundle,
}

/// Signs `image` in the formats asked for and verifies what was made; nothing is stored.
///
/// # Errors
/// [`SignError`].
pub async fn sign<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    signer: &dyn Signer,
    options: &SignOptions,
    now: Timestamp,
) -> Result<Signatures, SignError> {
    let mut signatures = Signatures::default();
    let mut formats = Some(options.formats);
    if options.existing == Existing::Skip {
        let policy = own_policy(signer, options, ClaimBinding::Required);
        for (place, format) in existing(image, store, location, &policy, &options.limits, now).await? {
            if let Some(wanted) = formats
                && wanted.without(format) != Some(wanted)
            {
                formats = wanted.without(format);
                signatures.skipped.push(place);
            }
        }
    }
    let Some(formats) = formats else {
        return Ok(signatures);
    };
    if formats.has_bundle() {
        signatures.bundle = Some(sign_bundle(image, signer, options, now)?);
    }
    if formats.has_legacy() {
        signatures.legacy = sign_legacy(image, signer, options, now)?;
    }
    Ok(signatures)
}

/// Says that a repository has what every signature needs; only [`prepare`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Ready(());

/// The artifact that signatures are attached to, and where.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'a> {
    /// That the repository of `location` is ready.
    pub ready: Ready,
    /// The artifact.
    pub image: &'a Pinned,
    /// How a referrer describes it.
    pub subject: &'a Descriptor,
    /// Where its attachments are.
    pub location: &'a Location,
}

/// Stores `signatures` by `key` so that they are found with the artifact, beside those that are there and those that
/// others add meanwhile.
///
/// # Errors
/// [`SignError::Store`] where a signature is not there in the end.
pub async fn attach<S: Store>(
    attachment: &Attachment<'_>,
    store: &S,
    key: &PublicKey,
    signatures: &Signatures,
    options: &SignOptions,
    now: Timestamp,
) -> Result<(), SignError> {
    let bundle = async {
        match &signatures.bundle {
            Some(bundle) => attach::bundle(attachment, store, bundle.json.clone(), options, now).await,
            None => Ok(()),
        }
    };
    let legacy = async {
        let layers: Vec<Layer> = signatures
            .legacy
            .iter()
            .map(|signed| Layer::new(signed.payload.clone(), &signed.signature).with(&signed.vouched))
            .collect();
        match layers[..] {
            [] => Ok(()),
            _ => attach::legacy(attachment, store, &layers, key, options).await,
        }
    };
    tokio::try_join!(bundle, legacy)
        .map(|_| ())
        .map_err(|source| SignError::Store {
            image: attachment.image.clone(),
            source,
        })
}

/// Stores what every bundle needs, which can be done before the key is open.
///
/// # Errors
/// What the store says.
pub async fn prepare<S: Store>(store: &S, location: &Location, formats: Formats) -> Result<Ready, StoreError> {
    let repository = location.repository();
    // A bundle; a payload and a configuration.
    let blobs = usize::from(formats.has_bundle()) + 2 * usize::from(formats.has_legacy());
    let empty = async {
        if formats.has_bundle() {
            let empty = Upload::bytes(crate::attachment::referrer::EMPTY);
            store.push_blob(repository, &empty).await?;
        }
        Ok(Ready(()))
    };
    let (ready, ()) = tokio::join!(empty, store.expect(Expected::Blobs(repository, blobs)));
    ready
}

/// Looks at what of this kind is attached to `digest` already, as far as that makes writing in these formats quicker later.
pub async fn look_ahead<S: Store>(store: &S, location: &Location, digest: &Digest, kind: Kind, formats: Formats) {
    if formats.has_legacy()
        && let Ok(tag) = location.tag(digest, kind)
    {
        store.expect(Expected::Replacement(&tag)).await;
    }
}

fn sign_bundle(
    image: &Pinned,
    signer: &dyn Signer,
    options: &SignOptions,
    now: Timestamp,
) -> Result<SignedBundle, SignError> {
    sign_together(&[image], signer, options, now)
}

/// Makes one bundle about all of `images`, and checks it for each.
fn sign_together(
    images: &[&Pinned],
    signer: &dyn Signer,
    options: &SignOptions,
    now: Timestamp,
) -> Result<SignedBundle, SignError> {
    let digests = images.iter().map(|image| image.digest());
    let statement = statement::sign_statement_of_all(digests, &options.annotations);
    let envelope = Envelope::seal(statement::PAYLOAD_TYPE, statement.clone(), signer)?;
    let signature = envelope
        .signatures()
        .iter()
        .map(|signature| signature.signature().to_base64())
        .collect();
    let bundle = Bundle::assemble(envelope, signer.public_key())?;
    let policy = own_policy(signer, options, ClaimBinding::Required);
    images
        .iter()
        .try_for_each(|image| check(image, &bundle, &policy, now))?;
    Ok(SignedBundle {
        json: bundle.to_json()?.into(),
        statement,
        signature,
        made: bundle,
    })
}

fn sign_legacy(
    image: &Pinned,
    signer: &dyn Signer,
    options: &SignOptions,
    now: Timestamp,
) -> Result<Vec<SignedPayload>, SignError> {
    let policy = own_policy(signer, options, legacy_binding(options));
    payloads(image, options)
        .into_iter()
        .map(|payload| {
            let signature = signer.sign(&payload)?;
            let bundle = Bundle::legacy(payload.to_vec(), signature.clone());
            check(image, &bundle, &policy, now)?;
            Ok(SignedPayload {
                payload,
                signature: signature.to_base64(),
                vouched: BTreeMap::new(),
                made: bundle,
            })
        })
        .collect()
}

fn payloads(image: &Pinned, options: &SignOptions) -> Vec<Bytes> {
    if let Some(given) = &options.payload {
        return vec![given.clone()];
    }
    let own_name = [image.repository().to_string()];
    let identities = match &options.identities[..] {
        [] => &own_name,
        given => given,
    };
    identities
        .iter()
        .map(|identity| simple_signing::payload(identity, image.digest(), &options.annotations).into())
        .collect()
}

/// The policy that our own signature must satisfy before it is published (client-spec §2.1).
fn own_policy(signer: &dyn Signer, options: &SignOptions, binding: ClaimBinding) -> Policy {
    let trusted = TrustedSigner::key(signer.public_key().clone());
    Policy::new(trusted, own_claim(options, binding), LogRule::InsecurelyIgnored)
}

/// What our own signature claims. A payload that is given may say anything: only its signature is ours to check.
fn own_claim(options: &SignOptions, binding: ClaimBinding) -> Claim {
    Claim::Signature {
        annotations: options.annotations.clone(),
        binding,
        predicate: PredicateRule::Signature,
    }
}

fn legacy_binding(options: &SignOptions) -> ClaimBinding {
    match options.payload {
        Some(_) => ClaimBinding::InsecurelyIgnored,
        None => ClaimBinding::Required,
    }
}

fn check(image: &Pinned, bundle: &Bundle, policy: &Policy, now: Timestamp) -> Result<(), SignError> {
    verify(
        bundle,
        &Artifact::new(image.digest().clone()),
        policy,
        &TrustedRoot::default(),
        now,
    )
    .map(|_| ())
    .map_err(|source| SignError::Unverifiable {
        image: image.clone(),
        source,
    })
}

/// The signatures by our key with our annotations that are there already.
async fn existing<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    policy: &Policy,
    limits: &Limits,
    now: Timestamp,
) -> Result<Vec<(Place, Format)>, SignError> {
    let trust = TrustedRoot::default();
    let rules = Rules::new(policy, &trust);
    match verify_image(image, store, location, rules, limits, now).await {
        Ok(verified) => Ok(verified
            .accepted
            .into_iter()
            .map(|(place, signature)| (place, signature.format()))
            .collect()),
        Err(VerifyError::NoSignature { .. } | VerifyError::NoneAccepted { .. }) => Ok(Vec::new()),
        Err(error) => Err(SignError::Existing(error)),
    }
}
