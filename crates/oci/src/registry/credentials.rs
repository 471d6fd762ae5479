//! Credentials: where they are looked for, and which one is for a repository.
//!
//! Nothing is read before a registry asks. The order is: what the user gave; Docker's `config.json`, and in it the helper
//! for the host, the store for all hosts, the entry in the file; then Podman's files.

mod file;
#[cfg(fuzzing)]
pub mod fuzzing;
mod key;
mod program;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::secret::Secret;

use self::file::AuthFile;
use self::key::Spelling;
use self::program::{Answered, ask};
use crate::error::StoreError;
use crate::reference::Repository;

/// What proves to a registry who asks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// A user name with its password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret<String>,
    },
    /// An identity token, which is traded for access tokens (an OAuth2 refresh token).
    IdentityToken(Secret<String>),
    /// An access token, sent as it is.
    RegistryToken(Secret<String>),
}

/// Where credentials are looked for; the first that has one wins.
#[derive(Clone, Debug, Default)]
pub struct CredentialSources {
    /// Given by the user, for every registry of this run.
    pub explicit: Option<Credential>,
    /// Docker's `config.json` (`$DOCKER_CONFIG/config.json`, `~/.docker/config.json`).
    pub docker_config: Option<PathBuf>,
    /// Podman's files, in their order (`$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`,
    /// `~/.config/containers/auth.json`).
    pub podman_files: Vec<PathBuf>,
    /// The folders in which helper programs are looked for (`PATH`); none are run without it.
    pub search_path: Option<OsString>,
}

/// What was found for a repository.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) credential: Option<Credential>,
    /// Which source it came from, or all that were looked into.
    pub(super) place: String,
}

impl CredentialSources {
    /// Looks for the credential for `repository`.
    pub(super) async fn find(&self, repository: &Repository) -> Result<Arc<Found>, StoreError> {
        if let Some(credential) = &self.explicit {
            return Ok(Arc::new(Found {
                credential: Some(credential.clone()),
                place: "with the credentials given".to_owned(),
            }));
        }
        let mut looked = Vec::new();
        let docker = self.docker_config.iter().map(|path| (path, Spelling::Docker));
        let podman = self.podman_files.iter().map(|path| (path, Spelling::Podman));
        for (path, spelling) in docker.chain(podman) {
            let Some(file) = AuthFile::read(path).await? else {
                looked.push(format!("{} (no such file)", path.display()));
                continue;
            };
            if let Some(found) = self.find_in(&file, spelling, repository, &mut looked).await? {
                return Ok(Arc::new(found));
            }
            looked.push(path.display().to_string());
        }
        Ok(Arc::new(Found {
            credential: None,
            place: nothing(repository, &looked),
        }))
    }

    async fn find_in(
        &self,
        file: &AuthFile,
        spelling: Spelling,
        repository: &Repository,
        looked: &mut Vec<String>,
    ) -> Result<Option<Found>, StoreError> {
        let path = file.path().display();
        if let Some((key, program)) = file.helper_for(repository, spelling) {
            match ask(&program, &key, self.search_path.as_deref()).await? {
                Answered::Credential(credential) => {
                    return Ok(Some(Found {
                        credential: Some(credential),
                        place: format!(
                            "with the credentials of docker-credential-{program} for {key:?}, named in {path}"
                        ),
                    }));
                }
                Answered::Nothing => looked.push(format!("docker-credential-{program} for {key:?}")),
                Answered::NoProgram => looked.push(format!(
                    "docker-credential-{program} (no such program, named in {path})"
                )),
            }
        }
        match file.entry_for(repository, spelling)? {
            Some((key, credential)) => Ok(Some(Found {
                credential: Some(credential),
                place: format!("with the credentials of {path} for {key:?}"),
            })),
            None => Ok(None),
        }
    }
}

fn nothing(repository: &Repository, looked: &[String]) -> String {
    if looked.is_empty() {
        return "no credentials: no place to look for them".to_owned();
    }
    format!(
        "no credentials for {:?} in {}",
        repository.registry(),
        looked.join(", ")
    )
}

#[cfg(test)]
mod tests;
