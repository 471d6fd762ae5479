//! Docker's `config.json` and Podman's `auth.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use countersign_core::secret::Secret;
use serde::Deserialize;

use super::Credential;
use super::key::{Spelling, for_helper, normal, wanted};
use crate::error::StoreError;
use crate::reference::Repository;

/// A file of credentials, read.
pub(super) struct AuthFile {
    path: PathBuf,
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    #[serde(default)]
    auths: Option<BTreeMap<String, Entry>>,
    #[serde(default)]
    cred_helpers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

impl AuthFile {
    /// Reads a file; `None` where there is none.
    pub(super) async fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let place = path.display().to_string();
        let unreadable = |reason: String| StoreError::Credentials {
            place: place.clone(),
            reason,
        };
        let size = match tokio::fs::metadata(path).await {
            Ok(metadata) => metadata.len(),
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        if size > LIMIT {
            return Err(unreadable(format!("the file is larger than {LIMIT} bytes")));
        }
        let bytes = tokio::fs::read(path)
            .await
            .map(Secret::new)
            .map_err(|error| unreadable(error.to_string()))?;
        Self::parse(path, bytes.expose()).map(Some)
    }

    /// Reads the bytes of the file at `path`.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        // What serde says of a value may repeat it; where it is does not.
        let content = serde_json::from_slice(bytes).map_err(|error| StoreError::Credentials {
            place: path.display().to_string(),
            reason: format!(
                "the file is not as expected at line {} column {}",
                error.line(),
                error.column()
            ),
        })?;
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name that the helper for a repository knows it by, and the helper's name; the one for the host comes first.
    pub(super) fn helper_for(&self, repository: &Repository, spelling: Spelling) -> Option<(String, String)> {
        let helpers = self.content.cred_helpers.iter().flatten();
        let names = wanted(repository, spelling);
        let own = helpers
            .filter(|(key, _)| names.contains(&normal(key, spelling)))
            .max_by_key(|(key, _)| normal(key, spelling).len());
        let program = match own {
            Some((_, program)) => program,
            None => self.content.creds_store.as_ref()?,
        };
        (!program.is_empty()).then(|| (for_helper(repository), program.clone()))
    }

    /// The entry for a repository with its key; an entry without content only says that a helper has it.
    pub(super) fn entry_for(
        &self,
        repository: &Repository,
        spelling: Spelling,
    ) -> Result<Option<(String, Credential)>, StoreError> {
        for name in wanted(repository, spelling) {
            let entries = self.content.auths.iter().flatten();
            for (key, entry) in entries.filter(|(key, _)| normal(key, spelling) == name) {
                let credential = entry.credential().map_err(|reason| StoreError::Credentials {
                    place: format!("{}: auths: {key:?}", self.path.display()),
                    reason,
                })?;
                if let Some(credential) = credential {
                    return Ok(Some((key.clone(), credential)));
                }
            }
        }
        Ok(None)
    }
}

impl Entry {
    fn credential(&self) -> Result<Option<Credential>, String> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(Secret::new(token))));
        }
        if let Some(token) = given(&self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(Secret::new(token))));
        }
        let (username, password) = match given(&self.auth) {
            Some(auth) => decoded(&auth)?,
            None => match (given(&self.username), given(&self.password)) {
                (Some(username), Some(password)) => (username, Secret::new(password)),
                _ => return Ok(None),
            },
        };
        if username == TOKEN_USER {
            return Ok(Some(Credential::IdentityToken(password)));
        }
        Ok(Some(Credential::Basic { username, password }))
    }
}

/// Reads `base64(user:password)`; Docker pads the password with zero bytes at times.
fn decoded(auth: &str) -> Result<(String, Secret<String>), String> {
    let engine = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let bytes = engine
        .decode(auth.trim())
        .map(Secret::new)
        .map_err(|_| "auth is not base64".to_owned())?;
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| "auth is not text".to_owned())?;
    let (username, password) = text
        .split_once(':')
        .ok_or_else(|| "auth has no colon between user name and password".to_owned())?;
    Ok((
        username.to_owned(),
        Secret::new(password.trim_end_matches('\0').to_owned()),
    ))
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

/// The user name that stands for an identity token.
pub(super) const TOKEN_USER: &str = "<token>";

/// The largest file read, in bytes.
const LIMIT: u64 = 1024 * 1024;
