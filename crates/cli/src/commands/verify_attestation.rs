//! `verify-attestation`: checks what is claimed of images.

mod images;
mod print;

use clap::Args;
use countersign::attachment::discover::{Limits, Search};
use countersign::policy_program::PolicyFiles;
use countersign::verify::Rules;
use countersign_core::policy::{Claim, ClaimBinding};

use super::Subcommand;
use crate::args::annotations::split_list;
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImagesArg;
use crate::args::output::AttestationOutput;
use crate::args::predicate_type::PredicateTypeArgs;
use crate::args::registry::RegistryArgs;
use crate::args::trusted_signer::TrustedSignerArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Verifies the attestations of images, with what is attached in either format
#[derive(Args)]
pub(crate) struct VerifyAttestation {
    #[command(flatten)]
    trusted: TrustedSignerArgs,
    #[command(flatten)]
    predicate_type: PredicateTypeArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    images: ImagesArg,

    /// What is printed: the envelopes (text, and the default), their statements, their predicates, or all with every verdict (json)
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    output: Option<AttestationOutput>,

    /// A policy that every statement must satisfy, a file in Rego or CUE; repeat it or separate several with commas
    #[arg(long, value_name = "FILE")]
    policy: Vec<String>,

    /// Checks that the attestation is about this image
    #[arg(long, default_value = "true")]
    check_claims: bool,

    /// The images are OCI layouts in folders, or oci-archive files
    #[arg(long)]
    local_image: bool,

    /// How many requests are under way at once
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_workers: usize,

    /// Looks for bundles too (the default); =false looks at the attestation tag only
    #[arg(long, default_value = "true")]
    new_bundle_format: bool,

    /// Looks at referrers too; they always are
    #[arg(long = "experimental-oci11", hide = true)]
    experimental_oci11: bool,
}

impl Subcommand for VerifyAttestation {
    const NAME: &'static str = "verify-attestation";
    const ABOUT: &'static str = "Verifies the attestations of images";
    const ARGUMENTS: &'static str = "IMAGE...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        self.images.texts()?;
        if self.max_workers == 0 {
            return Err(
                UsageError::because("please set the --max-worker flag to a value that is greater than 0").into(),
            );
        }
        self.predicate_type.parse()?;
        let files = self.policy_files(session)?;
        let mut limits = attachment::limits(self.max_workers, session)?;
        if !self.new_bundle_format {
            limits.search = Search::SignatureTag;
        }
        session.wait(self.verify(session, &files, &limits))
    }
}

impl VerifyAttestation {
    async fn verify(&self, session: &Session<'_>, files: &PolicyFiles, limits: &Limits) -> Result<(), Failure> {
        let http = self.registry.http(session)?;
        let claim = Claim::Attestation {
            predicate_type: Some(self.predicate_type.parse()?),
            binding: match self.check_claims {
                true => ClaimBinding::Required,
                false => ClaimBinding::InsecurelyIgnored,
            },
        };
        let terms = self.trusted.terms(claim, "attestation", session, &http).await?;
        for (language, of_language) in [("CUE", files.cue()), ("Rego", files.rego())] {
            if !of_language.is_empty() {
                let paths: Vec<String> = of_language.iter().map(|path| path.display().to_string()).collect();
                session.ui().info(&format!(
                    "will be validating against {language} policies: [{}]",
                    paths.join(" ")
                ));
            }
        }
        let asked = Asked {
            rules: terms.rules_online(&http),
            files,
        };
        images::verify(self, session, &asked, limits).await
    }

    /// The policies, each of which must be there.
    fn policy_files(&self, session: &Session<'_>) -> Result<PolicyFiles, Failure> {
        let paths: Vec<String> = self.policy.iter().flat_map(|text| split_list(text)).collect();
        for path in &paths {
            file::read(session.directory(), path, POLICY_LIMIT)?;
        }
        Ok(PolicyFiles::new(paths.iter().map(|path| session.path(path)))?)
    }
}

/// What an attestation must satisfy.
struct Asked<'a> {
    /// Who has signed it, and what it claims.
    rules: Rules<'a>,
    /// What its statement must say.
    files: &'a PolicyFiles,
}

/// The longest policy file, in bytes: as long as the program that judges by them reads.
const POLICY_LIMIT: u64 = 4 * 1024 * 1024;
