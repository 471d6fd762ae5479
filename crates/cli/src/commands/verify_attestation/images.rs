//! The images whose attestations are verified, told of in the order given.

use std::ffi::OsStr;

use countersign::attachment::discover::Limits;
use countersign::policy_program::{PolicyFiles, Programs};
use countersign::verify::{Verified, verify_image};
use countersign_oci::Pinned;
use futures_util::stream::{self, StreamExt};

use super::print::{Report, Reporter};
use super::{Asked, VerifyAttestation};
use crate::args::source::{self, Names, Source};
use crate::failure::Failure;
use crate::session::Session;

/// Verifies every image that was named and reports on each, in the order given; fails with the worst.
pub(super) async fn verify(
    command: &VerifyAttestation,
    session: &Session<'_>,
    asked: &Asked<'_>,
    limits: &Limits,
) -> Result<(), Failure> {
    let registry = command.registry.open(session)?;
    let names = if command.local_image { Names::Local } else { Names::Any };
    let mut reporter = Reporter::new(command, session);
    let mut reports = stream::iter(command.images.texts()?)
        .map(|name| async {
            match source::open(name, names, &registry, session).await {
                Ok(source) => report(command, session, &source, asked, limits).await,
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
    asked: &Asked<'_>,
    limits: &Limits,
) -> Report {
    let image = match source.resolve(&source.reference).await {
        Ok(image) => image,
        Err(failure) => return Report::failed(&source.shown, failure),
    };
    let location = match command.location.of(&image, session) {
        Ok(location) => location,
        Err(failure) => return Report::failed(&source.shown, failure),
    };
    let outcome = verify_image(&image, &source.store, &location, asked.rules, limits, session.now()).await;
    let outcome = match outcome {
        Ok(verified) => satisfying(verified, &image, session, asked.files).await,
        Err(error) => Err(error.into()),
    };
    Report::new(&source.shown, &image, outcome)
}

/// Checks that the statement of each attestation satisfies the policies, as cosign has it: one that does not fails the image.
async fn satisfying(
    verified: Verified,
    image: &Pinned,
    session: &Session<'_>,
    files: &PolicyFiles,
) -> Result<Verified, Failure> {
    let programs = Programs {
        beside: session.program_folder(),
        search_path: session.environment().get("PATH").map(OsStr::to_owned),
    };
    let mut reasons = Vec::new();
    for (place, attestation) in &verified.accepted {
        let found = files.judge(attestation.payload_bytes(), &programs).await?;
        reasons.extend(found.into_iter().map(|reason| format!("{place}: {reason}")));
    }
    match reasons.is_empty() {
        true => Ok(verified),
        false => Err(Failure::NotAllowed {
            image: image.clone(),
            reasons,
        }),
    }
}
