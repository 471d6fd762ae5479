//! `tag`: another tag for an image.

use clap::Args;
use countersign_oci::store::Condition;
use countersign_oci::{Reference, Store};

use super::Subcommand;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::failure::Failure;
use crate::session::Session;

/// Tags an image
#[derive(Args)]
pub(crate) struct Tag {
    /// The image, and the tags it gets
    #[arg(value_name = "IMAGE TAG")]
    arguments: Vec<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Tag {
    const NAME: &'static str = "tag";
    const ABOUT: &'static str = "Gives an image of a registry further tags in its repository";
    const ARGUMENTS: &'static str = "IMAGE TAG...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let (image, tags) = match self.arguments.split_first() {
            Some((image, tags)) if !tags.is_empty() => (image, tags),
            _ => {
                return Err(UsageError::new(UsageKind::TooFew {
                    expected: 2,
                    found: self.arguments.len(),
                })
                .into());
            }
        };
        let reference: Reference = image.parse()?;
        let names = tags
            .iter()
            .map(|tag| reference.repository().tag(tag))
            .collect::<Result<Vec<Reference>, _>>()?;
        let registry = self.registry.open(session)?;
        session.wait(async {
            let manifest = registry.manifest(&reference).await?;
            for name in &names {
                registry.push_manifest(name, &manifest, Condition::Always).await?;
                session.ui().info(&format!("Tagged {} as {name}", manifest.digest()));
            }
            Ok(())
        })
    }
}
