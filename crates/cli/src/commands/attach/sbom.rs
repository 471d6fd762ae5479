//! `attach sbom`: a software bill of materials.

use clap::{Args, ValueEnum};
use countersign::attachment::Kind;
use countersign::attachment::sbom::{ARTIFACT_TYPE, Sbom as Attached};
use countersign_oci::Store;

use super::input;
use crate::args::attachment::{self, LocationArgs};
use crate::args::image::ImageArg;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::session::Session;

/// Attaches an SBOM
#[derive(Args)]
pub(crate) struct Sbom {
    #[command(flatten)]
    image: ImageArg,

    /// The file with the SBOM; - for standard input
    #[arg(long, value_name = "FILE")]
    sbom: Option<String>,

    /// The type of the SBOM: spdx, cyclonedx or syft
    #[arg(long = "type", value_name = "TYPE", default_value = "spdx")]
    kind: String,

    /// The format of the SBOM: json, xml or text
    #[arg(long, value_name = "FORMAT", default_value = "", hide_default_value = true)]
    input_format: String,

    /// How the SBOM is attached: under a tag (legacy), or as a referrer (oci-1-1)
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Legacy)]
    registry_referrers_mode: Mode,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// How an SBOM is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum Mode {
    /// Under a tag.
    Legacy,
    /// As a referrer.
    #[value(name = "oci-1-1")]
    Oci11,
}

impl Subcommand for Sbom {
    const NAME: &'static str = "attach sbom";
    const ABOUT: &'static str = "Attaches a software bill of materials to an image, unsigned";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        let Some(path) = &self.sbom else {
            let flags = "sbom".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        };
        let media_type = media_type(&self.kind, &self.input_format, path)?;
        let limit = attachment::limits(1, session)?.attachment;
        let content = input(path, limit, session)?.into();
        let registry = self.registry.open(session)?;
        session
            .ui()
            .warn("SBOM attachments are not signed: `attest` makes a signed statement of an SBOM");
        session.wait(async {
            if self.registry_referrers_mode == Mode::Oci11 {
                let subject = super::subject(&reference, &registry).await?;
                let sbom = Attached::referring(content, media_type, &subject.descriptor)?;
                let name = sbom.reference(&self.location.of(&subject.image, session)?);
                session.ui().info(&format!(
                    "Uploading SBOM file for [{reference}] to [{name}] with config.mediaType [{ARTIFACT_TYPE}] layers[0].mediaType [{media_type}]."
                ));
                return Ok(sbom.store(&name, &registry).await?);
            }
            let digest = match reference.digest() {
                Some(digest) => digest.clone(),
                None => registry.resolve(&reference).await?.digest().clone(),
            };
            let image = reference.clone().pin(digest);
            let tag = self.location.of(&image, session)?.tag(image.digest(), Kind::Sbom)?;
            session.ui().info(&format!(
                "Uploading SBOM file for [{reference}] to [{tag}] with mediaType [{media_type}].\n"
            ));
            Ok(Attached::tagged(content, media_type)?.store(&tag, &registry).await?)
        })
    }
}

/// The media type, by cosign's rules: a name that ends with `.json` is JSON whatever else is said.
fn media_type(kind: &str, format: &str, path: &str) -> Result<&'static str, Failure> {
    let (formats, json, other): (&[&str], _, _) = match kind {
        "spdx" => (&["json", "text"], "text/spdx+json", "text/spdx"),
        "cyclonedx" => (
            &["json", "xml"],
            "application/vnd.cyclonedx+json",
            "application/vnd.cyclonedx+xml",
        ),
        "syft" => (&["json"], "application/vnd.syft+json", "application/vnd.syft+json"),
        _ => {
            let reason = format!("unknown SBOM type: {kind:?}, expected (spdx|cyclonedx|syft)");
            return Err(UsageError::because(reason).into());
        }
    };
    if !format.is_empty() && !formats.contains(&format) {
        let reason = format!(
            "invalid SBOM input format: {format:?}, expected ({})",
            formats.join("|")
        );
        return Err(UsageError::because(reason).into());
    }
    let is_json = format == "json" || path.ends_with(".json");
    Ok(if is_json { json } else { other })
}
