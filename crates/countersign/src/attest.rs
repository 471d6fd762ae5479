//! Attests: signs what is claimed of an artifact, and attaches it.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::artifact::Artifact;
use countersign_core::bundle::{Bundle, BundleError, legacy};
use countersign_core::envelope::Envelope;
use countersign_core::payload::predicate::{Predicate, PredicateType};
use countersign_core::payload::statement::{PAYLOAD_TYPE, Statement, StatementError, attestation_statement};
use countersign_core::policy::{Claim, ClaimBinding, LogRule, Policy, TrustedSigner};
use countersign_core::signer::{Signer, SignerError};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, verify};
use countersign_oci::{Pinned, Store, StoreError};
use jiff::Timestamp;

use crate::attachment::Place;
use crate::attachment::legacy::MediaTypes;
use crate::credential::Credential;
use crate::services::{Services, VouchError};
use crate::sign::{Attachment, Formats};

mod attach;
mod earlier;

pub use earlier::Earlier;

/// What is claimed.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// A predicate; the statement around it is made for each artifact.
    Predicate {
        /// What kind of claim it is.
        predicate_type: PredicateType,
        /// The claim.
        predicate: Predicate,
    },
    /// A whole statement, signed byte for byte; it must name every artifact that is attested.
    Statement(GivenStatement),
}

impl Claimed {
    /// The predicate type, a URI.
    pub fn predicate_type(&self) -> &str {
        match self {
            Self::Predicate { predicate_type, .. } => predicate_type.uri(),
            Self::Statement(given) => given.parsed.predicate_type(),
        }
    }
}

impl Claimed {
    /// The statement about the artifact called `name`, or none where a given statement is about something else.
    pub(crate) fn statement(&self, name: &str, digest: &Digest) -> Option<Vec<u8>> {
        match self {
            Self::Predicate {
                predicate_type,
                predicate,
            } => Some(attestation_statement(
                name,
                digest,
                predicate_type.uri(),
                predicate.json(),
            )),
            Self::Statement(given) => given.is_about(digest).then(|| given.bytes.clone()),
        }
    }
}

/// A statement that was made elsewhere.
#[derive(Clone, Debug)]
pub struct GivenStatement {
    bytes: Vec<u8>,
    parsed: Statement,
}

impl GivenStatement {
    /// Parses a statement and keeps its bytes.
    ///
    /// # Errors
    /// What keeps it from being one.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, StatementError> {
        let parsed = Statement::parse(&bytes)?;
        Ok(Self { bytes, parsed })
    }

    /// Says whether the statement is about the artifact with this digest.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.parsed.subjects().iter().any(|subject| subject.is(digest))
    }
}

/// How an attestation is stored.
#[derive(Clone, Copy, Debug)]
pub struct AttestOptions {
    /// The formats to write.
    pub formats: Formats,
    /// The media types of an `.att` manifest.
    pub media_types: MediaTypes,
    /// The time recorded in the configuration of an `.att` manifest.
    pub created: Option<Timestamp>,
}

/// An attestation that was made, not stored yet; the same signature in every format.
#[derive(Debug)]
pub struct Attestation {
    /// The Sigstore bundle, JSON, where that format is written.
    pub bundle: Option<Bytes>,
    /// The signed envelope, JSON.
    pub envelope: Bytes,
    /// What kind of claim it makes, a URI.
    pub predicate_type: String,
    /// What vouches for it, as annotations of the layer.
    vouched: BTreeMap<String, String>,
    made: Bundle,
}

/// Why an artifact was not attested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestError {
    /// The attestation could not be stored, or what is there could not be listed.
    #[error("attaching the attestation to {image}")]
    Store {
        /// The artifact.
        image: Pinned,
        /// What happened.
        source: StoreError,
    },
    /// The attestation is stored, and an earlier one that it replaces is there as well.
    #[error("the attestation is attached to {image}, but {place}, which it replaces, could not be removed")]
    NotRemoved {
        /// The artifact.
        image: Pinned,
        /// The earlier one.
        place: Place,
        /// What happened.
        source: StoreError,
    },
    /// The statement is about something else.
    #[error("the statement is not about {image}: none of its subjects has this digest")]
    OtherSubject {
        /// The artifact.
        image: Pinned,
    },
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The attestation cannot be wrapped.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The attestation does not verify, so it is not published.
    #[error("the new attestation of {image} does not verify")]
    Unverifiable {
        /// The artifact.
        image: Pinned,
        /// What is wrong with it.
        source: Rejection,
    },
    /// No service vouches for it.
    #[error(transparent)]
    Vouch(#[from] VouchError),
}

