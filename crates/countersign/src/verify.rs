//! Verifies what is attached to an artifact.

mod settle;

use std::fmt;

use countersign_core::artifact::Artifact;
use countersign_core::bundle::{Beside, Bundle};
use countersign_core::chain::{BrokenLink, ChainError};
use countersign_core::policy::{Claim, Policy, Quorum, TooFewSigners};
use countersign_core::trust::TrustedRoot;
use countersign_core::verify::{Rejection, VerifiedSignature, verify};
use countersign_oci::http::Http;
use countersign_oci::{Pinned, Store, StoreError};
use jiff::Timestamp;

use crate::attachment::discover::{Limits, Unreadable, is_about_content};
use crate::attachment::{Attached, Evidence, Location, Place, Sought, discover};
use crate::chain::Chain;
use crate::service::ServiceError;

pub use settle::look_up;

/// What evidence is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// What it must show.
    pub policy: &'a Policy,
    /// Whom to believe beyond a key.
    pub trust: &'a TrustedRoot,
    /// How many signers must have signed, where one is not enough.
    pub quorum: Option<&'a Quorum>,
    /// What comes beside the signatures.
    pub beside: Option<&'a Beside>,
    /// The log that is asked for the entry of a signature that comes without one.
    pub log: Option<AskedLog<'a>>,
}

impl<'a> Rules<'a> {
    /// Judges by `policy` and what is attached only.
    pub fn new(policy: &'a Policy, trust: &'a TrustedRoot) -> Self {
        Self {
            policy,
            trust,
            quorum: None,
            beside: None,
            log: None,
        }
    }
}

/// A Rekor 1 that may be asked.
#[derive(Clone, Copy)]
pub struct AskedLog<'a> {
    /// Its address.
    pub url: &'a str,
    /// How it is reached.
    pub http: &'a Http,
}

impl fmt::Debug for AskedLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url)
    }
}

/// The outcome of a verification in which at least one signature satisfies the policy.
#[derive(Debug)]
pub struct Verified {
    /// The signatures that satisfy the policy.
    pub accepted: Vec<(Place, VerifiedSignature)>,
    /// What else was found, and why it does not count.
    pub refused: Vec<(Place, Refusal)>,
    /// Who signed the signatures, where that was asked for.
    pub chain: Option<Chain>,
}

/// Why something attached does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It was judged and rejected.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It could not be judged.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is a signature, and not of what it is attached to.
    #[error(transparent)]
    Broken(#[from] BrokenLink),
}

impl Refusal {
    /// Says whether what was found is something else than was asked for: an attestation in place of a signature, or the
    /// reverse.
    pub(crate) fn is_another_thing(&self) -> bool {
        matches!(
            self,
            Self::Rejected(Rejection::PredicateType { .. } | Rejection::NotAnAttestation)
                | Self::Unreadable(Unreadable::Attestation { .. })
        )
    }
}

/// Why an artifact is not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The store did not let us find out.
    #[error("{image}: what is attached could not be read")]
    Store {
        /// The artifact.
        image: Pinned,
        /// What happened.
        source: StoreError,
    },
    /// The log did not let us find out.
    #[error("{image}: the log entry of what is attached could not be asked for")]
    Log {
        /// The artifact.
        image: Pinned,
        /// What happened.
        source: ServiceError,
    },
    /// The signatures are not countersigned as they must be.
    #[error("no matching signatures: those of {image} are not countersigned")]
    Countersign {
        /// The artifact.
        image: Pinned,
        /// What was found, here and beneath, and why it does not count.
        refused: Vec<(Place, Refusal)>,
        /// What is missing.
        source: Box<ChainError>,
    },
    /// Fewer signers have signed than must.
    #[error("no matching signatures: too few signers of {image}")]
    Quorum {
        /// The artifact.
        image: Pinned,
        /// What else was found, and why it does not count.
        refused: Vec<(Place, Refusal)>,
        /// Who has signed and who has not.
        source: TooFewSigners,
    },
    /// No signature is attached.
    #[error("no signatures found for {image}")]
    NoSignature {
        /// The artifact.
        image: Pinned,
        /// What is attached instead, and why it is no signature.
        refused: Vec<(Place, Refusal)>,
    },
    /// None of the signatures satisfies the policy.
    #[error("no matching signatures: none of the {} attached to {image} satisfies the policy", refused.len())]
    NoneAccepted {
        /// The artifact.
        image: Pinned,
        /// What was found, and why it does not count.
        refused: Vec<(Place, Refusal)>,
    },
    /// No attestation is attached.
    #[error("no matching attestations: no attestations found for {image}")]
    NoAttestation {
        /// The artifact.
        image: Pinned,
        /// What is attached instead, and why it is no attestation.
        refused: Vec<(Place, Refusal)>,
    },
    /// Attestations satisfy the policy but for the kind of claim they make.
    #[error("none of the attestations matched the predicate type: {wanted}, found: {found} ({image})")]
    NoneOfType {
        /// The artifact.
        image: Pinned,
        /// The predicate type as it was asked for.
        wanted: String,
        /// The predicate types that were found.
        found: FoundTypes,
        /// What was found, and why it does not count.
        refused: Vec<(Place, Refusal)>,
    },
    /// None of the attestations satisfies the policy.
    #[error("no matching attestations: none of the {} attached to {image} satisfies the policy", refused.len())]
    NoAttestationAccepted {
        /// The artifact.
        image: Pinned,
        /// What was found, and why it does not count.
        refused: Vec<(Place, Refusal)>,
    },
}

