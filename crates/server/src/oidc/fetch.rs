//! The few questions that this server asks others: what a provider says of itself, and its keys.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, StatusCode, Uri, response};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::reply::JSON;

/// Reads the JSON at an address, which must be there at once and in time: of HTTPS, or of plain HTTP on this machine.
pub(super) async fn json(url: &str) -> Result<Bytes, FetchError> {
    let address = Address::parse(url)?;
    let fetched = tokio::time::timeout(PATIENCE, fetch(&address)).await;
    fetched.map_err(|_| FetchError::Late {
        url: url.to_owned(),
        after: PATIENCE,
    })?
}

/// Where something is fetched.
struct Address {
    url: String,
    host: String,
    port: u16,
    is_tls: bool,
    uri: Uri,
}

impl Address {
    fn parse(url: &str) -> Result<Self, FetchError> {
        let wrong = || FetchError::Address { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(&host) => false,
            Some("http") => return Err(FetchError::Plain { url: url.to_owned() }),
            _ => return Err(wrong()),
        };
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(wrong());
        }
        Ok(Self {
            url: url.to_owned(),
            port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            host,
            is_tls,
            uri,
        })
    }

    fn unreachable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> FetchError {
        FetchError::Unreachable {
            url: self.url.clone(),
            source: source.into(),
        }
    }
}

async fn fetch(address: &Address) -> Result<Bytes, FetchError> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await;
    let stream = stream.map_err(|error| address.unreachable(error))?;
    if !address.is_tls {
        return ask(address, stream).await;
    }
    let name = ServerName::try_from(address.host.clone()).map_err(|error| address.unreachable(error))?;
    let stream = connector().connect(name, stream).await;
    ask(address, stream.map_err(|error| address.unreachable(error))?).await
}

async fn ask(
    address: &Address,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Bytes, FetchError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| address.unreachable(error))?;
    let connection = tokio::spawn(connection);
    let authority = address
        .uri
        .authority()
        .map(|authority| authority.as_str())
        .unwrap_or_default();
    let request = Request::get(address.uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority)
        .header(ACCEPT, JSON)
        .header(USER_AGENT, "countersign")
        .body(Empty::<Bytes>::new())
        .map_err(|error| address.unreachable(error))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| address.unreachable(error))?;
    let (head, body) = response.into_parts();
    check_head(address, &head)?;
    let body = Limited::new(body, ANSWER)
        .collect()
        .await
        .map_err(|source| FetchError::Body {
            url: address.url.clone(),
            source,
        })?;
    connection.abort();
    Ok(body.to_bytes())
}

/// Checks that an answer is a document in JSON.
fn check_head(address: &Address, head: &response::Parts) -> Result<(), FetchError> {
    // a redirect is another status than this
    if head.status != StatusCode::OK {
        return Err(FetchError::Status {
            url: address.url.clone(),
            status: head.status.as_u16(),
        });
    }
    let found = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = found.split(';').next().unwrap_or_default().trim();
    if media_type != JSON && media_type != "application/jwk-set+json" {
        return Err(FetchError::ContentType {
            url: address.url.clone(),
            found: found.chars().take(80).collect(),
        });
    }
    Ok(())
}

/// Says whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Believes the machine's certificate authorities, or those of `SSL_CERT_FILE`; they are read when they are first needed.
fn connector() -> TlsConnector {
    static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the ciphers of TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    });
    TlsConnector::from(Arc::clone(config))
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FetchError {
    /// The address is none.
    #[error("{url} is no address of a provider")]
    Address {
        /// The address.
        url: String,
    },
    /// The answer broke off, or is too long.
    #[error("{url} gave no whole answer of at most {ANSWER} bytes")]
    Body {
        /// The address.
        url: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is no JSON.
    #[error("{url} answered with content of type {found:?}, expected {JSON}")]
    ContentType {
        /// The address.
        url: String,
        /// The media type.
        found: String,
    },
    /// The answer is late.
    #[error("{url} gave no answer within {after:?}")]
    Late {
        /// The address.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The address is of plain HTTP, elsewhere.
    #[error("{url} is of plain HTTP, which is taken on this machine only")]
    Plain {
        /// The address.
        url: String,
    },
    /// The answer is another than 200.
    #[error("{url} answered {status}, expected 200")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// There is no answer.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const ANSWER: usize = 256 * 1024;
