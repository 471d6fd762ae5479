//! `helm verify`: a packed chart is the one that its provenance file vouches for.

use std::path::Path;

use clap::Args;
use countersign_artifacts::helm::{ARCHIVE_LIMIT, Chart, PROVENANCE_LIMIT};

use super::{told_signer, verified};
use crate::args::image::exactly_one;
use crate::args::keyring::KeyringArgs;
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Verifies a chart
#[derive(Args)]
pub(crate) struct Verify {
    /// The chart's archive; its provenance file, CHART.prov, is beside it
    #[arg(value_name = "CHART")]
    charts: Vec<String>,

    #[command(flatten)]
    keyring: KeyringArgs,
}

impl Subcommand for Verify {
    const NAME: &'static str = "helm verify";
    const ABOUT: &'static str = "Verifies a packed chart by the provenance file beside it";
    const ARGUMENTS: &'static str = "CHART";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let path = exactly_one(&self.charts)?;
        let keyring = self.keyring.read(session)?;
        let archive = file::read(session.directory(), path, ARCHIVE_LIMIT)?;
        let provenance = file::read(session.directory(), &format!("{path}.prov"), PROVENANCE_LIMIT)?;
        let chart = Chart::parse(archive)?;
        let file_name = Path::new(path).file_name().and_then(|name| name.to_str());
        let file_name = file_name.unwrap_or(path);
        told_signer(
            &verified(&chart, file_name, &provenance, &keyring, path, session)?,
            session,
        )
    }
}
