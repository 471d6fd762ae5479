//! `sbom generate`: the packages of an image or a folder, as a document.

use clap::{Args, ValueEnum};
use countersign::sign::{Subject, find};
use countersign_artifacts::sbom::{About, Catalogue, Form, Severity, document, of_folder, of_image};
use countersign_oci::{AnyStore, Meter};
use jiff::Timestamp;

use super::publish::{Beside, PublishArgs};
use crate::args::image::exactly_one;
use crate::args::pinned::PlatformArgs;
use crate::args::registry::RegistryArgs;
use crate::args::source::{self, Names};
use crate::args::usage::UsageError;
use crate::commands::attach::sbom::Mode;
use crate::commands::{Fallback, Subcommand};
use crate::env;
use crate::failure::Failure;
use crate::progress::ProgressArgs;
use crate::session::Session;

/// Lists the packages of an image
#[derive(Args)]
pub(super) struct Generate {
    /// An image by tag or digest, oci:FOLDER, oci-archive:FILE, dir:FOLDER, or a path that begins with . or /
    #[arg(value_name = "IMAGE", id = "image")]
    images: Vec<String>,

    /// The form of the document
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = FormArg::SpdxJson)]
    output: FormArg,

    /// Succeeds also where the packages of a distribution cannot be read
    #[arg(long)]
    allow_incomplete: bool,

    /// Attaches the SBOM to the image
    #[arg(long)]
    attach: bool,

    /// How the SBOM is attached: under a tag (legacy, the default), or as a referrer (oci-1-1)
    #[arg(long, value_name = "MODE", value_enum, requires = "attach")]
    registry_referrers_mode: Option<Mode>,

    #[command(flatten)]
    platform: PlatformArgs,

    #[command(flatten)]
    publish: PublishArgs,

    #[command(flatten)]
    progress: ProgressArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormArg {
    #[value(name = "cyclonedx-json")]
    CycloneDxJson,
    SpdxJson,
    SpdxTagValue,
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::CycloneDxJson => Self::CycloneDxJson,
            FormArg::SpdxJson => Self::SpdxJson,
            FormArg::SpdxTagValue => Self::SpdxTagValue,
        }
    }
}

impl Subcommand for Generate {
    const NAME: &'static str = "sbom generate";
    const ABOUT: &'static str =
        "Lists the packages of an image or a folder as SPDX or CycloneDX; attaches, signs and attests the list";
    const ARGUMENTS: &'static str = "IMAGE";
    const FALLBACK: Fallback = Fallback::None;

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let text = exactly_one(&self.images)?;
        if self.publish.is_signed() && !self.attach {
            let reason = "--sign signs the SBOM that is attached: pass --attach with it, or --attest";
            return Err(UsageError::because(reason).into());
        }
        let name = Name::of(text, session);
        let made = match &name {
            Name::Folder(path) => self.of_folder(path, session)?,
            Name::Image(name, names) => self.of_image(name, *names, session)?,
        };
        if !self.is_published() || session.global().output_file().is_some() {
            session.ui().print(&made)?;
        }
        Ok(())
    }
}

/// What a bill is made of.
enum Name<'a> {
    Folder(&'a str),
    Image(&'a str, Names),
}

impl<'a> Name<'a> {
    /// Tells names apart: paths begin with a dot or a slash, so that a folder cannot take the place of an image.
    fn of(text: &'a str, session: &Session<'_>) -> Self {
        if let Some(path) = text.strip_prefix("dir:") {
            return Self::Folder(path);
        }
        if !text.starts_with(['.', '/']) {
            return Self::Image(text, Names::Any);
        }
        let path = session.path(text);
        match path.is_dir() && !path.join("oci-layout").is_file() {
            true => Self::Folder(text),
            false => Self::Image(text, Names::Local),
        }
    }
}

impl Generate {
    fn is_published(&self) -> bool {
        self.attach || self.publish.is_attested()
    }

    fn of_folder(&self, path: &str, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
        if self.is_published() || self.platform.pattern().is_some() {
            let reason = format!("{path} is a folder: --attach, --attest and --platform are of images");
            return Err(UsageError::because(reason).into());
        }
        let catalogue = of_folder(&session.path(path))?;
        let created = env::source_date(session.environment())?.unwrap_or_else(|| session.now());
        self.written(&catalogue, path.to_owned(), None, created, session)
    }

    fn of_image(&self, name: &str, names: Names, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
        let chosen = self.publish.choose(session)?;
        let registry = self.registry.open(session)?;
        let http = self.registry.http(session)?;
        let meter = Meter::default();
        let bar = self.progress.bar(session.ui(), "Reading", None, || meter.total());
        session.wait_with(bar, async {
            let source = source::open(name, names, &registry, session).await?;
            let image = self.platform.resolve(&source.reference, &source.store).await;
            let image = image.map_err(|failure| match failure {
                Failure::Store(error) => Failure::absent(error, &source.reference),
                other => other,
            })?;
            let credential = self.publish.open(chosen.as_ref(), session, &http);
            let catalogue = async { Ok::<_, Failure>(of_image(&source.store, &image, &meter).await?) };
            let (credential, catalogue) = tokio::try_join!(credential, catalogue)?;
            let repository = (!source.is_local()).then(|| image.repository().to_string());
            let shown = repository.clone().unwrap_or_else(|| source.shown.clone());
            let created = env::source_date(session.environment())?
                .or(catalogue.created)
                .unwrap_or(Timestamp::UNIX_EPOCH);
            let bill = self.written(&catalogue, shown, repository, created, session)?;
            if self.is_published() {
                let subject = find(&source.store, &image.reference()).await?;
                let by = credential.as_ref().zip(chosen.as_ref());
                self.publish(&bill, &source.store, &subject, by, session).await?;
            }
            Ok(bill)
        })
    }

    async fn publish(
        &self,
        bill: &[u8],
        store: &AnyStore,
        subject: &Subject,
        by: Option<(&countersign::credential::Credential, &crate::args::services::Chosen)>,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        let mode = self.registry_referrers_mode.unwrap_or(Mode::Legacy);
        let beside = Beside {
            store,
            subject,
            mode: self.attach.then_some(mode),
        };
        let bill = (bill.to_vec().into(), Form::from(self.output).into());
        self.publish.publish(bill, &beside, by, session).await
    }

    /// Writes the document, and tells what is missing in it.
    fn written(
        &self,
        catalogue: &Catalogue,
        name: String,
        repository: Option<String>,
        created: Timestamp,
        session: &Session<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let (databases, files): (Vec<_>, Vec<_>) = catalogue
            .gaps
            .iter()
            .partition(|gap| gap.severity == Severity::Database && !self.allow_incomplete);
        for gap in files.iter().take(GAPS_SHOWN) {
            session.ui().warn(&format!("packages may be missing: {gap}"));
        }
        if let Some(more) = files.len().checked_sub(GAPS_SHOWN + 1) {
            session.ui().warn(&format!(
                "packages may be missing: {} more files could not be read",
                more + 1
            ));
        }
        if !databases.is_empty() {
            return Err(Failure::PackagesUnreadable {
                details: databases.iter().map(|gap| format!("  {gap}")).collect(),
            });
        }
        let about = About {
            name,
            repository,
            created,
            tool: ("countersign", env!("CARGO_PKG_VERSION").to_owned()),
        };
        Ok(document(catalogue, &about, self.output.into()))
    }
}

/// How many files that could not be read are told one by one.
const GAPS_SHOWN: usize = 20;
