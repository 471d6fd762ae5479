//! `tree`: what is attached to an image, in both formats, unverified.

mod json;

use std::fmt::Write as _;

use clap::Args;
use countersign::attachment::Kind;
use countersign::attachment::list::{Listing, list, list_beneath};

use super::Subcommand;
use crate::args::attachment::LocationArgs;
use crate::args::image::ImageArg;
use crate::args::output::{OutputArgs, OutputFormat};
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::failure::Failure;
use crate::session::Session;

/// Shows what is attached to an image
#[derive(Args)]
pub(crate) struct Tree {
    #[command(flatten)]
    image: ImageArg,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Tree {
    const NAME: &'static str = "tree";
    const ABOUT: &'static str = "Shows what is attached to an image, without verifying it";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        let registry = self.registry.open(session)?;
        if self.output.format() == Some(OutputFormat::Json) {
            let (image, location, beneath) = session.wait(async {
                let image = self.platform.resolve(&reference, &registry).await?;
                let location = self.location.of(&image, session)?;
                let beneath = list_beneath(&image, &registry, &location).await?;
                Ok((image, location, beneath))
            })?;
            return session
                .ui()
                .print_json(&json::Tree::of(&reference, &image, &location, &beneath));
        }
        let (location, listing) = session.wait(async {
            let image = self.platform.resolve(&reference, &registry).await?;
            let location = self.location.of(&image, session)?;
            let listing = list(&image, &registry, &location).await?;
            Ok((location, listing))
        })?;
        session.ui().info(&format!(
            "Nothing listed here is verified; {} verify does that.",
            session.program()
        ));
        let repository = location.repository().to_string();
        session
            .ui()
            .print(drawn(&reference.to_string(), &repository, &listing, session.program()).as_bytes())
    }
}

fn drawn(image: &str, repository: &str, listing: &Listing, program: &str) -> String {
    let mut text = format!("📦 Supply Chain Security Related artifacts for an image: {image}\n");
    if listing.tags.is_empty() && listing.referrers.is_empty() {
        let _infallible = write!(
            text,
            "No Supply Chain Security Related Artifacts found for image {image},\n start creating one with simply running$ {program} sign <img>\n"
        );
        return text;
    }
    for tag in &listing.tags {
        let heading = match tag.kind {
            Kind::Signature => "🔐 Signatures",
            Kind::Attestation => "💾 Attestations",
            Kind::Sbom => "📦 SBOMs",
            _ => "📎 Attachments",
        };
        let _infallible = writeln!(text, "└── {heading} for an image tag: {}", tag.name);
        for (index, layer) in tag.layers.iter().enumerate() {
            let branch = if index + 1 == tag.layers.len() {
                "└──"
            } else {
                "├──"
            };
            let _infallible = writeln!(text, "   {branch} 🍒 {layer}");
        }
    }
    for referrer in &listing.referrers {
        let _infallible = writeln!(
            text,
            "└── 🔗 {} artifacts via OCI referrer: {repository}@{}",
            referrer.kind, referrer.digest
        );
    }
    text
}
