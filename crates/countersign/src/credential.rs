//! What signs, and who says whose it is.

use std::sync::Arc;

use countersign_core::certificate::path::{PathError, Purpose, verify_path};
use countersign_core::certificate::{Certificate, Name};
use countersign_core::key::{KeyAlgorithm, PrivateKey, PrivateKeyError};
use countersign_core::quoted::Quoted;
use countersign_core::signer::Signer;
use countersign_core::trust::{Authority, Validity};
use countersign_oci::http::Http;
use jiff::Timestamp;

use crate::fulcio;
use crate::oidc::IdentityToken;
use crate::service::ServiceError;

/// A key that signs, perhaps with a certificate of it.
#[derive(Clone)]
pub struct Credential {
    signer: Arc<dyn Signer>,
    certificate: Option<Certificate>,
    issuers: Vec<Certificate>,
    /// What the certificate leads to, where that is no service.
    own: Option<Vec<Certificate>>,
}

impl Credential {
    /// A key for which nobody vouches.
    pub fn of_key(signer: Arc<dyn Signer>) -> Self {
        Self {
            signer,
            certificate: None,
            issuers: Vec::new(),
            own: None,
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
            own: None,
        })
    }

    /// A key with a certificate by an authority of one's own; where `issuers` are given, the last of them is the root, to which
    /// the certificate must lead `now`.
    ///
    /// # Errors
    /// [`CredentialError::OtherKey`] or [`CredentialError::Path`].
    pub fn own(
        signer: Arc<dyn Signer>,
        certificate: Certificate,
        issuers: Vec<Certificate>,
        now: Timestamp,
    ) -> Result<Self, CredentialError> {
        let chain = match issuers.as_slice() {
            [] => vec![certificate.clone()],
            issuers => issuers.to_vec(),
        };
        verify_path(&certificate, &[], &chain, Purpose::CodeSigning, now)?;
        Ok(Self {
            own: Some(chain),
            ..Self::certified(signer, certificate, issuers)?
        })
    }

    /// A new key of the usual kind, [certified](Self::issued).
    ///
    /// # Errors
    /// [`CredentialError`].
    pub async fn keyless(url: &str, token: &IdentityToken, http: &Http) -> Result<Self, CredentialError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
        Self::issued(Arc::new(key), url, token, http).await
    }

    /// A key that the certificate authority at `url` certifies to be that of the token's holder; a new one is gone with the
    /// credential.
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
        check_identity(issued.certificate(), token)?;
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

    /// Returns the authority of one's own that has issued the certificate, if it is one's own.
    pub(crate) fn own_authority(&self) -> Option<Authority> {
        let chain = self.own.clone()?;
        Some(Authority::new("of one's own".to_owned(), chain, Validity::ALWAYS))
    }

    /// Returns the certificate's issuer, that one's issuer and so on, as far as they are known.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }
}

/// Checks that a certificate for an e-mail address is for that of the token (client-spec §2.1.3).
///
/// Of others the authority makes names of its own, and of the issuer too where that spoke for another.
fn check_identity(certificate: &Certificate, token: &IdentityToken) -> Result<(), CredentialError> {
    let Some(email) = token.email() else { return Ok(()) };
    let mut names = certificate.names().iter();
    if names.any(|name| matches!(name, Name::Email(found) if found == email)) {
        return Ok(());
    }
    Err(CredentialError::OtherIdentity {
        expected: Quoted::new(email),
        found: certificate
            .names()
            .iter()
            .take(SHOWN)
            .map(|name| Quoted::new(&name.to_string()))
            .collect(),
    })
}

/// How many names an error shows.
const SHOWN: usize = 4;

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// The certificate authority certified somebody else.
    #[error("the certificate is for {found:?}, expected {expected} as in the identity token")]
    OtherIdentity {
        /// Whom the token is about.
        expected: Quoted,
        /// Whom the certificate names.
        found: Vec<Quoted>,
    },
    /// The certificate is not of the key.
    #[error("the certificate is of another key than the one that signs")]
    OtherKey,
    /// The certificate does not lead to the root that is given with it.
    #[error("the certificate is not one to sign with")]
    Path(#[from] PathError),
    /// The certificate authority did not certify it.
    #[error(transparent)]
    Service(#[from] ServiceError),
}