/// Predicate types that were found, for people: each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundTypes(Vec<String>);

impl fmt::Display for FoundTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl FoundTypes {
    /// The predicate types of the attestations that only make another kind of claim.
    fn of(refused: &[(Place, Refusal)]) -> Self {
        let mut found = Vec::new();
        for (_, refusal) in refused {
            if let Refusal::Rejected(Rejection::OtherPredicateType { found: other, .. }) = refusal {
                // Bare as cosign prints it, unless it could steer a terminal.
                let is_plain = other.as_str().chars().all(|character| character.is_ascii_graphic());
                let shown = match is_plain {
                    true => other.as_str().to_owned(),
                    false => other.to_string(),
                };
                if !found.contains(&shown) {
                    found.push(shown);
                }
            }
        }
        Self(found)
    }
}

impl VerifyError {
    /// Says whether content that does not match its digest, or is over a limit, kept a signature from being judged.
    pub fn is_about_content(&self) -> bool {
        match self {
            Self::Store { source, .. } => is_about_content(source),
            other => other
                .refused()
                .iter()
                .any(|(_, refusal)| matches!(refusal, Refusal::Unreadable(Unreadable::Content(_)))),
        }
    }

    /// Returns what was found, and why it does not count.
    pub fn refused(&self) -> &[(Place, Refusal)] {
        match self {
            Self::Store { .. } | Self::Log { .. } => &[],
            Self::NoSignature { refused, .. }
            | Self::Countersign { refused, .. }
            | Self::Quorum { refused, .. }
            | Self::NoneAccepted { refused, .. }
            | Self::NoAttestation { refused, .. }
            | Self::NoneOfType { refused, .. }
            | Self::NoAttestationAccepted { refused, .. } => refused,
        }
    }
}

/// Verifies `image` with what is attached to it at `location`: the bundles among its referrers and the layers of its `.sig` or
/// `.att` tag, together.
///
/// # Errors
/// [`VerifyError`]; not being able to find out is never the same as finding nothing.
pub async fn verify_image<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    rules: Rules<'_>,
    limits: &Limits,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let sought = match rules.policy.claim() {
        Claim::Signature { annotations, .. } if annotations.is_empty() => Sought::Signatures { guesses: &[] },
        Claim::Signature { annotations, .. } => Sought::Signatures {
            guesses: std::slice::from_ref(annotations),
        },
        _ => Sought::Attestations,
    };
    let artifact = Artifact::new(image.digest().clone());
    let judge = |attached| judged(attached, &artifact, rules, now);
    match discover(image, store, location, sought, limits, &judge).await {
        Ok(found) => settle::settled(image, found, &artifact, rules, now).await,
        Err(source) => Err(VerifyError::Store {
            image: image.clone(),
            source,
        }),
    }
}

/// Judges evidence that is at hand already.
///
/// # Errors
/// As [`verify_image`], but for the store.
pub async fn judge(
    image: &Pinned,
    attached: Vec<Attached>,
    rules: Rules<'_>,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let artifact = Artifact::new(image.digest().clone());
    let found = attached
        .into_iter()
        .map(|attached| judged(attached, &artifact, rules, now))
        .collect();
    settle::settled(image, found, &artifact, rules, now).await
}

type Judged = (Place, Result<VerifiedSignature, Refused>);

/// Why something does not count, and the thing itself where a log may have more to say of it.
struct Refused {
    refusal: Refusal,
    unlogged: Option<Box<Bundle>>,
}

fn judged(attached: Attached, artifact: &Artifact, rules: Rules<'_>, now: Timestamp) -> Judged {
    let outcome = match attached.evidence {
        Evidence::Bundle(mut bundle) => {
            if let Some(beside) = rules.beside {
                *bundle = bundle.with_beside(beside);
            }
            verify(&bundle, artifact, rules.policy, rules.trust, now).map_err(|rejection| Refused {
                unlogged: (rules.log.is_some() && settle::is_unlogged(&bundle, &rejection)).then_some(bundle),
                refusal: rejection.into(),
            })
        }
        Evidence::Unreadable(reason) => Err(Refused {
            refusal: reason.into(),
            unlogged: None,
        }),
    };
    (attached.place, outcome)
}

fn none_accepted(image: Pinned, refused: Vec<(Place, Refusal)>, claim: &Claim) -> VerifyError {
    let is_absent = refused.iter().all(|(_, refusal)| refusal.is_another_thing());
    let Claim::Attestation { predicate_type, .. } = claim else {
        return match is_absent {
            true => VerifyError::NoSignature { image, refused },
            false => VerifyError::NoneAccepted { image, refused },
        };
    };
    if is_absent {
        return VerifyError::NoAttestation { image, refused };
    }
    let found = FoundTypes::of(&refused);
    match predicate_type {
        Some(wanted) if !found.0.is_empty() => VerifyError::NoneOfType {
            image,
            wanted: wanted.to_string(),
            found,
            refused,
        },
        _ => VerifyError::NoAttestationAccepted { image, refused },
    }
}
