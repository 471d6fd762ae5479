//! `helm pull`: a chart comes from a registry, verified where that is asked for.

use std::path::PathBuf;

use clap::Args;
use countersign_artifacts::helm::{self, ChartError, Provenance, Pulled, Version};
use countersign_oci::{Reference, Registry, Repository};

use super::{rest, told, told_signer, verified};
use crate::args::given;
use crate::args::image::exactly_one;
use crate::args::keyring::KeyringArgs;
use crate::args::registry::RegistryArgs;
use crate::args::usage::UsageError;
use crate::commands::Subcommand;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Pulls a chart
#[derive(Args)]
pub(crate) struct Pull {
    /// The chart, by tag or digest, or without either
    #[arg(value_name = "oci://CHART")]
    charts: Vec<String>,

    /// The version; the latest release, unless the chart's name has one
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,

    /// The folder that takes the chart
    #[arg(long, value_name = "DIR", default_value = ".")]
    destination: String,

    /// Writes the provenance file too, without verifying it
    #[arg(long)]
    prov: bool,

    /// Writes nothing but a chart that its provenance file vouches for, and that file
    #[arg(long)]
    verify: bool,

    /// Unpacks the chart to a folder of its name, instead of writing its archive
    #[arg(long)]
    untar: bool,

    /// With --untar: the folder in which that folder is made, in the one of --destination
    #[arg(long, value_name = "DIR", requires = "untar")]
    untardir: Option<String>,

    #[command(flatten)]
    keyring: KeyringArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Pull {
    const NAME: &'static str = "helm pull";
    const ABOUT: &'static str = "Pulls a chart from a registry, and verifies it where that is asked for";
    const ARGUMENTS: &'static str = "oci://CHART";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let name = rest(exactly_one(&self.charts)?)?;
        if self.keyring.is_given() && !self.verify {
            return Err(UsageError::because("--keyring is for --verify, which is not given").into());
        }
        if self.untar && self.prov {
            return Err(
                UsageError::because("--prov writes a file beside the archive, which --untar does not write").into(),
            );
        }
        let keyring = self.verify.then(|| self.keyring.read(session)).transpose()?;
        let wanted = match self.prov || self.verify {
            true => Provenance::Needed,
            false => Provenance::Ignored,
        };
        let registry = self.registry.open(session)?;
        let (shown, pulled) = session.wait(async {
            let (shown, reference) = self.reference(name, &registry).await?;
            Ok((shown, helm::pull(&registry, &reference, wanted).await?))
        })?;
        if let Some(media_type) = pulled.deprecated_media_type() {
            session
                .ui()
                .warn(&format!("chart media type {media_type} is deprecated"));
        }
        let (chart, file_name) = (pulled.chart(), pulled.chart().file_name());
        let provenance = pulled.provenance().map(|bytes| &bytes[..]).unwrap_or_default();
        let signer = keyring
            .map(|keyring| verified(chart, &file_name, provenance, &keyring, &shown, session))
            .transpose()?;
        told("Pulled", &shown, pulled.manifest().digest().as_str(), session)?;
        self.keep(&pulled, session)?;
        signer.map_or(Ok(()), |signer| told_signer(&signer, session))
    }
}

impl Pull {
    /// Writes what was pulled: the chart last, so that none is there without the file that vouches for it.
    fn keep(&self, pulled: &Pulled, session: &Session<'_>) -> Result<(), Failure> {
        let chart = pulled.chart();
        if self.untar {
            let parent = session.directory().join(&self.destination);
            let parent = parent.join(self.untardir.as_deref().unwrap_or_default());
            // without the dots, as it is told of
            helm::unpack(chart, &parent.components().collect::<PathBuf>())?;
            return Ok(());
        }
        let file_name = chart.file_name();
        if let Some(provenance) = pulled.provenance().filter(|_| self.prov || self.verify) {
            self.write(&format!("{file_name}.prov"), provenance, session)?;
        }
        self.write(&file_name, chart.archive(), session)
    }

    fn write(&self, name: &str, content: &[u8], session: &Session<'_>) -> Result<(), Failure> {
        let path = format!("{}/{name}", self.destination);
        file::write(session.directory(), &path, content, Mode::Public, Existing::Replace)
    }

    /// The name of the chart as it is shown, and as the registry knows it.
    async fn reference(&self, name: &str, registry: &Registry) -> Result<(String, Reference), Failure> {
        if name.contains('@') {
            if given(&self.version).is_some() {
                return Err(UsageError::because("--version: the chart is named by its digest").into());
            }
            return Ok((name.to_owned(), name.parse()?));
        }
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.replace('_', "+"))),
            _ => (name, None),
        };
        let parsed: Repository = repository.parse()?;
        let version = match (given(&self.version), tag) {
            (Some(version), Some(tag)) if version != tag => {
                let reason = format!("chart reference and version mismatch: {version} is not {tag}");
                return Err(UsageError::because(reason).into());
            }
            (Some(version), _) => version.to_owned(),
            (None, Some(tag)) => tag,
            (None, None) => {
                let tags = registry.tags(&parsed).await?;
                helm::latest(&tags).ok_or_else(|| ChartError::NoVersion {
                    repository: repository.to_owned(),
                })?
            }
        };
        if Version::parse(&version).is_none() {
            let reason = format!("{version}: expected a version such as 1.2.3");
            return Err(UsageError::because(reason).into());
        }
        let tag = helm::tag(&version);
        Ok((format!("{repository}:{tag}"), parsed.tag(&tag)?))
    }
}
