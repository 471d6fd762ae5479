//! `attach`: what was made elsewhere is attached to an image.

mod attestation;
pub(super) mod sbom;
mod signature;

use countersign::sign::{Subject, find};
use countersign_oci::{Reference, Registry};

use super::Entry;
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
    find(registry, reference)
        .await
        .map_err(|error| Failure::absent(error, reference))
}

/// Reads a file, or standard input where it is called `-`.
pub(super) fn input(given: &str, limit: u64, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
    match given {
        "-" => session.ui().read_stdin(limit),
        path => file::read(session.directory(), path, limit),
    }
}
