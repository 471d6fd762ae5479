//! Credentials: where they are looked for, and which one is for a repository.

use std::sync::Arc;

use countersign_core::secret::Secret;

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
    pub(super) async fn find(&self, _repository: &Repository) -> Result<Arc<Found>, StoreError> {
        if let Some(credential) = &self.explicit {
            return Ok(Arc::new(Found {
                credential: Some(credential.clone()),
                place: "with the credentials given".to_owned(),
            }));
        }
        Ok(Arc::new(Found {
            credential: None,
            place: "no credentials".to_owned(),
        }))
    }
}
