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

/// The flags that make files of the public instance's.
#[derive(Clone, Debug)]
pub(crate) enum Published {}

impl FlagList for Published {
    const FLAGS: &'static [Flag] = &[
        boolean("with-default-services", PUBLIC_ROOT),
        boolean("with-default-rekor-v2", PUBLIC_ROOT),
    ];
}

const fn boolean(name: &'static str, needs: &'static str) -> Flag {
    Flag {
        name,
        takes: Takes::Boolean,
        needs,
    }
}

const PUBLIC_ROOT: &str = "the trust root of the public instance, which this version does not fetch";
