//! On which bases an image stands.

use std::collections::BTreeMap;

use countersign_core::base::{BasePolicy, Standing, judge};
use countersign_core::trust::TrustedRoot;
use countersign_oci::{Repository, Store};
use jiff::Timestamp;

use super::unpack::{unchecked, unpacked};
use super::{BaseError, Image, marks_elsewhere, own_marks};
use crate::attachment::Location;
use crate::attachment::discover::Limits;

/// What the bases of images are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Judging<'a> {
    /// On which bases an image must stand.
    pub policy: &'a BasePolicy,
    /// Whom to believe beyond a key.
    pub trust: &'a TrustedRoot,
    /// More repositories in which bases are looked for.
    pub repositories: &'a [Repository],
    /// Whether the configuration is believed where a look into a layer would tell.
    pub insecurely_trusts_configuration: bool,
    /// What is fetched, and how much of it.
    pub limits: &'a Limits,
}

/// Says on which bases an image stands, which is in `store`, with its attachments at the location; bases are looked for in `bases`.
///
/// No registry is asked that only the image names.
///
/// # Errors
/// [`BaseError`]; [`BaseError::Refused`] where the bases are known and not those that it must stand on.
pub async fn verify<S: Store, B: Store>(
    image: &Image,
    (store, location): (&S, &Location),
    bases: &B,
    judging: Judging<'_>,
    now: Timestamp,
) -> Result<Standing, BaseError> {
    let policy = judging.policy;
    let named = policy.bases.iter().flat_map(|base| &base.repositories);
    // those that are no names were refused with the policy
    let named = named.filter_map(|name| name.parse::<Repository>().ok());
    let repositories: Vec<Repository> = judging.repositories.iter().cloned().chain(named).collect();
    let mut candidates = own_marks(image, store, location, judging.limits).await?;
    candidates.extend(marks_elsewhere(image, bases, &repositories, &[], judging.limits).await?);
    let refused = BaseError::refused(&image.subject.image);
    let found = judge(&image.layers, &candidates, policy, judging.trust, now).map_err(&refused)?;
    let blobs = image.blobs();
    let unpacked = match judging.insecurely_trusts_configuration {
        true => BTreeMap::new(),
        false => unpacked(image, &found.unbound(&blobs), store).await?,
    };
    let unchecked = unchecked(judging.insecurely_trusts_configuration);
    found
        .settle(&image.layers, &blobs, &unpacked, unchecked, policy)
        .map_err(refused)
}
