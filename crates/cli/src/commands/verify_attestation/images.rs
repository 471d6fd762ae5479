//! The images whose attestations are verified, told of in the order given.

use countersign::attachment::discover::Limits;
use countersign::verify::verify_image;
use countersign_core::policy::Policy;
use countersign_oci::{Pinned, Store, StoreError};
use futures_util::stream::{self, StreamExt};

use super::VerifyAttestation;
use super::print::{Report, Reporter};
use crate::args::source::{self, Names, Source};
use crate::failure::Failure;
use crate::session::Session;

/// Verifies every image that was named and reports on each, in the order given; fails with the worst.
pub(super) async fn verify(
    command: &VerifyAttestation,
    session: &Session<'_>,
    policy: &Policy,
    limits: &Limits,
) -> Result<(), Failure> {
    let registry = command.registry.open(session)?;
    let names = if command.local_image { Names::Local } else { Names::Any };
    let mut reporter = Reporter::new(command, session);
    let mut reports = stream::iter(command.images.texts()?)
        .map(|name| async {
            match source::open(name, names, &registry, session).await {
                Ok(source) => report(command, session, &source, policy, limits).await,
                Err(failure) => Report::failed(name, failure),
            }
        })
        .buffered(limits.parallel);
    while let Some(report) = reports.next().await {
        reporter.add(report)?;
    }
    reporter.finish()
}

async fn report(
    command: &VerifyAttestation,
    session: &Session<'_>,
    source: &Source,
    policy: &Policy,
    limits: &Limits,
) -> Report {
    let image = match pinned(source).await {
        Ok(image) => image,
        Err(failure) => return Report::failed(&source.shown, failure),
    };
    let location = match command.location.of(&image, session) {
        Ok(location) => location,
        Err(failure) => return Report::failed(&source.shown, failure),
    };
    let outcome = verify_image(&image, &source.store, &location, policy, limits, session.now()).await;
    Report::new(&source.shown, &image, outcome.map_err(Failure::from))
}

async fn pinned(source: &Source) -> Result<Pinned, Failure> {
    let reference = &source.reference;
    match reference.digest() {
        Some(digest) => Ok(reference.clone().pin(digest.clone())),
        None => match source.store.resolve(reference).await {
            Ok(pinned) => Ok(pinned),
            Err(StoreError::NotFound { .. }) => Err(Failure::NoTag {
                image: reference.to_string(),
            }),
            Err(error) => Err(error.into()),
        },
    }
}
