//! `clean`: what is attached to an image goes, or what hangs on images that are gone.

use clap::{Args, ValueEnum};
use countersign::clean::{self, Attachment, Outcome, Scope};
use countersign_core::Digest;
use countersign_oci::{Reference, Registry, Repository, Store};

use super::Subcommand;
use crate::args::attachment::LocationArgs;
use crate::args::image::{at_least, exactly_one};
use crate::args::registry::RegistryArgs;
use crate::diagnostic::chain;
use crate::failure::Failure;
use crate::session::Session;

/// Removes attachments
#[derive(Args)]
pub(crate) struct Clean {
    /// The image, by tag or digest; with --orphans the repositories of images
    #[arg(value_name = "IMAGE", id = "image")]
    images: Vec<String>,

    /// What is removed, in both formats
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = Type::All)]
    kind: Type,

    /// Asks no question
    #[arg(short, long)]
    force: bool,

    /// Prints what would be removed, and removes nothing
    #[arg(long)]
    dry_run: bool,

    /// Removes what is attached to images that are not there any more
    #[arg(long)]
    orphans: bool,

    #[command(flatten)]
    location: LocationArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    Signature,
    Attestation,
    Sbom,
    Referrer,
    All,
}

impl Subcommand for Clean {
    const NAME: &'static str = "clean";
    const ABOUT: &'static str = "Removes what is attached to an image, or to images that are not there any more";
    const ARGUMENTS: &'static str = "IMAGE";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let registry = self.registry.open(session)?;
        let (of, found) = match self.orphans {
            true => session.wait(self.orphans(&registry, session))?,
            false => session.wait(self.attached(&registry, session))?,
        };
        if self.dry_run {
            return print(&found, session);
        }
        if found.is_empty() {
            session.ui().info(&format!("Nothing to remove from {of}"));
            return Ok(());
        }
        if !self.force {
            self.ask(&found, session)?;
        }
        session.wait(remove(&found, &of, &registry, session))
    }
}

impl Clean {
    async fn attached(&self, registry: &Registry, session: &Session<'_>) -> Result<(String, Vec<Attachment>), Failure> {
        let reference: Reference = exactly_one(&self.images)?.parse()?;
        let image = match reference.digest() {
            Some(digest) => reference.clone().pin(digest.clone()),
            None => registry.resolve(&reference).await?,
        };
        let location = self.location.of(&image, session)?;
        let found = clean::attached(&image, self.kind.scope(), registry, &location).await?;
        Ok((reference.to_string(), found))
    }

    async fn orphans(&self, registry: &Registry, session: &Session<'_>) -> Result<(String, Vec<Attachment>), Failure> {
        at_least(1, &self.images)?;
        let repositories = self
            .images
            .iter()
            .map(|text| text.parse::<Repository>())
            .collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<Attachment> = Vec::new();
        for repository in &repositories {
            // Of the name only the repository counts here.
            let digest = Digest::sha256(b"");
            let location = self
                .location
                .of(&repository.digest(digest.clone()).pin(digest), session)?;
            for orphan in clean::orphans(&repositories, self.kind.scope(), registry, &location).await? {
                if !found.contains(&orphan) {
                    found.push(orphan);
                }
            }
        }
        Ok((self.images.join(", "), found))
    }

    fn ask(&self, found: &[Attachment], session: &Session<'_>) -> Result<(), Failure> {
        let what = match self.kind {
            Type::Signature => "all signatures",
            Type::Attestation => "all attestations",
            Type::Sbom => "all SBOMs",
            Type::Referrer => "all referrer attestations and/or signatures",
            Type::All => "all signatures, SBOMs and attestations",
        };
        if self.orphans {
            for orphan in found {
                session.ui().info(&orphan.name().to_string());
            }
            session.ui().warn(&format!(
                "this will remove {what} of images that are not there any more"
            ));
        } else {
            session.ui().warn(&format!("this will remove {what} from the image"));
        }
        session.ui().confirm()
    }
}

impl Type {
    fn scope(self) -> Scope {
        match self {
            Self::Signature => Scope::Signatures,
            Self::Attestation => Scope::Attestations,
            Self::Sbom => Scope::Sboms,
            Self::Referrer => Scope::Referrers,
            Self::All => Scope::All,
        }
    }
}

/// Prints a line for each: its name, a tabulator, what it is.
fn print(found: &[Attachment], session: &Session<'_>) -> Result<(), Failure> {
    for attachment in found {
        session
            .ui()
            .print_line(&format!("{}\t{attachment}", attachment.name()))?;
    }
    Ok(())
}

/// Removes all that can be removed; the first failure is the outcome, the others are told.
async fn remove(found: &[Attachment], of: &str, registry: &Registry, session: &Session<'_>) -> Result<(), Failure> {
    clean::unlist(found, registry).await?;
    let mut failure = None;
    for attachment in found {
        let name = attachment.name();
        match clean::remove(attachment, registry).await {
            Ok(Outcome::Removed) => session.ui().info(&format!("Removed {name} from {of}")),
            Ok(Outcome::WasGone) => {}
            Ok(Outcome::OthersKept) => session.ui().info(&format!(
                "Removed {name} from {of}, but for what was added to it meanwhile"
            )),
            Ok(Outcome::Kept) => session.ui().info(&format!("Kept {name}: it lists other referrers")),
            Err(error) => match failure {
                None => failure = Some(error),
                Some(_) => session
                    .ui()
                    .warn(&format!("could not delete {name}: {}", chain(&error))),
            },
        }
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}
