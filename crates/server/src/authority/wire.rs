//! Fulcio's API over HTTP, of versions 2 and 1 (`fulcio.proto`).

use std::sync::Arc;

use countersign_core::certificate::Certificate;
use countersign_core::{Digest, Secret};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::certificate::key_of;
use super::principal::{Principal, PrincipalError};
use super::request::{Request, RequestError};
use super::{Authority, IssueError};
use crate::body::RequestBody;
use crate::ct;
use crate::error::with_causes;
use crate::log::LogError;
use crate::logs::Logs;
use crate::oidc::provider::{Providers, TokenError};
use crate::reply::{Reply, collect, is_read};

/// The authority with those whom it believes and the log that it asks.
pub(crate) struct Fulcio {
    authority: Authority,
    providers: Providers,
    logs: Arc<Logs>,
}

impl Fulcio {
    pub(crate) fn new(authority: Authority, providers: Providers, logs: Arc<Logs>) -> Self {
        Self {
            authority,
            providers,
            logs,
        }
    }

    /// Answers what is at a path; nothing where it is not one of Fulcio's.
    pub(crate) async fn answer(&self, head: &Parts, body: &mut RequestBody) -> Option<Reply> {
        Some(match head.uri.path() {
            "/api/v2/signingCert" => self.certificate(head, body, Version::V2).await,
            "/api/v1/signingCert" => self.certificate(head, body, Version::V1).await,
            "/api/v2/trustBundle" => only_read(head, || self.trust_bundle()),
            "/api/v1/rootCert" => only_read(head, || self.root()),
            "/api/v2/configuration" => only_read(head, || self.configuration()),
            _ => return None,
        })
    }

    async fn certificate(&self, head: &Parts, body: &mut RequestBody, version: Version) -> Reply {
        if head.method != Method::POST {
            return Reply::method("POST");
        }
        let body = match collect(body, REQUEST).await {
            Ok(body) => body,
            Err((status, reason)) => return refusal(status, &reason),
        };
        match self.issue(&head.headers, &body, version, Timestamp::now()).await {
            Ok(der) => self.issued(&der, version),
            Err(error) => error.reply(),
        }
    }

    async fn issue(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        version: Version,
        now: Timestamp,
    ) -> Result<Vec<u8>, CertifyError> {
        let mut request = match version {
            Version::V2 => Request::parse(body)?,
            Version::V1 => Request::parse_legacy(body)?,
        };
        let token = request.token.take().or_else(|| bearer(headers));
        let token = token.ok_or(CertifyError::NoToken)?;
        let (claims, kind) = self.providers.verify(&token, now).await?;
        let principal = Principal::read(&claims, kind)?;
        let key = request.proven_key(principal.challenge())?;
        let promise = |precertificate: super::Precertificate| async move {
            let precertificate = self.logged(precertificate);
            self.logs.certificates().add_precertificate(precertificate).await
        };
        Ok(self.authority.certify(&principal, key, now, promise).await?)
    }

    fn logged(&self, precertificate: super::Precertificate) -> ct::Precertificate {
        let chain = self.authority.chain();
        let issuer = chain.first().map(key_of).expect("a chain begins with what issues");
        ct::Precertificate {
            issuer_key_hash: Digest::sha256(issuer.as_der())
                .bytes()
                .try_into()
                .expect("a SHA-256 has 32 bytes"),
            tbs: precertificate.to_be_signed,
            der: precertificate.certificate,
            chain: chain.iter().map(|certificate| certificate.as_der().to_vec()).collect(),
        }
    }

    fn issued(&self, der: &[u8], version: Version) -> Reply {
        let leaf = Certificate::from_der(der).expect("what the authority wrote is a certificate");
        let chain = std::iter::once(&leaf).chain(self.authority.chain());
        let chain: Vec<String> = chain.map(Certificate::to_pem).collect();
        match version {
            Version::V2 => Reply::json(
                StatusCode::OK,
                &json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}),
            ),
            Version::V1 => Reply::new(StatusCode::CREATED, PEM, chain.concat()),
        }
    }

    fn trust_bundle(&self) -> Reply {
        let chain: Vec<String> = self.authority.chain().iter().map(Certificate::to_pem).collect();
        Reply::json(StatusCode::OK, &json!({"chains": [{"certificates": chain}]}))
    }

    fn root(&self) -> Reply {
        let chain: Vec<String> = self.authority.chain().iter().map(Certificate::to_pem).collect();
        Reply::new(StatusCode::OK, PEM, chain.concat())
    }

    fn configuration(&self) -> Reply {
        let issuers: Vec<Value> = self
            .providers
            .iter()
            .map(|(issuer, kind)| {
                let mut value = json!({
                    "issuerUrl": issuer,
                    "audience": crate::oidc::AUDIENCE,
                    "challengeClaim": kind.challenge(),
                    "issuerType": kind.word(),
                });
                if let Some(domain) = kind.domain() {
                    let member = if kind.word() == "spiffe" {
                        "spiffeTrustDomain"
                    } else {
                        "subjectDomain"
                    };
                    value[member] = domain.into();
                }
                value
            })
            .collect();
        Reply::json(StatusCode::OK, &json!({ "issuers": issuers }))
    }
}

/// The version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// Why no certificate is issued.
#[derive(Debug, thiserror::Error)]
enum CertifyError {
    #[error("request has no identity token, neither in credentials nor as Authorization: Bearer")]
    NoToken,
    #[error(transparent)]
    Issue(#[from] IssueError<LogError>),
    #[error(transparent)]
    Principal(#[from] PrincipalError),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl CertifyError {
    fn reply(&self) -> Reply {
        let (status, message) = match self {
            // what went wrong inside is for the log
            Self::Issue(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the certificate could not be issued; the server's log says why".to_owned(),
            ),
            Self::Token(error) if error.is_providers_fault() => (StatusCode::BAD_GATEWAY, with_causes(self)),
            _ => (StatusCode::BAD_REQUEST, with_causes(self)),
        };
        refusal(status, &message).because(with_causes(self))
    }
}

/// A refusal as the gateway of gRPC writes it.
fn refusal(status: StatusCode, message: &str) -> Reply {
    let code = match status {
        StatusCode::INTERNAL_SERVER_ERROR => INTERNAL,
        StatusCode::BAD_GATEWAY => UNAVAILABLE,
        _ => INVALID_ARGUMENT,
    };
    Reply::json(status, &json!({"code": code, "message": message, "details": []})).because(message.to_owned())
}

fn only_read(head: &Parts, read: impl FnOnce() -> Reply) -> Reply {
    if is_read(&head.method) {
        read()
    } else {
        Reply::method("GET, HEAD")
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret<String>> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token.trim().to_owned()))
}

// The codes of gRPC.
const INVALID_ARGUMENT: u8 = 3;
const INTERNAL: u8 = 13;
const UNAVAILABLE: u8 = 14;

const PEM: &str = "application/pem-certificate-chain";
/// The longest request, in bytes: a token and a key.
const REQUEST: usize = 256 * 1024;
