//! `download`: what is attached to an image, unverified.

mod attestation;
mod sbom;
mod signature;

use clap::Args;
use countersign::attachment::Kind;
use countersign::attachment::download::{Stored, download};
use countersign_core::Bundle;
use countersign_core::bundle::Content;
use countersign_core::payload::statement::{PAYLOAD_TYPE, Statement};
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Pinned, Registry};

use super::Entry;
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const GROUP: Entry = Entry::group(
    "download",
    "Prints what is attached to an image, without verifying it",
    &[
        Entry::of::<attestation::Attestation>(),
        Entry::of::<sbom::Sbom>(),
        Entry::of::<signature::Signature>(),
    ],
);

/// The image, and where its attachments are.
#[derive(Args)]
struct DownloadArgs {
    #[command(flatten)]
    image: ImageArg,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl DownloadArgs {
    /// Fetches what is attached: the layers of referrers that are wanted, and the tag of `kind`.
    async fn fetch(
        &self,
        kind: Kind,
        is_wanted: &(dyn Fn(&Manifest, &Descriptor) -> bool + Sync),
        registry: &Registry,
        session: &Session<'_>,
    ) -> Result<(Pinned, Vec<Stored>), Failure> {
        let image = self.platform.resolve(&self.image.reference()?, registry).await?;
        let location = self.location.of(&image, session)?;
        let limits = attachment::limits(PARALLEL, session)?;
        let found = download(&image, kind, is_wanted, registry, &location, &limits).await?;
        Ok((image, found))
    }
}

/// Prints a line for each attachment that has one. What cannot be read is told when all that can be is printed.
fn print_lines(
    found: &[Stored],
    session: &Session<'_>,
    line: impl Fn(&Stored, &[u8]) -> Result<Option<Vec<u8>>, String>,
) -> Result<usize, Failure> {
    let mut printed = 0;
    let mut unreadable = Vec::new();
    for stored in found {
        let line = match &stored.content {
            Ok(content) => line(stored, content),
            Err(error) => Err(chain(error)),
        };
        match line {
            Ok(Some(mut line)) => {
                // Line ends in JSON are never in a text.
                line.retain(|byte| !matches!(byte, b'\n' | b'\r'));
                line.push(b'\n');
                session.ui().print(&line)?;
                printed += 1;
            }
            Ok(None) => {}
            Err(reason) => unreadable.push(format!("  {}: {reason}", stored.place)),
        }
    }
    if unreadable.is_empty() {
        return Ok(printed);
    }
    Err(Failure::Unreadable { details: unreadable })
}

/// The statement in a bundle, where there is one.
fn statement_of(bundle: &Bundle) -> Option<Statement> {
    match bundle.content() {
        Content::Envelope(signed) if signed.envelope().payload_type() == PAYLOAD_TYPE => {
            Statement::parse(signed.envelope().payload()).ok()
        }
        _ => None,
    }
}

/// The most requests that are under way at once.
const PARALLEL: usize = 64;
