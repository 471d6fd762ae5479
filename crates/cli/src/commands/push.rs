//! `push`: files and folders become an OCI artifact, as ORAS makes it.

use clap::Args;
use countersign_artifacts::plan::{AbsolutePaths, Config, ImageSpec};
use countersign_artifacts::{Annotations, FileSpec, PackOptions, Plan, push};
use countersign_oci::manifest::Platform;
use countersign_oci::{Reference, Repository};

use super::Subcommand;
use crate::args::concurrency::ConcurrencyArgs;
use crate::args::image::at_least;
use crate::args::pinned::PlatformPattern;
use crate::args::registry::RegistryArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::progress::ProgressArgs;
use crate::session::Session;

/// Pushes files as an artifact
#[derive(Args)]
pub(crate) struct Push {
    /// The artifact's name, with tags separated by commas, then files and folders with their media types
    #[arg(value_name = "NAME FILE[:TYPE]")]
    arguments: Vec<String>,

    /// The type of the artifact
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<String>,

    /// The file that is the artifact's configuration
    #[arg(long, value_name = "FILE[:TYPE]", conflicts_with = "artifact_platform")]
    config: Option<FileSpec>,

    /// The platform the artifact is for
    #[arg(long, value_name = "PLATFORM")]
    artifact_platform: Option<PlatformPattern>,

    /// Adds the annotation KEY=VALUE to the manifest; repeat it for several
    #[arg(
        short,
        long = "annotation",
        value_name = "KEY=VALUE",
        conflicts_with = "annotation_file"
    )]
    annotations: Vec<String>,

    /// The file with annotations for manifest, configuration and files, JSON
    #[arg(long, value_name = "FILE")]
    annotation_file: Option<String>,

    /// Takes files by absolute paths
    #[arg(long)]
    disable_path_validation: bool,

    /// The version of the image specification for the manifest: v1.0 or v1.1
    #[arg(long, value_name = "VERSION", value_parser = image_spec)]
    image_spec: Option<ImageSpec>,

    /// Writes the manifest to FILE too
    #[arg(long, value_name = "FILE")]
    export_manifest: Option<String>,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,

    #[command(flatten)]
    progress: ProgressArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Push {
    const NAME: &'static str = "push";
    const ABOUT: &'static str = "Pushes files and folders to a registry as one artifact";
    const ARGUMENTS: &'static str = "NAME[:TAG[,TAG...]] FILE[:TYPE]...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        at_least(1, &self.arguments)?;
        let (name, files) = self.arguments.split_first().expect("there is one argument at least");
        let target = Target::parse(name)?;
        let files = files
            .iter()
            .map(|file| file.parse::<FileSpec>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| UsageError::because(error.to_string()))?;
        let options = self.options(session)?;
        let registry = self.registry.open(session)?;
        let plan = session.wait(async { Ok(Plan::of(&files, &options).await?) })?;
        let total = plan.layers().iter().map(|part| part.size()).sum();
        let moved = || plan.layers().iter().map(|part| part.meter().total()).sum();
        let bar = self.progress.bar(session.ui(), "Pushing", Some(total), moved);
        let tags: Vec<&str> = target.tags.iter().map(String::as_str).collect();
        let pushed = session.wait_with(bar, async {
            let at_once = self.concurrency.at_once();
            Ok(push(&registry, &target.repository, &tags, &plan, at_once).await?)
        })?;
        if let Some(path) = &self.export_manifest {
            let bytes = pushed.manifest().bytes();
            file::write(session.directory(), path, bytes, Mode::Public, Existing::Replace)?;
        }
        session.ui().info(&format!("Pushed {name}"));
        let pinned = target.repository.digest(pushed.digest().clone());
        session.ui().print_line(&pinned.to_string())
    }
}

impl Push {
    fn options(&self, session: &Session<'_>) -> Result<PackOptions, Failure> {
        let mut options = PackOptions::new(session.now());
        options.folder = session.directory().to_owned();
        options.artifact_type.clone_from(&self.artifact_type);
        options.image_spec = self.image_spec;
        options.config = match (&self.config, &self.artifact_platform) {
            (Some(file), _) => Config::File(file.clone()),
            (None, Some(pattern)) => Config::Platform(Platform::from(pattern)),
            (None, None) => Config::Empty,
        };
        if self.disable_path_validation {
            options.absolute_paths = AbsolutePaths::Allowed;
        }
        options.annotations = match &self.annotation_file {
            Some(path) => Annotations::from_json(&file::read(session.directory(), path, ANNOTATION_FILE_LIMIT)?)?,
            None => Annotations::of_manifest(&self.annotations)?,
        };
        Ok(options)
    }
}

/// Where an artifact goes: `repository`, `repository:tag,tag` or `repository@digest`.
struct Target {
    repository: Repository,
    tags: Vec<String>,
}

impl Target {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (first, more) = text.split_once(',').unwrap_or((text, ""));
        let reference: Reference = first.parse()?;
        if reference.digest().is_some() {
            let reason = format!("{text}: an artifact is pushed to a tag; its digest is not known before");
            return Err(UsageError::because(reason).into());
        }
        let mut tags = vec![reference.target().to_string()];
        tags.extend(more.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned));
        Ok(Self {
            repository: reference.repository().clone(),
            tags,
        })
    }
}

fn image_spec(text: &str) -> Result<ImageSpec, String> {
    match text {
        "v1.0" => Ok(ImageSpec::V1_0),
        "v1.1" => Ok(ImageSpec::V1_1),
        _ => Err("expected v1.0 or v1.1".to_owned()),
    }
}

/// The most bytes of an annotation file.
const ANNOTATION_FILE_LIMIT: u64 = 4 * 1024 * 1024;
