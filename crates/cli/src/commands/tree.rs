//! `tree`: what is attached to an image, in both formats, unverified.

mod graph;
mod json;
mod text;

use clap::Args;
use countersign::attachment::list::list_beneath;
use countersign_core::graph::{dot, html};

use super::Subcommand;
use crate::args::attachment::LocationArgs;
use crate::args::image::ImageArg;
use crate::args::output::TreeOutput;
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

    /// The form: text, json, or the graph as a page (html) or for Graphviz (dot); json shows a failure as JSON too
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    output: Option<TreeOutput>,

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
        let (image, location, beneath) = session.wait(async {
            let image = self.platform.resolve(&reference, &registry).await?;
            let location = self.location.of(&image, session)?;
            let beneath = list_beneath(&image, &registry, &location).await?;
            Ok((image, location, beneath))
        })?;
        let ui = session.ui();
        if self.output == Some(TreeOutput::Json) {
            return ui.print_json(&json::Tree::of(&reference, &image, &location, &beneath));
        }
        ui.info(&format!(
            "Nothing listed here is verified; {} verify does that.",
            session.program()
        ));
        let name = reference.to_string();
        let text = match self.output {
            Some(TreeOutput::Html) => html(&graph::of(&name, &image, &beneath)),
            Some(TreeOutput::Dot) => dot(&graph::of(&name, &image, &beneath)),
            _ => text::drawn(&name, &image, &location, &beneath, session.program()),
        };
        ui.print(text.as_bytes())
    }
}
