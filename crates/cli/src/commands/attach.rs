//! `attach`: files are attached to an artifact as ORAS does it; and what was signed or listed elsewhere, as cosign does it.

mod attestation;
mod sbom;
mod signature;

use clap::Args;
use countersign::sign::{Subject, find};
use countersign_artifacts::plan::ImageSpec;
use countersign_artifacts::{Plan, push};
use countersign_oci::{Reference, Registry};

use super::{Entry, Subcommand};
use crate::args::concurrency::ConcurrencyArgs;
use crate::args::image::at_least;
use crate::args::packing::{self, PackArgs};
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::usage::{UsageError, UsageKind};
use crate::failure::Failure;
use crate::file;
use crate::progress::ProgressArgs;
use crate::session::Session;

pub(super) const ENTRY: Entry = Entry::with::<Attach>(&[
    Entry::of::<attestation::Attestation>(),
    Entry::of::<sbom::Sbom>(),
    Entry::of::<signature::Signature>(),
]);

/// Attaches files
#[derive(Args)]
pub(crate) struct Attach {
    /// The artifact, by tag or digest, then files and folders with their media types
    #[arg(value_name = "NAME FILE[:TYPE]")]
    arguments: Vec<String>,

    #[command(flatten)]
    packing: PackArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    concurrency: ConcurrencyArgs,

    #[command(flatten)]
    progress: ProgressArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

impl Subcommand for Attach {
    const NAME: &'static str = "attach";
    const ABOUT: &'static str = "Attaches files, or signatures, attestations and SBOMs made elsewhere, to an image";
    const ARGUMENTS: &'static str = "NAME FILE[:TYPE]...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        at_least(1, &self.arguments)?;
        let (name, files) = self.arguments.split_first().expect("there is one argument at least");
        let reference: Reference = name.parse()?;
        if !self.packing.has_artifact_type() {
            let flags = "artifact-type".to_owned();
            return Err(UsageError::new(UsageKind::Required { flags }).into());
        }
        let files = packing::files(files)?;
        let mut options = self.packing.options(session)?;
        options.image_spec = Some(ImageSpec::V1_1);
        if files.is_empty() && options.annotations.manifest.is_empty() {
            return Err(UsageError::because("neither file nor annotation provided in the command").into());
        }
        let registry = self.registry.open(session)?;
        let (image, plan) = session.wait(async {
            let image = self.platform.resolve(&reference, &registry).await;
            let image = match image {
                Err(Failure::Store(error)) => return Err(Failure::absent(error, &reference)),
                other => other?,
            };
            let subject = subject(&image.reference(), &registry).await?;
            options.subject = Some(subject.descriptor);
            Ok((image, Plan::of(&files, &options).await?))
        })?;
        let total = plan.layers().iter().map(|part| part.size()).sum();
        let moved = || plan.layers().iter().map(|part| part.meter().total()).sum();
        let bar = self.progress.bar(session.ui(), "Attaching", Some(total), moved);
        let pushed = session.wait_with(bar, async {
            let at_once = self.concurrency.at_once();
            Ok(push(&registry, image.repository(), &[], &plan, at_once).await?)
        })?;
        self.packing.export(pushed.manifest(), session)?;
        session.ui().info(&format!("Attached to {}", image.reference()));
        let pinned = image.repository().digest(pushed.digest().clone());
        session.ui().print_line(&pinned.to_string())
    }
}

/// Finds the image that something is attached to.
async fn subject(reference: &Reference, registry: &Registry) -> Result<Subject, Failure> {
    find(registry, reference)
        .await
        .map_err(|error| Failure::absent(error, reference))
}

/// Reads a file, or standard input where it is called `-`.
fn input(given: &str, limit: u64, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
    match given {
        "-" => session.ui().read_stdin(limit),
        path => file::read(session.directory(), path, limit),
    }
}
