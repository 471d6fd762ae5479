//! Flags of cosign for what this program does not do yet: accepted by the parser, refused with the reason.

use std::marker::PhantomData;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::usage::UsageError;
use crate::failure::Failure;

/// The flags of a list that were given.
#[derive(Clone, Debug)]
pub(crate) struct Unserved<L> {
    given: Vec<Flag>,
    list: PhantomData<L>,
}

/// A list of flags that are refused.
pub(crate) trait FlagList {
    const FLAGS: &'static [Flag];
}

/// A flag and what it needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    name: &'static str,
    takes: Takes,
    needs: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Value,
    Boolean,
}

impl<L: FlagList> Unserved<L> {
    /// Refuses the first flag that was given.
    pub(crate) fn refuse(&self) -> Result<(), Failure> {
        match self.given.first() {
            None => Ok(()),
            Some(flag) => Err(UsageError::because(format!("--{} needs {}", flag.name, flag.needs)).into()),
        }
    }
}

impl<L: FlagList> FromArgMatches for Unserved<L> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given = |flag: &&Flag| {
            matches.value_source(flag.name) == Some(ValueSource::CommandLine)
                && (flag.takes == Takes::Value || matches.get_one::<bool>(flag.name) == Some(&true))
        };
        Ok(Self {
            given: L::FLAGS.iter().filter(is_given).copied().collect(),
            list: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<L: FlagList> Args for Unserved<L> {
    fn augment_args(command: Command) -> Command {
        command.args(L::FLAGS.iter().map(|flag| {
            let arg = Arg::new(flag.name).long(flag.name).hide(true);
            match flag.takes {
                Takes::Value => arg.value_name("VALUE").action(ArgAction::Set),
                Takes::Boolean => arg.action(ArgAction::SetTrue),
            }
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The flags of all commands that sign.
#[derive(Clone, Debug)]
pub(crate) enum Signing {}

impl FlagList for Signing {
    const FLAGS: &'static [Flag] = &[
        value("oidc-client-secret-file", LOGIN),
        value("oidc-redirect-url", LOGIN),
        value("certificate", CERTIFICATE),
        value("certificate-chain", CERTIFICATE),
        boolean("insecure-skip-verify", CERTIFICATE),
    ];
}

/// The flags that `attest` and `attest-blob` have besides.
#[derive(Clone, Debug)]
pub(crate) enum Attesting {}

impl FlagList for Attesting {
    const FLAGS: &'static [Flag] = &[value("rekor-entry-type", ENTRY_TYPE)];
}

/// The flags that `sign-blob` has besides.
#[derive(Clone, Debug)]
pub(crate) enum SigningBlobs {}

impl FlagList for SigningBlobs {
    const FLAGS: &'static [Flag] = &[value("signing-algorithm", ALGORITHM)];
}

/// The flags of `verify`.
#[derive(Clone, Debug)]
pub(crate) enum Verifying {}

impl FlagList for Verifying {
    const FLAGS: &'static [Flag] = &[
        value("rekor-url", LOG),
        value("certificate", BESIDE),
        value("sct", BESIDE),
        value("rfc3161-timestamp", BESIDE),
    ];
}

/// The flags of `bundle create`.
#[derive(Clone, Debug)]
pub(crate) enum Certified {}

impl FlagList for Certified {
    const FLAGS: &'static [Flag] = &[
        value("rekor-url", LOG),
        value("certificate", VOUCHED),
        value("rfc3161-timestamp", VOUCHED),
    ];
}

/// The flags of `bundle upgrade`.
#[derive(Clone, Debug)]
pub(crate) enum Logged {}

impl FlagList for Logged {
    const FLAGS: &'static [Flag] = &[value("rekor-url", LOG)];
}

const fn value(name: &'static str, needs: &'static str) -> Flag {
    Flag {
        name,
        takes: Takes::Value,
        needs,
    }
}

const fn boolean(name: &'static str, needs: &'static str) -> Flag {
    Flag {
        name,
        takes: Takes::Boolean,
        needs,
    }
}

const LOG: &str = "a transparency log to ask: this version verifies by the entries that come with a signature";
const BESIDE: &str = "evidence beside the signature: this version verifies by what is attached or in the bundle";
const VOUCHED: &str = "a certificate or a timestamp in the bundle: this version makes bundles of keys only";
const LOGIN: &str =
    "a login in a browser, which this version does not have: pass --identity-token, or --fulcio-auth-flow device";
const CERTIFICATE: &str = "a certificate of one's own, with which this version does not sign";
const ENTRY_TYPE: &str =
    "a choice of entries, which this version does not have: Rekor 1 gets dsse, Rekor 2 hashedrekord";
const ALGORITHM: &str = "another algorithm for new keys than ECDSA P-256, which this version does not have";
