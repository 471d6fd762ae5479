//! `dockerfile verify`: checks the signatures of the images that a Dockerfile names.

use clap::Args;
use countersign::mentions::dockerfile::{self, Ignored};

use crate::commands::Subcommand;
use crate::commands::verify::VerifyFlags;
use crate::commands::verify::mentioned::{FileArgs, Mentioned};
use crate::failure::Failure;
use crate::session::Session;

/// Verifies the images that a Dockerfile names
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    flags: VerifyFlags,

    #[command(flatten)]
    file: FileArgs,

    /// Verifies only the image that the last stage stands on
    #[arg(long)]
    base_image_only: bool,
}

impl Subcommand for Verify {
    const NAME: &'static str = "dockerfile verify";
    const ABOUT: &'static str = "Verifies the signatures of the images that a Dockerfile names";
    const ARGUMENTS: &'static str = "FILE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let (path, bytes) = self.file.read(session)?;
        let variables = session.variables();
        let found = dockerfile::read(&bytes, &variables).map_err(|source| Failure::Mentions {
            path: path.to_owned(),
            source,
        })?;
        for ignored in &found.ignored {
            session.ui().info(&match ignored {
                Ignored::Stage(name) => format!("- stage reference ignored: {name}"),
                Ignored::Scratch => "- scratch image ignored".to_owned(),
            });
        }
        let mentions = match (self.base_image_only, found.base) {
            (false, _) => found.mentions,
            (true, Some(base)) => found.mentions.into_iter().skip(base).take(1).collect(),
            (true, None) => Vec::new(),
        };
        Mentioned {
            what: "Dockerfile",
            bytes: &bytes,
            mentions,
        }
        .verify(&self.flags, &self.file, session)
    }
}
