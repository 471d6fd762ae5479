//! `digest`: the digest that a name has now.

use clap::Args;

use super::Subcommand;
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::failure::Failure;
use crate::session::Session;

/// Prints the digest of an image
#[derive(Args)]
pub(crate) struct Digest {
    #[command(flatten)]
    image: ImageArg,

    /// Prints REPOSITORY@DIGEST
    #[arg(long)]
    full_ref: bool,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Digest {
    const NAME: &'static str = "digest";
    const ABOUT: &'static str = "Prints the digest that a name has now";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        let registry = self.registry.open(session)?;
        let image = session.wait(self.platform.resolve(&reference, &registry))?;
        let text = if self.full_ref {
            image.to_string()
        } else {
            image.digest().to_string()
        };
        session.ui().print_line(&text)
    }
}
