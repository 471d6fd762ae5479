//! `base`: whose the lowest layers of an image are.

mod attach;
mod show;
mod sign;
mod verify;

use countersign::base::{Hint, Image, images};
use countersign::sign::{Subject, find};
use countersign_core::base::{Candidate, Mark};
use countersign_core::bundle::KeyMaterial;
use countersign_core::certificate::Certificate;
use countersign_core::quoted::Quoted;
use countersign_oci::{AnyStore, Reference, Store};

use super::Entry;
use crate::failure::Failure;

pub(super) const GROUP: Entry = Entry::group(
    "base",
    "Signs images as bases of others, and verifies on which bases an image stands",
    &[
        Entry::of::<attach::Attach>(),
        Entry::of::<show::Show>(),
        Entry::of::<sign::Sign>(),
        Entry::of::<verify::Verify>(),
    ],
);

/// Finds what a name means now.
async fn subject(store: &AnyStore, reference: &Reference) -> Result<Subject, Failure> {
    let found = find(store, reference).await;
    found.map_err(|error| Failure::absent(error, reference))
}

/// Reads the image, or every image in the index.
async fn read<S: Store>(subject: &Subject, store: &S) -> Result<Vec<Image>, Failure> {
    let mut all = Vec::new();
    for image in images(subject, store).await? {
        all.push(Image::read(image, store).await?);
    }
    Ok(all)
}

/// Where signatures of a base that somebody names are: beside it, beside every image in it, and in its repository.
async fn hints_of(name: &str, store: &AnyStore) -> Result<Vec<Hint>, Failure> {
    let reference: Reference = name.parse()?;
    let base = subject(store, &reference).await?;
    let mut digests = vec![base.image.digest().clone()];
    digests.extend(
        images(&base, store)
            .await?
            .iter()
            .map(|image| image.image.digest().clone()),
    );
    digests.dedup();
    let hint = |digest| Hint {
        repository: reference.repository().clone(),
        digest: Some(digest),
    };
    Ok(digests.into_iter().map(hint).collect())
}

/// Who seems to have signed, *unverified*.
fn seeming_signer(candidate: &Candidate) -> String {
    let bundle = match &candidate.mark {
        Mark::Signature { .. } => return "a key".to_owned(),
        Mark::Statement { bundle, .. } => bundle,
        Mark::Unreadable { .. } => return "nobody".to_owned(),
    };
    if let Some(certificate) = bundle.certificates().first() {
        let certificate = Certificate::from_der(certificate);
        let name = certificate
            .ok()
            .and_then(|known| known.names().first().map(ToString::to_string));
        return Quoted::new(&name.unwrap_or_default()).to_string();
    }
    match bundle.key_material() {
        KeyMaterial::PublicKey { hint: Some(hint) } => format!("key {}", Quoted::new(hint)),
        KeyMaterial::Key(key) => format!("key {}", key.hint()),
        _ => "a key".to_owned(),
    }
}

/// `layer 1`, or `layers 1-3`.
fn lowest(count: usize) -> String {
    match count {
        1 => "layer 1".to_owned(),
        count => format!("layers 1-{count}"),
    }
}
