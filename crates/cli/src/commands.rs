//! The commands: one file each, listed here in the order that help shows.

mod attach;
mod attest;
mod attest_blob;
mod bundle;
mod clean;
mod completion;
mod copy;
mod digest;
mod discover;
mod dockerfile;
mod download;
mod env;
mod generate;
mod generate_key_pair;
mod helm;
mod import_key_pair;
mod initialize;
mod load;
mod login;
mod ls;
mod man;
mod manifest;
mod public_key;
mod pull;
mod push;
mod quickstart;
mod save;
mod serve;
mod sign;
mod sign_blob;
mod signing_config;
mod tag;
mod tree;
mod triangulate;
mod trusted_root;
mod upload;
mod verify;
mod verify_attestation;
mod verify_blob;
mod verify_blob_attestation;
mod version;

use clap::{ArgMatches, Args, Command};

use crate::failure::Failure;
use crate::session::Session;

/// A command: its flags are its fields, and running it is its one method.
pub(crate) trait Subcommand: Args {
    /// The words on the command line: `sign`, or after those of its group `attach signature`.
    const NAME: &'static str;
    /// What it does, in one line.
    const ABOUT: &'static str;
    /// The arguments in the usage line, `IMAGE...`; empty for none.
    const ARGUMENTS: &'static str = "";
    /// Whether `COSIGN_<FLAG>` stands in for a flag that is not given.
    const FALLBACK: Fallback = Fallback::Environment;
    /// Whether help lists it.
    const VISIBILITY: Visibility = Visibility::Listed;

    /// Does it.
    fn run(self, session: &Session<'_>) -> Result<(), Failure>;
}

/// Where the value of a flag that is not given comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// From `COSIGN_<FLAG>`, then the default.
    Environment,
    /// From the default.
    None,
}

/// Whether help lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Listed,
    Hidden,
}

/// A word of the table: a command, or a group of commands.
pub(crate) enum Entry {
    Command(Leaf),
    Group(Group),
}

/// A command in the table. Its flags are only built when it is the one that was asked for.
pub(crate) struct Leaf {
    /// Its words on the command line.
    pub(crate) name: &'static str,
    pub(crate) fallback: Fallback,
    about: &'static str,
    arguments: &'static str,
    visibility: Visibility,
    define: fn(Command) -> Command,
    execute: fn(&mut ArgMatches, &Session<'_>) -> Result<(), Failure>,
}

/// A word that stands before others.
pub(crate) struct Group {
    /// Its words on the command line.
    pub(crate) name: &'static str,
    /// What may follow.
    pub(crate) entries: &'static [Entry],
    /// What it does where none of them follows.
    pub(crate) own: Option<Leaf>,
    about: &'static str,
}

impl Entry {
    const fn of<S: Subcommand>() -> Self {
        Self::Command(Leaf::of::<S>())
    }

    const fn group(name: &'static str, about: &'static str, entries: &'static [Self]) -> Self {
        Self::Group(Group {
            name,
            entries,
            own: None,
            about,
        })
    }

    /// A command that others go on from.
    const fn with<S: Subcommand>(entries: &'static [Self]) -> Self {
        Self::Group(Group {
            name: S::NAME,
            entries,
            own: Some(Leaf::of::<S>()),
            about: S::ABOUT,
        })
    }

    /// What is run where nothing follows.
    pub(crate) fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Command(leaf) => Some(leaf),
            Self::Group(group) => group.own.as_ref(),
        }
    }

    /// All its words on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Command(leaf) => leaf.name,
            Self::Group(group) => group.name,
        }
    }

    /// Its last word.
    pub(crate) fn word(&self) -> &'static str {
        let name = self.name();
        name.rsplit_once(' ').map_or(name, |(_, word)| word)
    }

    /// The command or group for clap, flags deferred.
    pub(crate) fn command(&self, program: &str) -> Command {
        let command = Command::new(self.word());
        match self {
            Self::Command(leaf) => leaf.describe(command, program),
            Self::Group(group) => {
                let inner = group.entries.iter().map(|entry| entry.command(program));
                let command = command.disable_help_subcommand(true).subcommands(inner);
                match &group.own {
                    Some(leaf) => leaf.describe(command, program).args_conflicts_with_subcommands(true),
                    None => command
                        .about(group.about)
                        .override_usage(format!("{program} {} [command]", group.name)),
                }
            }
        }
    }
}

