//! How an image with everything that belongs to it is moved: by `copy`, `save` and `load`.

use std::num::NonZeroUsize;

use clap::Args;
use countersign::copy::{Copied, CopyError, CopyOptions, Destination, Origin, Progress, copy};
use countersign::sign::find;
use countersign_oci::{AnyStore, Manifest, Pinned, Reference};

use super::attachment::LocationArgs;
use super::pinned::PlatformArgs;
use super::source::Source;
use super::target::{Place, Target};
use super::usage::{UsageError, UsageKind};
use crate::failure::Failure;
use crate::output::Ui;
use crate::progress::{Bar, ProgressArgs};
use crate::session::Session;

/// How an image is moved.
#[derive(Args, Clone, Debug)]
pub(crate) struct TransferArgs {
    /// How many blobs are moved at once
    #[arg(long, value_name = "NUMBER", default_value = "4")]
    concurrency: NonZeroUsize,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    progress: ProgressArgs,
}

/// Where on this machine an image is saved.
#[derive(Args, Clone, Debug)]
pub(crate) struct PlaceArgs {
    /// The folder with the image, an OCI image layout
    #[arg(long, value_name = "FOLDER")]
    dir: Option<String>,

    /// The tar file with the image, an OCI archive, instead of a folder
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    archive: Option<String>,
}

impl PlaceArgs {
    /// The place that was given.
    pub(crate) fn place(&self) -> Result<Place<'_>, Failure> {
        let given = |path: &Option<String>| path.as_ref().is_some_and(|path| !path.is_empty());
        match (&self.dir, &self.archive) {
            (Some(folder), _) if given(&self.dir) => Ok(Place::Folder(folder)),
            (_, Some(file)) if given(&self.archive) => Ok(Place::Archive(file)),
            _ => Err(UsageError::new(UsageKind::Required {
                flags: "dir".to_owned(),
            })
            .into()),
        }
    }
}

/// What is told of on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Each manifest that is written.
    Manifests,
    /// Nothing.
    Nothing,
}

impl TransferArgs {
    /// What is moved at once, and counted on the way.
    pub(crate) fn options(&self) -> CopyOptions {
        let mut options = CopyOptions::new();
        options.at_once = self.concurrency;
        options
    }

    /// A bar that counts `progress`.
    pub(crate) fn bar<'a>(
        &self,
        session: &Session<'_>,
        label: &'static str,
        progress: &'a Progress,
    ) -> Option<Bar<'a>> {
        let expected = || Some(progress.expected.total());
        self.progress
            .growing_bar(session.ui(), label, expected, || progress.moved.total())
    }

    /// Moves an image with what belongs to it.
    pub(crate) async fn run(
        &self,
        session: &Session<'_>,
        source: &Source,
        target: &Target,
        options: &CopyOptions,
        told: Told,
    ) -> Result<Copied, Failure> {
        let (image, manifest) = self.found(source).await?;
        let location = match source.is_local() {
            true => self.location.beside(&image),
            false => self.location.of(&image, session)?,
        };
        let origin = Origin {
            store: &source.store,
            image: &image,
            manifest,
            location: &location,
        };
        let destination: Destination<'_, AnyStore> = Destination {
            store: &target.store,
            name: &target.name,
        };
        let tell = |from: &Reference, to: &Reference| {
            if told == Told::Manifests {
                tell(session.ui(), &source.show(from), &target.show(to));
            }
        };
        let copied = copy(origin, &destination, options, &tell).await?;
        for name in copied.found.absent() {
            session.ui().warn(&format!(
                "{name} is in a list of referrers and does not exist; it was not copied"
            ));
        }
        Ok(copied)
    }
}

impl TransferArgs {
    /// The image by digest, with its manifest where that was read.
    async fn found(&self, source: &Source) -> Result<(Pinned, Option<Manifest>), Failure> {
        if self.platform.pattern().is_some() {
            return Ok((self.platform.resolve(&source.reference, &source.store).await?, None));
        }
        let found = find(&source.store, &source.reference).await?;
        Ok((found.image, Some(found.manifest)))
    }
}

/// Tells of a manifest in cosign's words, in the place of the bar where there is one.
fn tell(ui: &Ui<'_>, from: &str, to: &str) {
    if ui.terminal().stderr {
        ui.tell("\r\u{1b}[K");
    }
    ui.info(&format!("Copying {from} to {to}..."));
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Exists { name, .. } => Self::Exists { name: name.to_string() },
            other => Self::Copy(other),
        }
    }
}
