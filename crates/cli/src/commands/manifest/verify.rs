//! `manifest verify`: checks the signatures of the images that Kubernetes resources run.

use clap::Args;
use countersign::mentions::kubernetes;

use crate::commands::Subcommand;
use crate::commands::verify::VerifyFlags;
use crate::commands::verify::mentioned::{FileArgs, Mentioned};
use crate::failure::Failure;
use crate::session::Session;

/// Verifies the images that Kubernetes resources run
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    flags: VerifyFlags,

    #[command(flatten)]
    file: FileArgs,
}

impl Subcommand for Verify {
    const NAME: &'static str = "manifest verify";
    const ABOUT: &'static str = "Verifies the signatures of the images that Kubernetes resources run, YAML or JSON";
    const ARGUMENTS: &'static str = "FILE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let (path, bytes) = self.file.read(session)?;
        let mentions = kubernetes::read(&bytes).map_err(|source| Failure::Mentions {
            path: path.to_owned(),
            source,
        })?;
        Mentioned {
            what: "manifest",
            bytes: &bytes,
            mentions,
        }
        .verify(&self.flags, &self.file, session)
    }
}
