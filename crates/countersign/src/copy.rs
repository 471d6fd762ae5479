//! Copies an image with everything that belongs to it from one store to another.
//!
//! What belongs to an image: the manifests beneath an index; of each manifest the tags with its signatures, attestations
//! and SBOM, and the manifests that refer to it; of a base that is signed the tag of its layers; and of all these again the
//! same. The order of writing is blobs, the
//! manifests beneath an index, the index, what is attached, and last the name, so that a name never leads to something
//! that is not whole. Everything is asked for at the target before success is said.

mod bases;
mod blobs;
mod check;
mod found;
mod scope;
mod walk;
mod write;

use std::num::NonZeroUsize;

use countersign_core::Digest;
use countersign_oci::manifest::Manifest;
use countersign_oci::{Meter, Pinned, Reference, Store, StoreError};

pub use found::{Found, Part, Tag, TagState};
pub use scope::Scope;

use crate::attachment::Location;

/// Where an image is copied from.
pub struct Origin<'a, S> {
    /// The store.
    pub store: &'a S,
    /// The image.
    pub image: &'a Pinned,
    /// The image's manifest, where it is at hand.
    pub manifest: Option<Manifest>,
    /// Where the image's attachments are.
    pub location: &'a Location,
}

/// Where an image is copied to.
pub struct Destination<'a, T> {
    /// The store.
    pub store: &'a T,
    /// The name that the image gets there.
    pub name: &'a Reference,
}

/// What is copied, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CopyOptions {
    /// What is copied.
    pub scope: Scope,
    /// What happens to tags that are there with other content.
    pub existing: Existing,
    /// How many blobs are moved at once.
    pub at_once: NonZeroUsize,
    /// Counts the bytes as they move.
    pub progress: Progress,
}

impl CopyOptions {
    /// Everything is copied, and no tag is moved to other content.
    pub fn new() -> Self {
        Self {
            scope: Scope::Everything,
            existing: Existing::Kept,
            at_once: AT_ONCE,
            progress: Progress::default(),
        }
    }
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// What happens to tags that are there with other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and nothing is copied.
    Kept,
    /// The image's name gets what is copied. The tags of attachments stay, and nothing is copied: they may hold
    /// signatures that the source does not have.
    NameReplaced,
    /// All get what is copied.
    Replaced,
}

/// How far a copy is, in bytes of blobs.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// What is there already or has been moved.
    pub moved: Meter,
    /// What is known to belong to the image.
    pub expected: Meter,
}

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// Everything that belongs to the image.
    pub found: Found,
    /// How many blobs were there before, or were mounted from another repository.
    pub blobs_kept: usize,
    /// How many blobs were sent.
    pub blobs_sent: usize,
}

/// Why an image was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The name is taken.
    #[error("{name} already exists, with {found} instead of {copied}")]
    Exists {
        /// The name.
        name: Reference,
        /// The digest that it has.
        found: Digest,
        /// The digest that is copied.
        copied: Digest,
    },
    /// The name is a digest, and that of something else.
    #[error("{name} cannot be the name of {copied}")]
    OtherDigest {
        /// The name.
        name: Reference,
        /// The digest that is copied.
        copied: Digest,
    },
    /// A manifest is neither an image nor an index, so what belongs to it is not known.
    #[error("{name} is of the media type {media_type:?}, expected an image or an index")]
    Unknown {
        /// The manifest.
        name: Reference,
        /// Its media type.
        media_type: String,
    },
    /// A manifest or blob could not be copied.
    #[error("{what}")]
    Part {
        /// What was copied.
        what: String,
        /// What a store said.
        source: StoreError,
    },
    /// A store did not give or take something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target took something and does not have it.
    #[error("{what} was stored, and is not there")]
    Lost {
        /// What is not there.
        what: String,
    },
}

/// Tells of each manifest that is about to be written: its name in the source and its name in the target.
pub type Teller<'a> = &'a dyn Fn(&Reference, &Reference);

/// Copies an image with everything in the scope that belongs to it, and checks that it is there.
///
/// A source tag is resolved once; whatever it points at later, one image is copied. What the target has already is not
/// sent again, so a copy that was interrupted goes on where it was.
///
/// # Errors
/// [`CopyError`]; what was copied until then stays, and the name is not written.
pub async fn copy<S, T>(
    origin: Origin<'_, S>,
    destination: &Destination<'_, T>,
    options: &CopyOptions,
    tell: Teller<'_>,
) -> Result<Copied, CopyError>
where
    S: Store + Clone + Send + 'static,
    T: Store,
{
    let name = destination.name;
    if name.digest().is_some_and(|digest| digest != origin.image.digest()) {
        return Err(CopyError::OtherDigest {
            name: name.clone(),
            copied: origin.image.digest().clone(),
        });
    }
    let by_digest = name.repository().digest(origin.image.digest().clone());
    let destination = &Destination {
        store: destination.store,
        name: match options.scope {
            Scope::Everything => name,
            Scope::Only(_) => &by_digest,
        },
    };
    let mover = blobs::Mover::new(origin.store, destination, options);
    let walk = walk::Walk::new(&origin, &mover, &options.scope);
    let name_state = mover.name_state(origin.image.digest());
    let (name_state, found) = tokio::try_join!(name_state, walk.run(origin.manifest.clone()))?;
    write::write(&found, destination, name_state, tell).await?;
    check::is_there(&found, &mover.delivered(), destination).await?;
    Ok(Copied {
        blobs_kept: mover.kept(),
        blobs_sent: mover.sent(),
        found,
    })
}

/// How many blobs are moved at once, unless said otherwise.
pub const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
