//! `initialize`: begins to trust a TUF repository.

use clap::Args;
use countersign::tuf::{self, Instance, Repository};
use countersign_core::trust::TrustedRoot;
use countersign_core::tuf::ROOT_LIMIT;
use countersign_core::{Digest, digest::DigestError};

use super::Subcommand;
use crate::args::given;
use crate::args::registry::plain_client;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::published::{self, PublishedError, SIGNING_CONFIG, TRUSTED_ROOT, What};
use crate::session::Session;

/// Begins to trust a TUF repository, which says whom else to trust and which services to use
#[derive(Args)]
pub(crate) struct Initialize {
    /// The repository: https://, http:// or file:///
    #[arg(long, value_name = "URL", default_value = Instance::PUBLIC_GOOD.mirror)]
    mirror: String,

    /// The root to begin with, a file or a URL; the public-good instance's comes with this program
    #[arg(long, value_name = "FILE")]
    root: Option<String>,

    /// The SHA-256 of the root, or sha512:HEX; without it a root from a URL is only as good as the way it came
    #[arg(long, value_name = "HEX")]
    root_checksum: Option<String>,

    /// Takes the staging instance of Sigstore
    #[arg(long)]
    staging: bool,
}

impl Subcommand for Initialize {
    const NAME: &'static str = "initialize";
    const ABOUT: &'static str = "Begins to trust a TUF repository";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        let folder = published::root_folder(session).map_err(|source| Failure::published(What::Trust, source))?;
        let mirror = match self.staging {
            true => Instance::STAGING.mirror,
            false => self.mirror.as_str(),
        };
        let failed = |source: PublishedError| Failure::published(What::Trust, source);
        let repository = Repository::at(mirror, &folder).map_err(|error| failed(error.into()))?;
        session.wait(async {
            let anchor = self.anchor(mirror, session).await?;
            let (now, http) = (session.now(), plain_client(session));
            let wanted = [SIGNING_CONFIG, TRUSTED_ROOT];
            let found = repository.initialize(&anchor, &wanted, now, &http).await;
            let mut found = found.map_err(|error| failed(error.into()))?.into_iter();
            if let Some(Err(error)) = found.next() {
                let reason = crate::diagnostic::chain(&error);
                session
                    .ui()
                    .warn(&format!("{mirror} has no {SIGNING_CONFIG}: {reason}"));
            }
            let root = found.next().transpose().map_err(|error| failed(error.into()))?;
            TrustedRoot::parse(&root.unwrap_or_default()).map_err(|source| {
                let (target, mirror) = (TRUSTED_ROOT, mirror.to_owned());
                failed(PublishedError::Content { target, mirror, source })
            })?;
            tuf::remember_mirror(&folder, mirror).map_err(|error| failed(error.into()))
        })
    }
}

impl Initialize {
    /// The root to begin with, which must be the one that its checksum names.
    async fn anchor(&self, mirror: &str, session: &Session<'_>) -> Result<Vec<u8>, Failure> {
        let Some(root) = given(&self.root).filter(|_| !self.staging) else {
            if given(&self.root_checksum).is_some() {
                return Err(UsageError::because("--root-checksum is about --root, which is not given").into());
            }
            return Ok(Instance::at(mirror).unwrap_or(Instance::PUBLIC_GOOD).root.to_owned());
        };
        let checksum = self.checksum()?;
        let is_remote = root.starts_with("https://") || root.starts_with("http://");
        if is_remote && checksum.is_none() {
            session.ui().warn(
                "the root is from a URL and has no --root-checksum: whoever answers there says whom to trust from now on",
            );
        }
        let bytes = match is_remote {
            true => plain_client(session).get(root, ROOT_LIMIT).await?.to_vec(),
            false => file::read(session.directory(), root, ROOT_LIMIT)?,
        };
        match checksum {
            Some(expected) if !expected.matches(&bytes) => Err(UsageError::because(format!(
                "{root} has the checksum {}, expected {expected}",
                Digest::of(expected.algorithm(), &bytes)
            ))
            .into()),
            _ => Ok(bytes),
        }
    }

    fn checksum(&self) -> Result<Option<Digest>, Failure> {
        let parse = |text: &str| match text.contains(':') {
            true => text.to_ascii_lowercase().parse(),
            false => format!("sha256:{}", text.to_ascii_lowercase()).parse(),
        };
        let wrong = |error: DigestError| UsageError::because(format!("--root-checksum: {error}")).into();
        given(&self.root_checksum).map(parse).transpose().map_err(wrong)
    }
}
