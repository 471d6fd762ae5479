//! `push`: files and folders become an OCI artifact, as ORAS makes it.

use clap::Args;
use countersign::sign::find;
use countersign_artifacts::plan::{Config, ImageSpec};
use countersign_artifacts::{PackOptions, Plan, push};
use countersign_oci::manifest::Platform;
use countersign_oci::{Descriptor, Reference, Registry, Repository};

use super::Subcommand;
use crate::args::concurrency::ConcurrencyArgs;
use crate::args::image::at_least;
use crate::args::packing::{self, PackArgs};
use crate::args::pinned::PlatformPattern;
use crate::args::registry::RegistryArgs;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::progress::ProgressArgs;
use crate::session::Session;

/// Pushes files as an artifact
#[derive(Args)]
pub(crate) struct Push {
    /// The artifact's name, with tags separated by commas, then files and folders with their media types
    #[arg(value_name = "NAME FILE[:TYPE]")]
    arguments: Vec<String>,

    #[command(flatten)]
    packing: PackArgs,

    /// The platform the artifact is for
    #[arg(long, value_name = "PLATFORM", conflicts_with = "config")]
    artifact_platform: Option<PlatformPattern>,

    /// The version of the image specification for the manifest: v1.0 or v1.1
    #[arg(long, value_name = "VERSION", value_parser = image_spec)]
    image_spec: Option<ImageSpec>,

    /// The artifact that this one refers to, by tag or digest, in the same repository
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

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
        let files = packing::files(files)?;
        let mut options = self.options(session)?;
        let registry = self.registry.open(session)?;
        let plan = session.wait(async {
            options.subject = self.subject(&target, &registry).await?;
            Ok(Plan::of(&files, &options).await?)
        })?;
        let total = plan.layers().iter().map(|part| part.size()).sum();
        let moved = || plan.layers().iter().map(|part| part.meter().total()).sum();
        let bar = self.progress.bar(session.ui(), "Pushing", Some(total), moved);
        let tags: Vec<&str> = target.tags.iter().map(String::as_str).collect();
        let pushed = session.wait_with(bar, async {
            let at_once = self.concurrency.at_once();
            Ok(push(&registry, &target.repository, &tags, &plan, at_once).await?)
        })?;
        self.packing.export(pushed.manifest(), session)?;
        session.ui().info(&format!("Pushed {name}"));
        let pinned = target.repository.digest(pushed.digest().clone());
        session.ui().print_line(&pinned.to_string())
    }
}

impl Push {
    fn options(&self, session: &Session<'_>) -> Result<PackOptions, Failure> {
        let mut options = self.packing.options(session)?;
        options.image_spec = self.image_spec;
        if let Some(pattern) = &self.artifact_platform {
            options.config = Config::Platform(Platform::from(pattern));
        }
        Ok(options)
    }

    async fn subject(&self, target: &Target, registry: &Registry) -> Result<Option<Descriptor>, Failure> {
        let Some(name) = &self.subject else { return Ok(None) };
        let reference: Reference = name.parse()?;
        if reference.repository() != &target.repository {
            let reason = format!("--subject {name}: expected an artifact of {}", target.repository);
            return Err(UsageError::because(reason).into());
        }
        let found = find(registry, &reference).await;
        let subject = found.map_err(|error| Failure::absent(error, &reference))?;
        Ok(Some(subject.descriptor))
    }
}

/// Where an artifact goes: `repository`, `repository:tag,tag`.
struct Target {
    repository: Repository,
    /// None, where it is stored by its digest only.
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
        let has_tag = first.rsplit('/').next().is_some_and(|last| last.contains(':'));
        let mut tags: Vec<String> = Vec::new();
        if has_tag {
            tags.push(reference.target().to_string());
        }
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
