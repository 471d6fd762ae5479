//! `verify`: checks the signatures of images.

mod attached;
mod given;
mod images;
pub(super) mod mentioned;
mod names;
mod print;

use clap::Args;
use countersign::attachment::discover::Search;
use countersign_core::policy::{Claim, ClaimBinding, PredicateRule};
use countersign_oci::Pinned;

use super::Subcommand;
use crate::args::annotations::AnnotationArgs;
use crate::args::attachment::{self, AttachmentArgs, LocationArgs};
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
            let terms = self
                .trusted
                .terms_with_bases(self.claim()?, "signature", session, &http)
                .await?;
            images::verify(
                self,
                names,
                session,
                (terms.rules_online(&http), terms.bases()),
                &limits,
            )
            .await
        })
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
        if self.recursive && self.platform.pattern().is_some() {
            return Err(UsageError::because("--recursive and --platform exclude each other").into());
        }
        Ok(())
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
