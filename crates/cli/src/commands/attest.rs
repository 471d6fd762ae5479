//! `attest`: signs what is claimed of images and attaches it.

mod images;
mod output;

use clap::Args;
use countersign::attest::AttestOptions;

use super::Subcommand;
use crate::args::attachment::{self, LocationArgs};
use crate::args::claimed::ClaimedArgs;
use crate::args::credential::CredentialArgs;
use crate::args::entry_type::EntryTypeArgs;
use crate::args::format::FormatArgs;
use crate::args::image::ImagesArg;
use crate::args::registry::RegistryArgs;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::usage::UsageError;
use crate::args::vouched::{Legacy, Places};
use crate::failure::Failure;
use crate::session::Session;

/// Signs what is claimed of images, and attaches it to them
#[derive(Args)]
pub(crate) struct Attest {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    claimed: ClaimedArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    images: ImagesArg,
    #[command(flatten)]
    entry_type: EntryTypeArgs,
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
        let chosen = self.check(session)?;
        let options = AttestOptions {
            formats: self.format.formats()?,
            media_types: attachment::media_types(session),
            created: attachment::created(self.record_creation_timestamp, session)?,
        };
        let limits = attachment::limits(self.max_workers, session)?;
        let claimed = self.claimed.read(session, &limits)?;
        session.wait(images::attest(&self, session, &claimed, options, &limits, &chosen))
    }
}

impl Attest {
    /// Checks the flags against each other, and chooses the services.
    fn check(&self, session: &Session<'_>) -> Result<Chosen, Failure> {
        self.images.texts()?;
        let chosen = self.entry_type.apply(self.services.choose(session)?)?;
        self.credential.check(&self.services, &chosen)?;
        if self.max_workers == 0 {
            return Err(UsageError::because("--max-workers must be greater than 0").into());
        }
        let formats = self.format.formats()?;
        self.output.check(formats)?;
        let places = Places {
            certificate: None,
            timestamp: None,
            timestamp_flag: "--rfc3161-timestamp-bundle",
            legacy: match formats.has_legacy() {
                true => Legacy::Attestation,
                false => Legacy::Nothing,
            },
        };
        places.check(&chosen, self.credential.is_certified())?;
        Ok(chosen)
    }
}