impl Leaf {
    const fn of<S: Subcommand>() -> Self {
        Self {
            name: S::NAME,
            fallback: S::FALLBACK,
            about: S::ABOUT,
            arguments: S::ARGUMENTS,
            visibility: S::VISIBILITY,
            define: define::<S>,
            execute: execute::<S>,
        }
    }

    fn describe(&self, command: Command, program: &str) -> Command {
        let arguments = self.arguments;
        let space = if arguments.is_empty() { "" } else { " " };
        command
            .about(self.about)
            .override_usage(format!("{program} {} [flags]{space}{arguments}", self.name))
            .hide(self.visibility == Visibility::Hidden)
            .defer(self.define)
    }

    /// The command for clap with its flags.
    pub(crate) fn defined(&self) -> Command {
        (self.define)(Command::new(self.name))
    }

    /// Runs the command with the flags of `matches`.
    pub(crate) fn execute(&self, matches: &mut ArgMatches, session: &Session<'_>) -> Result<(), Failure> {
        (self.execute)(matches, session)
    }
}

fn define<S: Subcommand>(command: Command) -> Command {
    crate::cli::cobra_style(S::augment_args(command))
        .about(S::ABOUT)
        .long_about(None)
}

fn execute<S: Subcommand>(matches: &mut ArgMatches, session: &Session<'_>) -> Result<(), Failure> {
    let subcommand = S::from_arg_matches_mut(matches)
        .map_err(|error| crate::cli::translate(&error, session.program(), Some(S::NAME)))?;
    subcommand.run(session).map_err(|failure| match failure {
        Failure::Usage(usage) => Failure::Usage(usage.of_command(Some(S::NAME))),
        other => other,
    })
}

/// Every command.
pub(crate) const ENTRIES: &[Entry] = &[
    attach::ENTRY,
    Entry::of::<attest::Attest>(),
    Entry::of::<attest_blob::AttestBlob>(),
    bundle::GROUP,
    Entry::of::<clean::Clean>(),
    Entry::of::<completion::Completion>(),
    Entry::of::<copy::Copy>(),
    Entry::of::<digest::Digest>(),
    Entry::of::<discover::Discover>(),
    dockerfile::GROUP,
    download::GROUP,
    Entry::of::<env::Env>(),
    Entry::of::<generate::Generate>(),
    Entry::of::<generate_key_pair::GenerateKeyPair>(),
    helm::GROUP,
    Entry::of::<import_key_pair::ImportKeyPair>(),
    Entry::of::<initialize::Initialize>(),
    Entry::of::<load::Load>(),
    Entry::of::<login::Login>(),
    Entry::of::<ls::Ls>(),
    Entry::of::<man::Man>(),
    manifest::ENTRY,
    Entry::of::<public_key::PublicKey>(),
    Entry::of::<pull::Pull>(),
    Entry::of::<push::Push>(),
    Entry::of::<quickstart::Quickstart>(),
    Entry::of::<save::Save>(),
    serve::ENTRY,
    Entry::of::<sign::Sign>(),
    Entry::of::<sign_blob::SignBlob>(),
    signing_config::GROUP,
    Entry::of::<tag::Tag>(),
    Entry::of::<tree::Tree>(),
    Entry::of::<triangulate::Triangulate>(),
    trusted_root::GROUP,
    upload::GROUP,
    Entry::of::<verify::Verify>(),
    Entry::of::<verify_attestation::VerifyAttestation>(),
    Entry::of::<verify_blob::VerifyBlob>(),
    Entry::of::<verify_blob_attestation::VerifyBlobAttestation>(),
    Entry::of::<version::Version>(),
];
