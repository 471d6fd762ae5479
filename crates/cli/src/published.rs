//! Whom to trust and which services to use where nothing is said: what a TUF repository publishes of it.

use std::path::PathBuf;

use countersign::tuf::{self, Instance, Repository, TufFailure, View};
use countersign_core::trust::signing_config::SigningConfig;
use countersign_core::trust::{TrustError, TrustedRoot};
use countersign_core::tuf::{ROOT_LIMIT, Reach};

use crate::args::registry::plain_client;
use crate::args::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// What a TUF repository publishes.
pub(crate) struct Published {
    view: View,
    mirror: String,
    what: What,
}

/// What is looked for, and so what to say where it cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The services that sign.
    Services,
    /// Files made of what is published.
    Defaults,
    /// Whom to believe that a signature is good.
    Trust,
}

impl What {
    /// How to go on without.
    pub(crate) fn instead(self) -> &'static str {
        match self {
            Self::Services => {
                "without the network: --signing-config and --trusted-root name services in files, \
                 and --key with --tlog-upload=false signs with a key alone"
            }
            Self::Defaults => "without the network: leave --with-default-services out and describe the services",
            Self::Trust => {
                "without the network: --trusted-root says in a file whom to trust, \
                 and --key with --insecure-ignore-tlog verifies with a key alone"
            }
        }
    }
}

/// Why it is not known what is published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishedError {
    /// Nothing says where what is known is kept.
    #[error("neither TUF_ROOT nor HOME says where what is known of TUF repositories is kept")]
    NoFolder,
    /// Nothing says which root to begin with.
    #[error("no root of TUF repository {mirror} is known; `initialize --mirror {mirror} --root FILE` takes one")]
    NoRoot {
        /// The repository's address.
        mirror: String,
    },
    /// What is published is not what it is called.
    #[error("{target} of TUF repository {mirror}")]
    Content {
        /// The file.
        target: &'static str,
        /// The repository's address.
        mirror: String,
        /// What is wrong with it.
        source: TrustError,
    },
    /// The repository, or what is kept of it.
    #[error(transparent)]
    Tuf(#[from] TufFailure),
}

impl Published {
    /// Finds out what is published now. Where the repository cannot be asked, what it last published is taken as long as
    /// that has not expired.
    pub(crate) async fn look(what: What, reach: Reach, session: &Session<'_>) -> Result<Self, Failure> {
        let failed = |source: PublishedError| Failure::published(what, source);
        let root = root_folder(session).map_err(failed)?;
        let mirror = mirror(&root, session).map_err(failed)?;
        let repository = Repository::at(&mirror, &root).map_err(|error| failed(error.into()))?;
        let anchor = anchor(&mirror, &repository, session)?;
        let anchor = anchor.map_err(failed)?;
        let (now, http) = (session.now(), plain_client(session));
        let view = match repository.update(&anchor, reach, now, &http).await {
            Err(error) if error.is_unreachable() => {
                let Ok(view) = repository.update(&anchor, Reach::Kept, now, &http).await else {
                    return Err(failed(error.into()));
                };
                let warning = "gives no answer: what it last published is used, which has not expired";
                session.ui().warn(&format!("TUF repository {mirror} {warning}"));
                Ok(view)
            }
            looked => looked,
        };
        let view = view.map_err(|error| failed(error.into()))?;
        Ok(Self { view, mirror, what })
    }

    /// The trusted root that is published.
    pub(crate) async fn trusted_root(&mut self) -> Result<TrustedRoot, Failure> {
        let bytes = self.target(TRUSTED_ROOT).await?;
        TrustedRoot::parse(&bytes).map_err(|source| self.content(TRUSTED_ROOT, source))
    }

    /// The signing configuration that is published under a name.
    pub(crate) async fn signing_config(&mut self, target: &'static str) -> Result<SigningConfig, Failure> {
        let bytes = self.target(target).await?;
        SigningConfig::parse(&bytes).map_err(|source| self.content(target, source))
    }

    /// How messages name what is published.
    pub(crate) fn name_of(&self, target: &str) -> String {
        format!("{target} of {}", self.mirror)
    }

    async fn target(&mut self, target: &'static str) -> Result<Vec<u8>, Failure> {
        let found = self.view.target(target).await;
        found.map_err(|source| Failure::published(self.what, source.into()))
    }

    fn content(&self, target: &'static str, source: TrustError) -> Failure {
        let mirror = self.mirror.clone();
        let source = PublishedError::Content { target, mirror, source };
        Failure::published(self.what, source)
    }
}

/// Checks that no flag leaves out a part of what is not asked for.
pub(crate) fn check_left_out(flags: &[(bool, &str)]) -> Result<(), UsageError> {
    match flags.iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, flag)) => Err(UsageError::because(format!(
            "{flag} leaves out a part of --with-default-services, which is not given"
        ))),
    }
}

/// The folder in which what is known of repositories is kept, that of cosign.
pub(crate) fn root_folder(session: &Session<'_>) -> Result<PathBuf, PublishedError> {
    let variable = |name| session.environment().get(name).filter(|path| !path.is_empty());
    match (variable(env::TUF_ROOT), variable(env::HOME)) {
        (Some(folder), _) => Ok(session.path(folder)),
        (None, Some(home)) => Ok(session.path(home).join(".sigstore/root")),
        (None, None) => Err(PublishedError::NoFolder),
    }
}

fn mirror(root: &std::path::Path, session: &Session<'_>) -> Result<String, PublishedError> {
    if let Some(mirror) = session.environment().text(env::TUF_MIRROR) {
        return Ok(mirror.to_owned());
    }
    let remembered = tuf::remembered_mirror(root)?;
    Ok(remembered.unwrap_or_else(|| Instance::PUBLIC_GOOD.mirror.to_owned()))
}

/// The root to begin with: an instance's own is not to be replaced by anything on a disk.
fn anchor(
    mirror: &str,
    repository: &Repository,
    session: &Session<'_>,
) -> Result<Result<Vec<u8>, PublishedError>, Failure> {
    if let Some(instance) = Instance::at(mirror) {
        return Ok(Ok(instance.root.to_owned()));
    }
    if let Some(path) = session.environment().text(env::TUF_ROOT_JSON) {
        return file::read(session.directory(), path, ROOT_LIMIT).map(Ok);
    }
    Ok(match repository.kept_root() {
        Ok(Some(root)) => Ok(root),
        Ok(None) => Err(PublishedError::NoRoot {
            mirror: mirror.to_owned(),
        }),
        Err(error) => Err(error.into()),
    })
}

/// The target that says whom to trust.
pub(crate) const TRUSTED_ROOT: &str = "trusted_root.json";

/// The target that says which services to use.
pub(crate) const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// The target that says so for who wants entries in a Rekor 2.
pub(crate) const SIGNING_CONFIG_REKOR_2: &str = "signing_config_rekor_v2.v0.2.json";
