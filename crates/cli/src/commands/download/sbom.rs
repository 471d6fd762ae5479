//! `download sbom`: a software bill of materials that is attached, unsigned.

use clap::Args;
use countersign::attachment::Kind;
use countersign::attachment::sbom::ARTIFACT_TYPE;
use countersign_oci::{Descriptor, Manifest, Pinned, Registry, Store, StoreError};

use super::DownloadArgs;
use crate::args::pinned::platforms;
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Prints an SBOM
#[derive(Args)]
pub(crate) struct Sbom {
    #[command(flatten)]
    download: DownloadArgs,
}

impl Subcommand for Sbom {
    const NAME: &'static str = "download sbom";
    const ABOUT: &'static str = "Prints the software bill of materials that is attached to an image, unverified";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let registry = self.download.registry.open(session)?;
        let is_wanted = |manifest: &Manifest, _: &Descriptor| manifest.artifact_type() == Some(ARTIFACT_TYPE);
        session.wait(async {
            let (image, mut found) = self.download.fetch(Kind::Sbom, &is_wanted, &registry, session).await?;
            if found.len() > 1 {
                session.ui().warn(&format!(
                    "{} SBOMs are attached, the first one is printed: {}",
                    found.len(),
                    found[0].place
                ));
            }
            if found.is_empty() {
                return Err(none(&image, &registry, session).await?);
            }
            let sbom = found.swap_remove(0);
            let content = sbom.content?;
            session
                .ui()
                .warn("SBOM attachments are not signed: `verify-attestation` verifies a signed statement of an SBOM");
            session
                .ui()
                .info(&format!("Found SBOM of media type: {}", sbom.layer.media_type));
            session.ui().print(&content)
        })
    }
}

/// Says that there is none, and of an index where there may be some.
async fn none(image: &Pinned, registry: &Registry, session: &Session<'_>) -> Result<Failure, Failure> {
    let index = match registry.manifest(&image.reference()).await {
        Ok(manifest) => manifest.is_index().then_some(manifest),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(index) = index {
        session.ui().info(&format!(
            "\nThis multiarch image does not have an SBOM attached at the index level.\n\
             Try using --platform with one of the following architectures:\n{}\n",
            platforms(&index)
        ));
    }
    Ok(Failure::NoSbom {
        reference: image.to_string(),
    })
}
