//! Finds what is attached to an artifact, in both formats.

mod finder;

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::Digest;
use countersign_core::bundle::{self, Bundle, BundleError};
use countersign_core::quoted::Quoted;
use countersign_oci::{Pinned, Store, StoreError};

use super::legacy::{BASE_LAYERS, ENVELOPE, SIMPLE_SIGNING};
use super::{Kind, Location, Place};
use finder::Finder;

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
    /// A signature is sought, the bundle is too large for one, and its manifest says that it is something else.
    #[error("is an attestation of {found} by its manifest's word, and too large for a signature")]
    Attestation {
        /// The predicate type that the manifest names.
        found: Quoted,
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
    /// What is signed of bases: bundles with a statement of one, and the layers of the `.base` tag.
    Bases,
}

impl Sought<'_> {
    /// The kind of the tag that holds them.
    fn kind(self) -> Kind {
        match self {
            Self::Signatures { .. } => Kind::Signature,
            Self::Attestations => Kind::Attestation,
            Self::Bases => Kind::Base,
        }
    }

    /// The most bytes of one that are read, within what the user allows.
    fn limit(self, allowed: u64) -> u64 {
        match self {
            Self::Signatures { .. } | Self::Bases => allowed.min(SIGNATURE),
            Self::Attestations => allowed.min(bundle::LIMIT as u64),
        }
    }

    /// The media type of their layers, where they are no bundles.
    fn layer(self) -> &'static str {
        match self {
            Self::Signatures { .. } => SIMPLE_SIGNING,
            Self::Attestations => ENVELOPE,
            Self::Bases => BASE_LAYERS,
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
    /// The most referrers that are looked at; the rest are passed over.
    pub referrers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            search: Search::Everywhere,
            parallel: 64,
            attachment: 128 * 1024 * 1024,
            referrers: usize::MAX,
        }
    }
}

/// Finds every signature or attestation attached to `image`: bundles among its referrers and layers of its tag. Each is
/// handed to `judge` as soon as it is there, and let go of; what `judge` says is returned in a stable order.
///
/// Both are asked for at once. An empty list means that the store says that nothing is there. However many there are,
/// 16 MiB of them are held at a time, or one that is larger.
///
/// # Errors
/// Whatever keeps us from knowing: a store that does not answer, a listing over its limit.
/// A single attachment whose content is wrong is reported in its place instead.
pub async fn discover<S: Store, T: Send>(
    image: &Pinned,
    store: &S,
    location: &Location,
    sought: Sought<'_>,
    limits: &Limits,
    judge: &(dyn Fn(Attached) -> T + Sync),
) -> Result<Vec<T>, StoreError> {
    let finder = Finder::new(image, store, location, sought, limits, judge);
    let (mut found, layers) = tokio::try_join!(finder.referrers(), finder.tag())?;
    found.extend(layers);
    Ok(found)
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

/// The most bytes of a signature: its statement is a digest and some annotations, with some log entries and timestamps
/// around it.
const SIGNATURE: u64 = 8 * 1024 * 1024;
