//! `load`: what `save` wrote, ours or cosign's, goes to a registry.

use clap::Args;
use countersign::copy::Existing;

use super::Subcommand;
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::args::target::Target;
use crate::args::transfer::{PlaceArgs, Told, TransferArgs};
use crate::failure::Failure;
use crate::session::Session;

/// Loads a saved image into a registry
#[derive(Args)]
pub(crate) struct Load {
    #[command(flatten)]
    image: ImageArg,

    #[command(flatten)]
    place: PlaceArgs,

    /// Replaces also the signature, attestation and SBOM tags that are there with other content
    #[arg(short, long)]
    force: bool,

    #[command(flatten)]
    transfer: TransferArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Load {
    const NAME: &'static str = "load";
    const ABOUT: &'static str = "Loads an image that was saved, with all that belongs to it, into a registry";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let image = self.image.text()?;
        let place = self.place.place()?;
        let mut options = self.transfer.options();
        options.existing = match self.force {
            true => Existing::Replaced,
            false => Existing::NameReplaced,
        };
        let registry = self.registry.open(session)?;
        let progress = options.progress.clone();
        let bar = self.transfer.bar(session, "Loading", &progress);
        session.wait_with(bar, async {
            let source = source::open(place.path(), Names::Local, &registry, session).await?;
            let target = Target::open(image, options.existing, &registry, session).await?;
            let copied = self
                .transfer
                .run(session, &source, &target, &options, Told::Nothing)
                .await?;
            target.finish(&copied).await
        })
    }
}
