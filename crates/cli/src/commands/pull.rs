//! `pull`: the files of an OCI artifact, written back.

use clap::Args;
use countersign_artifacts::pull::{Existing, PathTraversal};
use countersign_artifacts::{FileSpec, PullOptions, Pulled, pull};
use countersign_core::Digest;
use countersign_oci::manifest::Platform;
use countersign_oci::{Meter, Pinned, Store, StoreError};

use super::Subcommand;
use crate::args::concurrency::ConcurrencyArgs;
use crate::args::image::ImageArg;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::failure::Failure;
use crate::progress::ProgressArgs;
use crate::session::Session;

/// Pulls the files of an artifact
#[derive(Args)]
pub(crate) struct Pull {
    #[command(flatten)]
    image: ImageArg,

    /// The folder that takes the files
    #[arg(short = 'o', long = "output", id = "folder", value_name = "DIR", default_value = ".")]
    folder: String,

    /// Refuses to replace files that are there
    #[arg(short, long)]
    keep_old_files: bool,

    /// Writes files also outside the folder, where their names lead there
    #[arg(short = 'T', long)]
    allow_path_traversal: bool,

    /// Writes the configuration to FILE, where it has the media type
    #[arg(long, value_name = "FILE[:TYPE]")]
    config: Option<FileSpec>,

    /// Writes the files of what the artifact refers to as well, and so on
    #[arg(long)]
    include_subject: bool,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,

    #[command(flatten)]
    progress: ProgressArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Pull {
    const NAME: &'static str = "pull";
    const ABOUT: &'static str = "Pulls the files of an artifact from a registry";
    const ARGUMENTS: &'static str = "NAME";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let reference = self.image.reference()?;
        let registry = self.registry.open(session)?;
        let meter = Meter::default();
        let options = self.options(meter.clone());
        let bar = self.progress.bar(session.ui(), "Pulling", None, || meter.total());
        let folder = session.path(&self.folder);
        let all = session.wait_with(bar, async {
            let mut next = Some(registry.resolve(&reference).await?);
            let mut all: Vec<(Pinned, Pulled)> = Vec::new();
            while let Some(artifact) = next {
                let pulled = pull(&registry, &artifact, &folder, &options).await?;
                let subject = pulled.manifest().content().subject.as_ref();
                let subject = subject.filter(|_| self.include_subject);
                if subject.is_some() && all.len() == SUBJECTS {
                    return Err(too_deep(&artifact).into());
                }
                let by_digest = |digest: &Digest| artifact.repository().digest(digest.clone()).pin(digest.clone());
                next = subject.map(|subject| by_digest(&subject.digest));
                all.push((artifact, pulled));
            }
            Ok(all)
        })?;
        for (artifact, pulled) in &all {
            told(artifact, pulled, session)?;
        }
        Ok(())
    }
}

fn too_deep(artifact: &Pinned) -> StoreError {
    StoreError::TooLarge {
        what: format!("what {artifact} refers to, and so on,"),
        limit: format!("{SUBJECTS} artifacts"),
    }
}

fn told(artifact: &Pinned, pulled: &Pulled, session: &Session<'_>) -> Result<(), Failure> {
    for layer in pulled.skipped() {
        session
            .ui()
            .warn(&format!("layer {} has no title and was not written", layer.digest));
    }
    session.ui().info(&format!("Pulled {artifact}"));
    let mut text = String::new();
    for file in pulled.files() {
        let path = file.path.strip_prefix(session.directory()).unwrap_or(&file.path);
        text.push_str(&path.display().to_string());
        text.push('\n');
    }
    session.ui().print(text.as_bytes())
}

impl Pull {
    fn options(&self, meter: Meter) -> PullOptions {
        let mut options = PullOptions::new();
        options.meter = meter;
        options.at_once = self.concurrency.at_once();
        options.config.clone_from(&self.config);
        options.platform = self.platform.pattern().map(Platform::from);
        if self.keep_old_files {
            options.existing = Existing::Kept;
        }
        if self.allow_path_traversal {
            options.path_traversal = PathTraversal::Allowed;
        }
        options
    }
}

/// How many artifacts are followed from one to what it refers to.
const SUBJECTS: usize = 32;
