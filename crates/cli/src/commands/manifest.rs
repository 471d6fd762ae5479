//! `manifest`: the bytes of a manifest as they are in the registry; and the images that Kubernetes manifests name.

mod verify;

use clap::Args;
use countersign_oci::Store;

use super::{Entry, Subcommand};
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const ENTRY: Entry = Entry::with::<Manifest>(&[Entry::of::<verify::Verify>()]);

/// Prints a manifest
#[derive(Args)]
pub(crate) struct Manifest {
    #[command(flatten)]
    image: ImageArg,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Manifest {
    const NAME: &'static str = "manifest";
    const ABOUT: &'static str = "Prints a manifest, its bytes as they are in the registry";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        let registry = self.registry.open(session)?;
        let manifest = session.wait(async {
            let manifest = registry.manifest(&reference).await?;
            match self.platform.pattern() {
                None => Ok(manifest),
                Some(pattern) => {
                    let digest = pattern.choose(&manifest, &reference)?.digest.clone();
                    Ok(registry.manifest(&reference.repository().digest(digest)).await?)
                }
            }
        })?;
        session.ui().print(manifest.bytes())
    }
}
