//! `discover`: what refers to an artifact, at all levels, as ORAS shows it; unverified.

mod show;

use clap::{Args, ValueEnum};
use countersign::attachment::referrers::{Wanted, tree};
use countersign::sign::find;

use super::Subcommand;
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Shows what refers to an artifact
#[derive(Args)]
pub(crate) struct Discover {
    #[command(flatten)]
    image: ImageArg,

    /// Only artifacts of this type
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<String>,

    /// Only so many levels; all, unless it is given
    #[arg(long, value_name = "NUMBER")]
    depth: Option<usize>,

    /// The form of the results: tree or json
    #[arg(short = 'o', long, alias = "output", value_name = "FORMAT", value_enum, default_value_t = Format::Tree)]
    format: Format,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Tree,
    Json,
}

impl Subcommand for Discover {
    const NAME: &'static str = "discover";
    const ABOUT: &'static str = "Shows what refers to an artifact, at all levels, without verifying it";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        if self.depth == Some(0) {
            return Err(UsageError::because("depth value should be at least 1").into());
        }
        let wanted = Wanted {
            artifact_type: self.artifact_type.as_deref(),
            depth: self.depth,
        };
        let registry = self.registry.open(session)?;
        let tree = session.wait(async {
            let image = self.platform.resolve(&reference, &registry).await?;
            let found = find(&registry, &image.reference()).await;
            let subject = found.map_err(|error| Failure::absent(error, &reference))?;
            Ok(tree(subject.descriptor, image.repository(), &registry, wanted).await?)
        })?;
        let name = reference.repository().to_string();
        let text = match self.format {
            Format::Tree => show::tree(&tree, &name),
            Format::Json => show::json(&tree, &name),
        };
        session.ui().print(text.as_bytes())
    }
}
