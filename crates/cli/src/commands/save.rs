//! `save`: an image with everything that belongs to it, as files that need no registry.

use clap::Args;
use countersign_oci::reference;

use super::Subcommand;
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::args::target::{LATEST, Target};
use crate::args::transfer::{PlaceArgs, Told, TransferArgs};
use crate::failure::Failure;
use crate::session::Session;

/// Saves an image with what belongs to it
#[derive(Args)]
pub(crate) struct Save {
    #[command(flatten)]
    image: ImageArg,

    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    transfer: TransferArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Save {
    const NAME: &'static str = "save";
    const ABOUT: &'static str = "Saves an image with all that belongs to it to a folder or a tar file";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let image = self.image.text()?;
        let place = self.place.place()?;
        let options = self.transfer.options();
        let registry = self.registry.open(session)?;
        let progress = options.progress.clone();
        let bar = self.transfer.bar(session, "Saving", &progress);
        session.wait_with(bar, async {
            let source = source::open(image, Names::Any, &registry, session).await?;
            let tag = match source.reference.target() {
                reference::Target::Tag(tag) => tag,
                reference::Target::Digest(_) => LATEST,
            };
            let target = Target::save(place, tag, session).await?;
            let copied = self
                .transfer
                .run(session, &source, &target, &options, Told::Nothing)
                .await?;
            target.finish(&copied).await
        })
    }
}
