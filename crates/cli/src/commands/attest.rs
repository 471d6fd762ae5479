//! `attest`: signs what is claimed of images and attaches it.

mod images;
mod output;

use clap::Args;
use countersign::attachment::discover::Limits;
use countersign::attachment::legacy::MediaTypes;
use countersign::attest::{AttestOptions, Claimed, GivenStatement};
use countersign_core::payload::predicate::{Predicate, PredicateType};
use countersign_core::payload::statement;

use super::Subcommand;
use crate::args::attachment::{self, LocationArgs};
use crate::args::format::FormatArgs;
use crate::args::image::ImagesArg;
use crate::args::predicate_type::PredicateTypeArgs;
use crate::args::registry::RegistryArgs;
use crate::args::services::ServiceArgs;
use crate::args::signer::SignerArgs;
use crate::args::unserved::{Attesting, Signing, Unserved};
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Signs what is claimed of images, and attaches it to them
#[derive(Args)]
pub(crate) struct Attest {
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    predicate_type: PredicateTypeArgs,
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

    /// The claim, a file; - is standard input
    #[arg(long, value_name = "FILE")]
    predicate: Option<String>,

    /// A whole in-toto statement that names the images, a file; it is signed as it is; - is standard input
    #[arg(long, value_name = "FILE")]
    statement: Option<String>,

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
            media_types: match session.environment().is_true(env::DOCKER_MEDIA_TYPES) {
                true => MediaTypes::Docker,
                false => MediaTypes::Oci,
            },
            created: match self.record_creation_timestamp {
                true => Some(env::source_date(session.environment())?.unwrap_or_else(|| session.now())),
                false => None,
            },
        };
        let limits = attachment::limits(self.max_workers, session)?;
        let claimed = self.claimed(session, &limits)?;
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

    /// Reads what is claimed.
    fn claimed(&self, session: &Session<'_>, limits: &Limits) -> Result<Claimed, Failure> {
        match (&self.predicate, &self.statement) {
            (Some(path), None) => {
                let predicate_type: PredicateType = self.predicate_type.parse()?;
                let content = read(path, session, limits)?;
                let predicate = Predicate::new(&predicate_type, content, session.now())
                    .map_err(|source| Failure::predicate(path, source))?;
                Ok(Claimed::Predicate {
                    predicate_type,
                    predicate,
                })
            }
            (None, Some(path)) => {
                let given = GivenStatement::parse(read(path, session, limits)?)
                    .map_err(|source| Failure::statement(path, source))?;
                let claimed = Claimed::Statement(given);
                self.predicate_type.check(claimed.predicate_type())?;
                Ok(claimed)
            }
            (None, None) => Err(UsageError::because(
                "at least one of the flags in the group [predicate statement] is required",
            )
            .into()),
            (Some(_), Some(_)) => Err(UsageError::because("--predicate and --statement exclude each other").into()),
        }
    }
}

/// Reads a file or standard input, and says so as cosign does.
fn read(path: &str, session: &Session<'_>, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let limit = limits.attachment.min(statement::LIMIT as u64);
    let is_stdin = path == "-";
    let shown = if is_stdin { "standard input" } else { path };
    session.ui().info(&format!("Using payload from: {shown}"));
    if !is_stdin {
        return file::read(session.directory(), path, limit);
    }
    let has_password = session.environment().get(env::PASSWORD).is_some() || session.ui().terminal().stdin;
    if !has_password {
        return Err(UsageError::because(format!(
            "standard input is what is claimed, so the key's password must be in {}",
            env::PASSWORD
        ))
        .into());
    }
    session.ui().read_stdin(limit)
}
