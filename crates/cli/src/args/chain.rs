//! What is asked of the signatures of signatures.

use std::num::NonZero;

use clap::{Args, ValueEnum};
use countersign::attachment::discover::Limits;
use countersign::chain::Reach;
use countersign_core::chain::{Countersigners, Covers, Depth};
use countersign_core::policy::{CertificateLogRule, Quorum};
use countersign_oci::http::Http;

use super::attachment::bytes;
use super::signer_spec;
use super::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// What is asked of the signatures of signatures.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Flags of countersignatures")]
pub(crate) struct ChainArgs {
    /// Shows who signed the signatures, who signed those, and so on
    #[arg(long)]
    chain: bool,

    /// Asks that the signatures are countersigned by key=KEY or identity=IDENTITY,issuer=ISSUER; repeat it for several
    #[arg(long, value_name = "SIGNER")]
    require_countersign: Vec<String>,

    /// How many of the countersigners must have signed; without it all
    #[arg(long, value_name = "N", requires = "require_countersign")]
    countersign_threshold: Option<NonZero<usize>>,

    /// Whether all signatures that count must be countersigned, or any of them; without it all
    #[arg(long, value_name = "WHICH", value_enum)]
    countersign_covers: Option<Which>,

    /// Asks that the signatures are countersigned so many levels deep; the signature itself is the first
    #[arg(long, value_name = "N")]
    min_depth: Option<usize>,

    /// How many levels of signatures are looked at
    #[arg(long, value_name = "N")]
    chain_depth: Option<NonZero<usize>>,

    /// How many manifests are looked at
    #[arg(long, value_name = "N")]
    chain_nodes: Option<NonZero<usize>>,

    /// How many of those that refer to one manifest are looked at
    #[arg(long, value_name = "N")]
    chain_referrers: Option<NonZero<usize>>,

    /// The most bytes of one signature of a signature that are read, such as 2MiB
    #[arg(long, value_name = "SIZE")]
    chain_size: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    All,
    Any,
}

/// How far is looked, and how much is read.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) reach: Reach,
    pub(crate) limits: Limits,
}

impl ChainArgs {
    /// Says whether the chain is asked for.
    pub(crate) fn is_given(&self) -> bool {
        self.chain || self.is_asking()
    }

    /// Says whether there is anything to be refused for.
    fn is_asking(&self) -> bool {
        self.min_depth.is_some() || !self.require_countersign.is_empty()
    }

    /// Checks that no flag is passed over.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        let bounds = [
            (self.chain_depth.is_some(), "--chain-depth"),
            (self.chain_nodes.is_some(), "--chain-nodes"),
            (self.chain_referrers.is_some(), "--chain-referrers"),
            (self.chain_size.is_some(), "--chain-size"),
        ];
        match bounds.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, flag)) if !self.is_given() => Err(UsageError::because(format!(
                "{flag} bounds what --chain and --require-countersign look at, and neither is given"
            ))),
            _ if self.countersign_covers.is_some() && !self.is_asking() => Err(UsageError::because(
                "--countersign-covers goes with --require-countersign or --min-depth",
            )),
            _ => self.depth().map(drop),
        }
    }

    /// How many levels of signatures there must be.
    fn depth(&self) -> Result<Option<Depth>, UsageError> {
        let levels = |levels| {
            Depth::new(levels).ok_or_else(|| {
                UsageError::because(format!(
                    "--min-depth is {levels}, expected {} at least: the signature itself is 1, its countersignature 2",
                    Depth::LEAST
                ))
            })
        };
        self.min_depth.map(levels).transpose()
    }

    /// Reads who must have countersigned.
    pub(crate) async fn countersigners(
        &self,
        certificate_log: CertificateLogRule,
        session: &Session<'_>,
        http: &Http,
    ) -> Result<Option<Countersigners>, Failure> {
        let mut signers = Vec::new();
        for text in &self.require_countersign {
            signers.push(signer_spec::read("--require-countersign", text, certificate_log, session, http).await?);
        }
        let covers = match self.countersign_covers {
            None | Some(Which::All) => Covers::All,
            Some(Which::Any) => Covers::Any,
        };
        let depth = self.depth()?;
        let Some(all) = NonZero::new(signers.len()) else {
            return Ok(depth.map(|depth| Countersigners::of_depth(depth, covers)));
        };
        let quorum = Quorum::new(self.countersign_threshold.unwrap_or(all), signers)
            .map_err(|error| UsageError::because(format!("--require-countersign: {error}")))?;
        let countersigners = Countersigners::new(quorum, covers);
        Ok(Some(match depth {
            Some(depth) => countersigners.deep(depth),
            None => countersigners,
        }))
    }

    /// How far is looked, within what is allowed for the image itself, which must be as deep as is asked for.
    pub(crate) fn looked(&self, asked: Option<&Countersigners>, limits: &Limits) -> Result<Looked, UsageError> {
        let defaults = Reach::default();
        let or = |given: Option<NonZero<usize>>, default| given.map_or(default, NonZero::get);
        let depth = or(self.chain_depth, defaults.depth);
        if let Some(levels) = asked.and_then(Countersigners::depth).map(Depth::levels)
            && levels > depth
        {
            return Err(UsageError::because(format!(
                "a chain {levels} deep is asked for, and --chain-depth looks at {depth} levels"
            )));
        }
        let mut limits = limits.clone();
        if let Some(text) = &self.chain_size {
            let size = bytes(text);
            limits.attachment = size.filter(|size| *size > 0).ok_or_else(|| {
                UsageError::because(format!("--chain-size: expected a size such as 2MiB, found {text:?}"))
            })?;
        }
        Ok(Looked {
            reach: Reach {
                depth,
                nodes: or(self.chain_nodes, defaults.nodes),
                referrers: or(self.chain_referrers, defaults.referrers),
            },
            limits,
        })
    }
}
