//! The services of Sigstore, as far as they are alike: asked over HTTP, and never believed at once.

use std::error::Error;
use std::fmt;

use countersign_core::Secret;
use countersign_core::quoted::Quoted;
use countersign_oci::StoreError;
use countersign_oci::http::{Answered, Call, Http};
use serde::Deserialize;

/// A kind of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Issues certificates: Fulcio.
    CertificateAuthority,
    /// Says who somebody is: an OpenID provider.
    IdentityProvider,
    /// Witnesses when something was signed (RFC 3161).
    TimestampAuthority,
    /// Keeps signatures in public: Rekor.
    TransparencyLog,
    /// Tells whom to trust: a repository of The Update Framework.
    TufRepository,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "certificate authority",
            Self::IdentityProvider => "identity provider",
            Self::TimestampAuthority => "timestamp authority",
            Self::TransparencyLog => "transparency log",
            Self::TufRepository => "TUF repository",
        })
    }
}

/// Why a service did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// What it answered is not what it should be.
    #[error("{service} {url} gave no usable answer")]
    Answer {
        /// The service.
        service: Service,
        /// Its address.
        url: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer is of another kind.
    #[error("{service} {url} answered with content of type {found}, expected {expected}")]
    ContentType {
        /// The service.
        service: Service,
        /// Its address.
        url: String,
        /// The media type expected.
        expected: &'static str,
        /// The media type found.
        found: Quoted,
    },
    /// The service sends us elsewhere.
    #[error("{service} {url} answered {status} and points to {target}, where nothing is sent")]
    Redirect {
        /// The service.
        service: Service,
        /// Its address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Where it points to.
        target: Quoted,
    },
    /// It cannot be asked for this.
    #[error("{service} {url} cannot be asked for this")]
    Request {
        /// The service.
        service: Service,
        /// Its address.
        url: String,
        /// Why not.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It refused, or failed.
    #[error("{service} {url} answered {status}: {reason}")]
    Status {
        /// The service.
        service: Service,
        /// Its address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The start of what it said.
        reason: Quoted,
    },
    /// There was no answer that could be read.
    #[error("{service} gave no answer")]
    Unreachable {
        /// The service.
        service: Service,
        /// What happened.
        source: StoreError,
    },
}

/// A service at an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) service: Service,
    pub(crate) url: &'a str,
}

impl Place<'_> {
    /// The address of a path of the service.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}/{path}", self.url.trim_end_matches('/'))
    }

    /// Calls the service and returns what it answers, whatever the status, if it stays where it is.
    pub(crate) async fn call(&self, call: &Call<'_>, http: &Http) -> Result<Answered, ServiceError> {
        let answered = http.call(call).await.map_err(|source| ServiceError::Unreachable {
            service: self.service,
            source,
        })?;
        if (300..400).contains(&answered.status) {
            return Err(ServiceError::Redirect {
                service: self.service,
                url: self.url.to_owned(),
                status: answered.status,
                target: Quoted::new(answered.location.as_deref().unwrap_or("nowhere")),
            });
        }
        Ok(answered)
    }

    /// Takes the content of an answer that must be a success of this media type; what is said of a failure is shown without
    /// `secret`.
    pub(crate) fn content(
        &self,
        answered: Answered,
        expected: &'static str,
        secret: Option<&Secret<String>>,
    ) -> Result<bytes::Bytes, ServiceError> {
        let answered = self.success(answered, secret)?;
        if answered.content_type != expected {
            return Err(ServiceError::ContentType {
                service: self.service,
                url: self.url.to_owned(),
                expected,
                found: Quoted::new(&answered.content_type),
            });
        }
        Ok(answered.body)
    }

    /// Takes an answer that must be a success.
    pub(crate) fn success(
        &self,
        answered: Answered,
        secret: Option<&Secret<String>>,
    ) -> Result<Answered, ServiceError> {
        match (200..300).contains(&answered.status) {
            true => Ok(answered),
            false => Err(self.failure(&answered, secret)),
        }
    }

    /// What an answer is that is no success.
    pub(crate) fn failure(&self, answered: &Answered, secret: Option<&Secret<String>>) -> ServiceError {
        ServiceError::Status {
            service: self.service,
            url: self.url.to_owned(),
            status: answered.status,
            reason: reason(&answered.body, secret),
        }
    }

    pub(crate) fn unusable(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> ServiceError {
        ServiceError::Answer {
            service: self.service,
            url: self.url.to_owned(),
            source: source.into(),
        }
    }

    pub(crate) fn unaskable(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> ServiceError {
        ServiceError::Request {
            service: self.service,
            url: self.url.to_owned(),
            source: source.into(),
        }
    }
}

/// The message of an error in JSON, or the text itself; a service may repeat the secret that it refuses.
fn reason(body: &[u8], secret: Option<&Secret<String>>) -> Quoted {
    let said = serde_json::from_slice::<WireError>(body)
        .ok()
        .and_then(|wire| wire.message.or(wire.error_description).or(wire.error))
        .unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    Quoted::new(&match secret.map(Secret::expose) {
        Some(secret) if !secret.is_empty() => said.replace(secret, "******"),
        _ => said,
    })
}

#[derive(Deserialize)]
struct WireError {
    message: Option<String>,
    error_description: Option<String>,
    error: Option<String>,
}

/// The media type of most answers.
pub(crate) const JSON: &str = "application/json";
