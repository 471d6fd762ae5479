//! `attest`: signs what is claimed of images and attaches it.

mod images;
mod output;

use clap::Args;
use countersign::attest::AttestOptions;

use super::Subcommand;
use crate::args::attachment::{self, LocationArgs};
use crate::args::claimed::ClaimedArgs;
use crate::args::format::FormatArgs;
use crate::args::image::ImagesArg;
use crate::args::registry::RegistryArgs;
use crate::args::services::ServiceArgs;
use crate::args::signer::SignerArgs;
use crate::args::unserved::{Attesting, Signing, Unserved};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Signs what is claimed of images, and attaches it to them
#[derive(Args)]
pub(crate) struct Attest {
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    claimed: ClaimedArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    images: ImagesArg,
    #[command(flatten)]
    unserved: Unserved<Signing>,
    #[command(flatten)]
    unserved_attesting: Unserved<Attesting>,
    #[command(flatten)]
    services: ServiceArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    output: output::OutputArgs,

    /// Removes what is attached with the same predicate type, once the new one is in place
    #[arg(long)]
    replace: bool,

    /// Attests everything beneath an index too
    #[arg(short, long)]
    recursive: bool,

    /// Does not ask; nothing is asked yet
    #[arg(short, long, hide = true)]
    yes: bool,

    /// Records the time in the attestation manifest, or that of SOURCE_DATE_EPOCH (attestation tag only)
    #[arg(long)]
    record_creation_timestamp: bool,

    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_workers: usize,
}

impl Subcommand for Attest {
    const NAME: &'static str = "attest";
    const ABOUT: &'static str = "Signs what is claimed of images and attaches it";
    const ARGUMENTS: &'static str = "IMAGE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.check(session)?;
        let options = AttestOptions {
            formats: self.format.formats()?,
            media_types: attachment::media_types(session),
            created: attachment::created(self.record_creation_timestamp, session)?,
        };
        let limits = attachment::limits(self.max_workers, session)?;
        let claimed = self.claimed.read(session, &limits)?;
        session.wait(images::attest(&self, session, &claimed, options, &limits))
    }
}

impl Attest {
    /// Checks the flags against each other, and that no service is asked for.
    fn check(&self, session: &Session<'_>) -> Result<(), Failure> {
        self.unserved.refuse()?;
        self.unserved_attesting.refuse()?;
        self.images.texts()?;
        self.services.check(session)?;
        if self.max_workers == 0 {
            return Err(UsageError::because("--max-workers must be greater than 0").into());
        }
        self.output.check(self.format.formats()?)
    }
}
