//! Verifies what is attached to an artifact.

use std::collections::BTreeMap;

use countersign_core::artifact::Artifact;
use countersign_core::policy::{Claim, Policy};
use countersign_core::verify::{Rejection, VerifiedSignature, verify};
use countersign_oci::{Pinned, Store, StoreError};
use jiff::Timestamp;

use crate::attachment::discover::{Limits, Unreadable, is_about_content};
use crate::attachment::{Attached, Evidence, Location, Place, discover};

/// The outcome of a verification in which at least one signature satisfies the policy.
#[derive(Debug)]
pub struct Verified {
    /// The signatures that satisfy the policy.
    pub accepted: Vec<(Place, VerifiedSignature)>,
    /// What else was found, and why it does not count.
    pub refused: Vec<(Place, Refusal)>,
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
}

impl Refusal {
    /// Says whether what was found is something else than a signature: an attestation.
    fn is_no_signature(&self) -> bool {
        matches!(self, Self::Rejected(Rejection::PredicateType { .. }))
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
}

impl VerifyError {
    /// Says whether content that does not match its digest, or is over a limit, kept a signature from being judged.
    pub fn is_about_content(&self) -> bool {
        match self {
            Self::Store { source, .. } => is_about_content(source),
            Self::NoSignature { .. } => false,
            Self::NoneAccepted { refused, .. } => refused
                .iter()
                .any(|(_, refusal)| matches!(refusal, Refusal::Unreadable(Unreadable::Content(_)))),
        }
    }
}

/// Verifies `image` with what is attached to it at `location`: the bundles among its referrers and its `.sig` tag, together.
///
/// # Errors
/// [`VerifyError`]; not being able to find out is never the same as finding nothing.
pub async fn verify_image<S: Store>(
    image: &Pinned,
    store: &S,
    location: &Location,
    policy: &Policy,
    limits: &Limits,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let guesses: Vec<BTreeMap<String, String>> = match policy.claim() {
        Claim::Signature { annotations, .. } if !annotations.is_empty() => vec![annotations.clone()],
        _ => Vec::new(),
    };
    let attached = discover(image, store, location, &guesses, limits)
        .await
        .map_err(|source| VerifyError::Store {
            image: image.clone(),
            source,
        })?;
    judge(image, attached, policy, now)
}

/// Judges evidence that is at hand already.
///
/// # Errors
/// As [`verify_image`], but for the store.
pub fn judge(
    image: &Pinned,
    attached: Vec<Attached>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Verified, VerifyError> {
    let artifact = Artifact::new(image.digest().clone());
    let mut verified = Verified {
        accepted: Vec::new(),
        refused: Vec::new(),
    };
    for Attached { place, evidence } in attached {
        let outcome = match evidence {
            Evidence::Bundle(bundle) => verify(&bundle, &artifact, policy, now).map_err(Refusal::from),
            Evidence::Unreadable(reason) => Err(reason.into()),
        };
        match outcome {
            Ok(signature) => verified.accepted.push((place, signature)),
            Err(refusal) => verified.refused.push((place, refusal)),
        }
    }
    if !verified.accepted.is_empty() {
        return Ok(verified);
    }
    let (image, refused) = (image.clone(), verified.refused);
    if refused.iter().all(|(_, refusal)| refusal.is_no_signature()) {
        return Err(VerifyError::NoSignature { image, refused });
    }
    Err(VerifyError::NoneAccepted { image, refused })
}
