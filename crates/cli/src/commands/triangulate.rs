//! `triangulate`: the tag under which attachments of cosign v2's format are.

use clap::Args;
use countersign::attachment::Kind;

use super::Subcommand;
use crate::args::attachment::LocationArgs;
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Prints the tag of an attachment
#[derive(Args)]
pub(crate) struct Triangulate {
    #[command(flatten)]
    image: ImageArg,

    /// The kind of attachment: signature, attestation, sbom or digest
    #[arg(long = "type", value_name = "TYPE", default_value = "signature")]
    kind: String,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Triangulate {
    const NAME: &'static str = "triangulate";
    const ABOUT: &'static str = "Prints where an image's attachments are in cosign v2's format";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let kind = match self.kind.as_str() {
            "signature" => Some(Kind::Signature),
            "attestation" => Some(Kind::Attestation),
            "sbom" => Some(Kind::Sbom),
            "digest" => None,
            other => return Err(UsageError::because(format!("unknown attachment type {other}")).into()),
        };
        let reference = self.image.reference()?;
        let registry = self.registry.open(session)?;
        let image = session.wait(self.platform.resolve(&reference, &registry))?;
        let location = self.location.of(&image, session)?;
        let name = match kind {
            Some(kind) => location.tag(image.digest(), kind)?,
            None => location.repository().digest(image.digest().clone()),
        };
        session.ui().print_line(&name.to_string())
    }
}
