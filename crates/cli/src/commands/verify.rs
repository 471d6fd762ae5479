//! `verify`: checks the signatures of images.

mod attached;
mod chain;
mod given;
mod images;
pub(super) mod mentioned;
mod names;
mod print;

use clap::{Args, ValueEnum};
use countersign::attachment::discover::{Limits, Search};
use countersign::verify::Rules;
use countersign_core::base::BasePolicy;
use countersign_core::policy::{Claim, ClaimBinding, PredicateRule};
use countersign_oci::Pinned;

use super::Subcommand;
use crate::args::annotations::AnnotationArgs;
use crate::args::attachment::{self, AttachmentArgs, LocationArgs};
use crate::args::chain::ChainArgs;
use crate::args::current::{CurrentArgs, Looking};
use crate::args::output::VerifyOutputArgs;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::trusted_signer::TrustedSignerArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Verifies the signatures of images, with what is attached in either format
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    flags: VerifyFlags,

    #[command(flatten)]
    names: names::NamesArgs,
}

impl Subcommand for Verify {
    const NAME: &'static str = "verify";
    const ABOUT: &'static str = "Verifies the signatures of images";
    const ARGUMENTS: &'static str = "IMAGE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let names = self.names.read(session)?;
        self.flags.verify(&names, session).map(drop)
    }
}

/// How images are verified, wherever they are named.
#[derive(Args)]
pub(super) struct VerifyFlags {
    #[command(flatten)]
    trusted: TrustedSignerArgs,
    #[command(flatten)]
    annotations: AnnotationArgs,
    #[command(flatten)]
    attachment: AttachmentArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    output: VerifyOutputArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    platform: PlatformArgs,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    current: CurrentArgs,

    /// Checks that the signature is about this image, and its annotations
    #[arg(long, default_value = "true")]
    check_claims: bool,

    /// The images are OCI layouts in folders, or oci-archive files
    #[arg(long)]
    local_image: bool,

    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_workers: usize,

    /// The signature: a file, a URL or base64, instead of those that are attached; needs --payload
    #[arg(long, value_name = "SIGNATURE")]
    signature: Option<String>,

    /// The signed payload: a file; needs --signature
    #[arg(long, value_name = "FILE")]
    payload: Option<String>,

    /// Verifies an index and everything beneath it, each by its own signatures
    #[arg(short, long)]
    recursive: bool,

    /// With --recursive: verifies the manifests in which BuildKit keeps attestations too
    #[arg(long, requires = "recursive")]
    include_attestation_manifests: bool,

    /// With --platform: whose signature counts, the image's own, that of the index that lists it, or either
    #[arg(
        long,
        value_name = "WHOSE",
        value_enum,
        default_value = "either",
        requires = "platform"
    )]
    child: Child,

    /// Accepts an attestation as a signature, as cosign does up to 3.1.2
    #[arg(long)]
    insecure_accept_attestation: bool,

    /// Looks for bundles too (the default); =false looks at the signature tag only
    #[arg(long, default_value = "true")]
    new_bundle_format: bool,

    /// Looks at referrers too; they always are
    #[arg(long = "experimental-oci11", hide = true)]
    experimental_oci11: bool,
}

/// Whose signature counts for an image that an index lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Child {
    Own,
    ViaIndex,
    Either,
}

impl VerifyFlags {
    /// Verifies every image of `names` and tells of each; returns them by digest, in the order given, where all are verified.
    pub(super) fn verify(&self, names: &[String], session: &Session<'_>) -> Result<Vec<Pinned>, Failure> {
        self.check(names)?;
        let mut limits = attachment::limits(self.max_workers, session)?;
        if !self.new_bundle_format {
            limits.search = Search::SignatureTag;
        }
        session.wait(async {
            let http = self.registry.http(session)?;
            let chain = Some(&self.chain);
            let terms = self
                .trusted
                .terms_of_chain(self.claim()?, "signature", chain, session, &http);
            let terms = terms.await?;
            let looked = self.chain.looked(terms.countersigners(), &limits)?;
            let is_chain_asked = self.chain.is_given() || terms.countersigners().is_some();
            self.check_chain(is_chain_asked)?;
            let rules = terms.rules_online(&http);
            self.current.check(terms.bases())?;
            let bases = match terms.bases() {
                Some(policy) => Some(self.look_at_tags(policy, rules, &limits, session).await?),
                None => None,
            };
            let judging = images::Judging {
                rules,
                limits: &limits,
                countersigners: terms.countersigners(),
                chain: is_chain_asked.then_some(&looked),
                bases: bases.as_ref(),
            };
            images::verify(self, names, session, judging).await
        })
    }

    /// The policy on bases with what its tags are at now.
    async fn look_at_tags(
        &self,
        policy: &BasePolicy,
        rules: Rules<'_>,
        limits: &Limits,
        session: &Session<'_>,
    ) -> Result<BasePolicy, Failure> {
        let looking = Looking {
            session,
            registry: &self.registry.open(session)?,
            rules,
            limits,
        };
        self.current.look(policy.clone(), looking).await
    }

    /// Says whether what is verified are just the images that are named.
    pub(super) fn is_about_names_only(&self) -> bool {
        !self.recursive && self.platform.pattern().is_none() && self.attachment.kind().is_none() && !self.local_image
    }

    /// Checks the flags against each other.
    fn check(&self, names: &[String]) -> Result<(), Failure> {
        if self.max_workers == 0 {
            return Err(
                UsageError::because("please set the --max-worker flag to a value that is greater than 0").into(),
            );
        }
        if self.signature.is_some() != self.payload.is_some() {
            return Err(UsageError::because("--signature and --payload go together").into());
        }
        if self.signature.is_some() && (self.recursive || self.platform.pattern().is_some() || names.len() > 1) {
            return Err(
                UsageError::because("--signature is about one image: not with --recursive or --platform").into(),
            );
        }
        self.chain.check()?;
        if self.recursive && self.platform.pattern().is_some() {
            return Err(UsageError::because("--recursive and --platform exclude each other").into());
        }
        Ok(())
    }

    /// Checks the flags against what a chain needs, whether flags ask for it or a policy.
    fn check_chain(&self, is_asked: bool) -> Result<(), UsageError> {
        let reason = match is_asked {
            true if self.signature.is_some() => {
                "--signature and --chain exclude each other: a signature that is given is attached to nothing"
            }
            true if !self.check_claims => "--chain follows claims that are checked: not with --check-claims=false",
            _ => return Ok(()),
        };
        Err(UsageError::because(reason))
    }

    fn claim(&self) -> Result<Claim, Failure> {
        Ok(Claim::Signature {
            annotations: self.annotations.parse()?,
            binding: if self.check_claims {
                ClaimBinding::Required
            } else {
                ClaimBinding::InsecurelyIgnored
            },
            predicate: if self.insecure_accept_attestation {
                PredicateRule::InsecurelyAny
            } else {
                PredicateRule::Signature
            },
        })
    }
}
