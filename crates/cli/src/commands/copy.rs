//! `copy`: an image with everything that belongs to it, from one place to another.

use clap::Args;
use countersign::attachment::Kind;
use countersign::copy::{Existing, Scope};

use super::Subcommand;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::args::target::Target;
use crate::args::transfer::{Told, TransferArgs};
use crate::args::usage::{UsageError, UsageKind};
use crate::failure::Failure;
use crate::session::Session;

/// Copies an image with what belongs to it
#[derive(Args)]
pub(crate) struct Copy {
    /// The image, and the name that its copy gets
    #[arg(value_name = "SOURCE TARGET")]
    arguments: Vec<String>,

    /// Copies only attachments of these kinds, with the image but without its name: sig, att, sbom
    #[arg(long, value_name = "KIND,...", value_delimiter = ',')]
    only: Vec<String>,

    /// The same as --only=sig
    #[arg(long, hide = true)]
    sig_only: bool,

    /// Replaces what is there under the names of the image and its attachments
    #[arg(short, long)]
    force: bool,

    #[command(flatten)]
    transfer: TransferArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Copy {
    const NAME: &'static str = "copy";
    const ABOUT: &'static str = "Copies an image with its signatures, attestations, SBOMs and all that refers to it";
    const ARGUMENTS: &'static str = "SOURCE TARGET";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let [from, to] = self.arguments.as_slice() else {
            return Err(UsageError::new(UsageKind::Count {
                expected: 2,
                found: self.arguments.len(),
            })
            .into());
        };
        let mut options = self.transfer.options();
        options.scope = self.scope()?;
        if self.force {
            options.existing = Existing::Replaced;
        }
        let registry = self.registry.open(session)?;
        let progress = options.progress.clone();
        let bar = self.transfer.bar(session, "Copying", &progress);
        session.wait_with(bar, async {
            let source = source::open(from, Names::Any, &registry, session).await?;
            let target = Target::open(to, options.existing, &registry, session).await?;
            let copied = self
                .transfer
                .run(session, &source, &target, &options, Told::Manifests)
                .await?;
            target.finish(&copied).await
        })
    }
}

impl Copy {
    fn scope(&self) -> Result<Scope, Failure> {
        let mut kinds = Vec::new();
        for word in self.only.iter().filter(|word| !word.is_empty()) {
            kinds.push(match word.as_str() {
                "sig" => Kind::Signature,
                "att" => Kind::Attestation,
                "sbom" => Kind::Sbom,
                _ => {
                    return Err(UsageError::because(format!(
                        "invalid value for --only: {word}, only the following values are supported: [sig sbom att]"
                    ))
                    .into());
                }
            });
        }
        if self.sig_only {
            kinds.push(Kind::Signature);
        }
        Ok(if kinds.is_empty() {
            Scope::Everything
        } else {
            Scope::Only(kinds)
        })
    }
}
