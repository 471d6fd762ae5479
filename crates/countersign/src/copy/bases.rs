//! The tag under which signatures of a base's layers are. It is named after the layers, so that it is found by what refers to the base.

use countersign_core::Digest;
use countersign_core::base::PREDICATE_TYPE;
use countersign_oci::manifest::Manifest;
use countersign_oci::{Reference, Store, StoreError};

use crate::attachment::referrer::PREDICATE_TYPE_ANNOTATION;
use crate::attachment::{Kind, Location};
use crate::base::{BaseError, Image};
use crate::sign::find;

/// The base that a manifest refers to with what is signed of its layers.
pub(super) fn signed(referrer: &Manifest) -> Option<&Digest> {
    let content = referrer.content();
    let kind = content.annotations.get(PREDICATE_TYPE_ANNOTATION)?;
    let subject = content.subject.as_ref().filter(|_| kind == PREDICATE_TYPE)?;
    Some(&subject.digest)
}

/// The tag of the layers of `base`; none where it is no image, or none whose layers are known.
pub(super) async fn tag<S: Store>(
    base: &Reference,
    store: &S,
    location: &Location,
) -> Result<Option<Reference>, StoreError> {
    let subject = match find(store, base).await {
        Ok(subject) => subject,
        // a list of referrers may be of what is not there
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let layers = match Image::read(subject, store).await {
        Ok(image) => image.layers,
        Err(BaseError::Store { source, .. }) => return Err(source),
        Err(_) => return Ok(None),
    };
    let chain_id = layers.chain_id(layers.len());
    let tag = chain_id.map(|chain_id| location.tag(chain_id, Kind::Base));
    Ok(tag.transpose()?)
}
