//! Why it is not known on which bases an image stands, or that it does not stand on the right ones.

use countersign_core::base::{BaseRefusal, LayersError};
use countersign_core::quoted::Quoted;
use countersign_oci::{Pinned, StoreError};

/// Why the bases of an image are not what they must be, or not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// The content of a layer cannot be had from its blob.
    #[error("{image}: what is in layer {layer} cannot be compared with the configuration: {reason}")]
    Compressed {
        /// The image.
        image: Pinned,
        /// The number of the layer, from 1.
        layer: usize,
        /// Why not.
        reason: String,
    },
    /// What is attached to an image would stay with its old digest.
    #[error("{image} would get another digest, and {found} attachments would stay with this one")]
    HasAttachments {
        /// The image.
        image: Pinned,
        /// How many there are.
        found: usize,
    },
    /// The layers are not known.
    #[error("{image}")]
    Layers {
        /// The image.
        image: Pinned,
        /// Why not.
        source: LayersError,
    },
    /// An index lists no image.
    #[error("{image} has no image in it")]
    NoImage {
        /// The index.
        image: Pinned,
    },
    /// Nothing that counts says which manifest a base has.
    #[error(
        "{image}: nothing that counts names the manifest of the base {name}, so that its configuration is not known"
    )]
    NoManifest {
        /// The image.
        image: Pinned,
        /// What the base is called.
        name: String,
    },
    /// Nothing is signed of any base of the image.
    #[error("no signatures of bases found for {image}")]
    NoMarks {
        /// The image.
        image: Pinned,
    },
    /// A base is nowhere.
    #[error("{image}: its base is not there, so that its configuration is not known; looked for were {}", looked.join(", "))]
    NotReachable {
        /// The image.
        image: Pinned,
        /// Where it was looked for.
        looked: Vec<String>,
    },
    /// The image does not stand on the bases that it must.
    #[error("{image}: the bases are not what the policy asks for")]
    Refused {
        /// The image.
        image: Pinned,
        /// Why.
        source: BaseRefusal,
    },
    /// The store did not let us find out.
    #[error("{image}: what its bases are could not be read")]
    Store {
        /// The image.
        image: Pinned,
        /// What happened.
        source: StoreError,
    },
    /// A manifest cannot be written with marks of bases in it.
    #[error("{image} cannot be given marks of its bases: {reason}")]
    Unmarkable {
        /// The image.
        image: Pinned,
        /// Why not.
        reason: Quoted,
    },
}

impl BaseError {
    /// What a store said of `image`.
    pub(super) fn store(image: &Pinned) -> impl Fn(StoreError) -> Self + '_ {
        |source| Self::Store {
            image: image.clone(),
            source,
        }
    }

    /// That `image` is refused.
    pub(super) fn refused(image: &Pinned) -> impl Fn(BaseRefusal) -> Self + '_ {
        |source| Self::Refused {
            image: image.clone(),
            source,
        }
    }
}
