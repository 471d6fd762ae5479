//! What signs, of use only where something is signed.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::args::credential::CredentialArgs;
use crate::args::format::FormatArgs;
use crate::args::services::{Chosen, ServiceArgs};
use crate::args::vouched::{Legacy, Places};
use crate::failure::Failure;
use crate::session::Session;

/// What signs, and in which formats.
#[derive(Clone)]
pub(super) struct SigningArgs(Flags);

#[derive(Args, Clone)]
struct Flags {
    #[command(flatten)]
    credential: CredentialArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    services: ServiceArgs,
}

impl SigningArgs {
    pub(super) fn credential(&self) -> &CredentialArgs {
        &self.0.credential
    }

    pub(super) fn format(&self) -> &FormatArgs {
        &self.0.format
    }

    /// Checks the flags against each other, and chooses the services; `legacy` is what is written in the form of cosign 2.
    pub(super) fn choose(&self, legacy: Legacy, session: &Session<'_>) -> Result<Chosen, Failure> {
        let chosen = self.0.services.choose(session)?;
        self.0.credential.check(&self.0.services, &chosen)?;
        let places = Places {
            certificate: None,
            timestamp: None,
            timestamp_flag: "--rfc3161-timestamp",
            legacy: match self.0.format.formats()?.has_legacy() {
                true => legacy,
                false => Legacy::Nothing,
            },
        };
        places.check(&chosen, self.0.credential.is_certified())?;
        Ok(chosen)
    }
}

/// The same flags as elsewhere, each of which needs `--sign` or `--attest`.
impl Args for SigningArgs {
    fn augment_args(command: Command) -> Command {
        let own = Flags::augment_args(Command::new("own"));
        let ids: Vec<_> = own.get_arguments().map(|arg| arg.get_id().clone()).collect();
        Flags::augment_args(command).mut_args(|arg| match ids.contains(arg.get_id()) {
            true => arg.requires(MADE),
            false => arg,
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SigningArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Flags::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        Flags::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// The group of what is signed.
pub(super) const MADE: &str = "made";
