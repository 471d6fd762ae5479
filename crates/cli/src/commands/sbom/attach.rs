//! `sbom attach`: a bill of materials that was made elsewhere, signed in the same step.

use clap::Args;
use countersign::sign::find;

use super::bill::BillForm;
use super::publish::{Beside, PublishArgs};
use crate::args::attachment;
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::attach::sbom::Mode;
use crate::commands::{Fallback, Subcommand};
use crate::failure::Failure;
use crate::session::Session;

/// Attaches an SBOM, and signs it
#[derive(Args)]
pub(super) struct Attach {
    #[command(flatten)]
    image: ImageArg,

    /// The file with the SBOM, in any form of SPDX or CycloneDX, or syft's own; - for standard input
    #[arg(long, value_name = "FILE")]
    sbom: Option<String>,

    /// How the SBOM is attached: under a tag (legacy), or as a referrer (oci-1-1)
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Legacy)]
    registry_referrers_mode: Mode,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    publish: PublishArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Attach {
    const NAME: &'static str = "sbom attach";
    const ABOUT: &'static str =
        "Attaches a software bill of materials to an image; with --sign or --attest it is signed too";
    const ARGUMENTS: &'static str = "IMAGE";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let name = self.image.text()?;
        let Some(path) = &self.sbom else {
            let flags = "sbom".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        };
        let chosen = self.publish.choose(session)?;
        let limit = attachment::limits(1, session)?.attachment;
        let content = crate::commands::attach::input(path, limit, session)?;
        let Some(form) = BillForm::of(&content) else {
            let reason = format!("{path} is no SBOM: expected SPDX, CycloneDX, or syft's JSON");
            return Err(UsageError::because(reason).into());
        };
        if !self.publish.is_signed() && !self.publish.is_attested() {
            session
                .ui()
                .warn("the SBOM is attached unsigned: --sign signs it, --attest makes a signed statement of it");
        }
        let registry = self.registry.open(session)?;
        let http = self.registry.http(session)?;
        session.wait(async {
            let source = source::open(name, Names::Any, &registry, session).await?;
            let image = self.platform.resolve(&source.reference, &source.store).await;
            let subject = find(&source.store, &image?.reference()).await?;
            let credential = self.publish.open(chosen.as_ref(), session, &http).await?;
            let beside = Beside {
                store: &source.store,
                subject: &subject,
                mode: Some(self.registry_referrers_mode),
            };
            let by = credential.as_ref().zip(chosen.as_ref());
            self.publish.publish((content.into(), form), &beside, by, session).await
        })
    }
}