/// Signs what is claimed of `image` and verifies what was made; nothing is stored.
///
/// # Errors
/// [`AttestError`].
pub fn attest(
    image: &Pinned,
    claimed: &Claimed,
    signer: &dyn Signer,
    formats: Formats,
    now: Timestamp,
) -> Result<Attestation, AttestError> {
    let name = image.repository().to_string();
    let statement = claimed
        .statement(&name, image.digest())
        .ok_or_else(|| AttestError::OtherSubject { image: image.clone() })?;
    let envelope = Envelope::seal(PAYLOAD_TYPE, statement, signer)?;
    let json = envelope.to_json();
    let bundle = Bundle::assemble(envelope, signer.public_key())?;
    // What we would refuse is never published (client-spec §2.1).
    let policy = Policy::new(
        TrustedSigner::key(signer.public_key().clone()),
        about_it(),
        LogRule::InsecurelyIgnored,
    );
    verify(
        &bundle,
        &Artifact::new(image.digest().clone()),
        &policy,
        &TrustedRoot::default(),
        now,
    )
    .map_err(|source| AttestError::Unverifiable {
        image: image.clone(),
        source,
    })?;
    Ok(Attestation {
        bundle: match formats.has_bundle() {
            true => Some(bundle.to_json()?.into()),
            false => None,
        },
        envelope: json.into(),
        predicate_type: claimed.predicate_type().to_owned(),
        vouched: BTreeMap::new(),
        made: bundle,
    })
}

/// Has `services` vouch for the attestation of `image`, which is verified with what they answer.
///
/// # Errors
/// [`AttestError::Vouch`], or [`AttestError::Bundle`] where the attestation tag has no place for what they answer.
pub async fn vouch(
    attestation: Attestation,
    image: &Pinned,
    credential: &Credential,
    services: &Services,
    formats: Formats,
    now: impl Fn() -> Timestamp,
) -> Result<Attestation, AttestError> {
    let artifact = Artifact::new(image.digest().clone());
    let made = services.vouch(attestation.made, &artifact, about_it(), credential, now);
    let made = made.await?;
    Ok(Attestation {
        bundle: match formats.has_bundle() {
            true => Some(made.to_json()?.into()),
            false => None,
        },
        vouched: match formats.has_legacy() {
            true => legacy::annotations(&made, credential.issuers())?,
            false => BTreeMap::new(),
        },
        made,
        ..attestation
    })
}

/// That something is claimed of the artifact itself.
pub(crate) fn about_it() -> Claim {
    Claim::Attestation {
        predicate_type: None,
        binding: ClaimBinding::Required,
    }
}

/// Stores an attestation so that it is found with the artifact, then removes the `earlier` ones that it replaces; returns those.
///
/// # Errors
/// [`AttestError::Store`] where it is not there in the end, [`AttestError::NotRemoved`] where an earlier one stays.
pub async fn attach<S: Store>(
    attachment: &Attachment<'_>,
    store: &S,
    attestation: &Attestation,
    options: AttestOptions,
    earlier: &Earlier,
    now: Timestamp,
) -> Result<Vec<Place>, AttestError> {
    let bundle = async {
        match &attestation.bundle {
            Some(json) => attach::bundle(attachment, store, json.clone(), &attestation.predicate_type, now)
                .await
                .map(Some),
            None => Ok(None),
        }
    };
    let layer = async {
        match options.formats.has_legacy() {
            true => attach::legacy(attachment, store, attestation, earlier, options).await,
            false => Ok(Vec::new()),
        }
    };
    let failed = |source| AttestError::Store {
        image: attachment.image.clone(),
        source,
    };
    let (new, mut replaced) = tokio::try_join!(bundle, layer).map_err(failed)?;
    for referrer in earlier.referrers().iter().filter(|old| Some(*old) != new.as_ref()) {
        remove(attachment, store, referrer).await?;
        replaced.push(Place::Referrer(referrer.clone()));
    }
    Ok(replaced)
}

async fn remove<S: Store>(attachment: &Attachment<'_>, store: &S, referrer: &Digest) -> Result<(), AttestError> {
    let repository = attachment.location.repository();
    store
        .remove_referrer(repository, attachment.image.digest(), referrer)
        .await
        .map_err(|source| AttestError::NotRemoved {
            image: attachment.image.clone(),
            place: Place::Referrer(referrer.clone()),
            source,
        })
}
