//! `helm push`: a packed chart goes to a registry.

use std::io::ErrorKind;
use std::path::Path;

use clap::Args;
use countersign_artifacts::helm::{self, ARCHIVE_LIMIT, Chart, PROVENANCE_LIMIT};
use countersign_oci::Repository;
use jiff::Timestamp;

use super::{rest, told};
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Pushes a chart
#[derive(Args)]
pub(crate) struct Push {
    /// The chart's archive, with its provenance file beside it where it has one, and the address of the repositories of charts
    #[arg(value_name = "CHART oci://ADDRESS")]
    arguments: Vec<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Push {
    const NAME: &'static str = "helm push";
    const ABOUT: &'static str = "Pushes a packed chart, and its provenance file where there is one, to a registry";
    const ARGUMENTS: &'static str = "CHART oci://ADDRESS";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let [path, address] = &self.arguments[..] else {
            let (expected, found) = (2, self.arguments.len());
            return Err(UsageError::new(UsageKind::Count { expected, found }).into());
        };
        let address = rest(address)?;
        let created = created(path, session)?;
        let chart = Chart::parse(file::read(session.directory(), path, ARCHIVE_LIMIT)?)?;
        let beside = format!("{path}.prov");
        let provenance = match file::read(session.directory(), &beside, PROVENANCE_LIMIT) {
            Err(Failure::File { source, .. }) if source.kind() == ErrorKind::NotFound => None,
            other => Some(other?.into()),
        };
        let packed = helm::pack(&chart, provenance, created)?;
        let tag = helm::tag(chart.metadata().version());
        let name = format!("{address}/{}", chart.metadata().name());
        let reference = name.parse::<Repository>()?.tag(&tag)?;
        let registry = self.registry.open(session)?;
        session.wait(async { Ok(helm::push(&registry, &reference, &packed).await?) })?;
        let digest = packed.manifest().digest().to_string();
        told("Pushed", &format!("{name}:{tag}"), &digest, session)
    }
}

/// When the archive was written.
fn created(path: &str, session: &Session<'_>) -> Result<Timestamp, Failure> {
    let looked = std::fs::metadata(session.path(Path::new(path)));
    let written = looked.and_then(|metadata| match metadata.is_dir() {
        true => Err(ErrorKind::IsADirectory.into()),
        false => metadata.modified(),
    });
    match written {
        Ok(written) => Ok(Timestamp::try_from(written).unwrap_or(Timestamp::UNIX_EPOCH)),
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            Err(UsageError::because("cannot push directory, must provide chart archive (.tgz)").into())
        }
        Err(source) => Err(Failure::File {
            action: "reading",
            path: path.to_owned(),
            source,
        }),
    }
}
