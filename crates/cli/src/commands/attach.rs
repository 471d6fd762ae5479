//! `attach`: what was made elsewhere is attached to an image.

mod attestation;
mod sbom;
mod signature;

use countersign::attachment::legacy::MediaTypes;
use countersign::sign::{Subject, find};
use countersign_oci::{Reference, Registry, StoreError};

use super::Entry;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

pub(super) const GROUP: Entry = Entry::group(
    "attach",
    "Attaches signatures, attestations and SBOMs made elsewhere to an image",
    &[
        Entry::of::<attestation::Attestation>(),
        Entry::of::<sbom::Sbom>(),
        Entry::of::<signature::Signature>(),
    ],
);

/// Finds the image that something is attached to.
async fn subject(reference: &Reference, registry: &Registry) -> Result<Subject, Failure> {
    find(registry, reference).await.map_err(|error| match error {
        StoreError::NotFound { .. } => Failure::NoTag {
            image: reference.to_string(),
        },
        other => other.into(),
    })
}

/// The media types of the tags of attachments.
fn media_types(session: &Session<'_>) -> MediaTypes {
    match session.environment().is_true(env::DOCKER_MEDIA_TYPES) {
        true => MediaTypes::Docker,
        false => MediaTypes::Oci,
    }
}

/// Reads a file, or standard input where it is called `-`.
fn input(given: &str, limit: u64, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
    match given {
        "-" => session.ui().read_stdin(limit),
        path => file::read(session.directory(), path, limit),
    }
}
