//! `generate`: the payload of a signature in cosign v2's format, unsigned.

use clap::Args;
use countersign_core::payload::simple_signing;

use super::Subcommand;
use crate::args::annotations::AnnotationArgs;
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::failure::Failure;
use crate::session::Session;

/// Prints an unsigned payload
#[derive(Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    image: ImageArg,

    #[command(flatten)]
    annotations: AnnotationArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Generate {
    const NAME: &'static str = "generate";
    const ABOUT: &'static str =
        "Prints the payload that a signature in cosign v2's format is over, for other tools to sign";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let annotations = self.annotations.parse()?;
        let reference = self.image.reference()?;
        let registry = self.registry.open(session)?;
        let image = session.wait(self.platform.resolve(&reference, &registry))?;
        let name = image.repository().to_string();
        session
            .ui()
            .print(&simple_signing::payload(&name, image.digest(), &annotations))
    }
}
