//! Why an artifact was not signed.

use countersign_core::Digest;
use countersign_core::bundle::BundleError;
use countersign_core::signer::SignerError;
use countersign_core::verify::Rejection;
use countersign_oci::{Pinned, Reference, StoreError};

use super::signatures::Digests;
use crate::services::VouchError;
use crate::verify::VerifyError;

/// Why an artifact was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The signatures could not be stored.
    #[error("attaching the signature to {image}")]
    Store {
        /// The artifact.
        image: Pinned,
        /// What happened.
        source: StoreError,
    },
    /// What is attached already could not be judged.
    #[error(transparent)]
    Existing(VerifyError),
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The signature cannot be wrapped.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The signature does not verify, so it is not published.
    #[error("the new signature for {image} does not verify")]
    Unverifiable {
        /// The artifact.
        image: Pinned,
        /// What is wrong with it.
        source: Rejection,
    },
    /// No service vouches for it.
    #[error(transparent)]
    Vouch(#[from] VouchError),
    /// A countersignature is asked for of what is no signature of the artifact, or none that counts.
    #[error("{wanted} is no signature of {image} that counts; those that do are {found}")]
    NoSuchSignature {
        /// The artifact.
        image: Pinned,
        /// The digest asked for.
        wanted: Digest,
        /// The digests that could be asked for.
        found: Digests,
    },
    /// There is no signature to countersign.
    #[error("no signatures found for {image} to countersign")]
    NoSignatures {
        /// The artifact.
        image: Pinned,
    },
    /// The tag that is to keep a signature manifest has another.
    #[error("{name} has {found}, expected {expected}, the signature that is countersigned, or nothing")]
    NameTaken {
        /// The tag.
        name: Reference,
        /// What is signed.
        expected: Digest,
        /// What the tag has.
        found: Digest,
    },
}
