//! What signs, and who says whose it is.

use std::sync::Arc;

use countersign_core::certificate::Certificate;
use countersign_core::key::{KeyAlgorithm, PrivateKey, PrivateKeyError};
use countersign_core::signer::Signer;
use countersign_oci::http::Http;

use crate::fulcio;
use crate::oidc::IdentityToken;
use crate::service::ServiceError;

/// A key that signs, perhaps with a certificate of it.
#[derive(Clone)]
pub struct Credential {
    signer: Arc<dyn Signer>,
    certificate: Option<Certificate>,
    issuers: Vec<Certificate>,
}

impl Credential {
    /// A key for which nobody vouches.
    pub fn of_key(signer: Arc<dyn Signer>) -> Self {
        Self {
            signer,
            certificate: None,
            issuers: Vec::new(),
        }
    }

    /// A key with a certificate of it, the certificate's issuer, that one's issuer and so on.
    ///
    /// # Errors
    /// [`CredentialError::OtherKey`] where the certificate is not of the key.
    pub fn certified(
        signer: Arc<dyn Signer>,
        certificate: Certificate,
        issuers: Vec<Certificate>,
    ) -> Result<Self, CredentialError> {
        if certificate.public_key() != Ok(signer.public_key()) {
            return Err(CredentialError::OtherKey);
        }
        Ok(Self {
            signer,
            certificate: Some(certificate),
            issuers,
        })
    }

    /// A new key, which the certificate authority at `url` certifies to be that of the token's holder. It is gone with the
    /// credential.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub async fn keyless(url: &str, token: &IdentityToken, http: &Http) -> Result<Self, CredentialError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
        Self::issued(Arc::new(key), url, token, http).await
    }

    /// A key that was there before, certified in the same way.
    ///
    /// # Errors
    /// [`CredentialError`].
    pub async fn issued(
        signer: Arc<dyn Signer>,
        url: &str,
        token: &IdentityToken,
        http: &Http,
    ) -> Result<Self, CredentialError> {
        let issued = fulcio::certify(url, token, &*signer, http).await?;
        Self::certified(signer, issued.certificate().clone(), issued.issuers().to_vec())
    }

    /// Returns what signs.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// Returns the certificate of the key.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Returns the certificate's issuer, that one's issuer and so on, as far as they are known.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// The certificate is not of the key.
    #[error("the certificate is of another key than the one that signs")]
    OtherKey,
    /// The certificate authority did not certify it.
    #[error(transparent)]
    Service(#[from] ServiceError),
}
