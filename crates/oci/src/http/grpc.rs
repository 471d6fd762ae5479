//! One call of gRPC to an agent on this machine, over HTTP/2 on a socket
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2;
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpStream, UnixStream};

/// Where an agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentAddress {
    /// An address and port of this machine: `tcp://127.0.0.1:8081`.
    Tcp(SocketAddr),
    /// A socket in the file system: `unix:///run/agent.sock`, or its path alone.
    Unix(PathBuf),
}

impl FromStr for AgentAddress {
    type Err = GrpcError;

    fn from_str(text: &str) -> Result<Self, GrpcError> {
        let unknown = || GrpcError::Address { found: text.to_owned() };
        if let Some(address) = text.strip_prefix("tcp://") {
            return address.parse().map(Self::Tcp).map_err(|_| unknown());
        }
        let path = text.strip_prefix("unix:").unwrap_or(text);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.starts_with('/') && !path.contains("://") {
            Ok(Self::Unix(PathBuf::from(path)))
        } else {
            Err(unknown())
        }
    }
}

impl fmt::Display for AgentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// Why a call came to no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcError {
    /// The address is none of a socket.
    #[error("address of an agent is {found:?}, expected unix:///PATH or tcp://IP:PORT")]
    Address {
        /// The address.
        found: String,
    },
    /// Nothing listens there.
    #[error("agent {address} cannot be reached")]
    Connect {
        /// Where.
        address: AgentAddress,
        /// What the system said.
        source: io::Error,
    },
    /// The exchange broke, or the answer is larger than is read.
    #[error("agent {address} gave no whole answer")]
    Exchange {
        /// Where.
        address: AgentAddress,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer is not that of a unary call.
    #[error("agent {address} answered with {found}, expected one message of gRPC")]
    Message {
        /// Where.
        address: AgentAddress,
        /// What came.
        found: String,
    },
    /// The agent refused.
    #[error("agent {address} answered status {status}: {reason:?}")]
    Status {
        /// Where.
        address: AgentAddress,
        /// The status of gRPC.
        status: String,
        /// What it said.
        reason: String,
    },
    /// It took too long.
    #[error("agent {address} did not answer within {} s", after.as_secs())]
    TimedOut {
        /// Where.
        address: AgentAddress,
        /// How long was waited.
        after: Duration,
    },
}

/// A call that takes one message and gives one.
#[derive(Clone, Debug)]
pub struct UnaryCall<'a> {
    /// `/SERVICE/METHOD`.
    pub method: &'a str,
    /// What is said beside the message.
    pub metadata: &'a [(&'static str, &'static str)],
    /// The message, as protobuf.
    pub message: &'a [u8],
    /// The longest message that is read, in bytes.
    pub limit: usize,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// Makes the call.
///
/// # Errors
/// [`GrpcError`], which names the agent.
pub async fn unary(address: &AgentAddress, call: &UnaryCall<'_>) -> Result<Bytes, GrpcError> {
    let exchange = async {
        let connected = |source| GrpcError::Connect {
            address: address.clone(),
            source,
        };
        match address {
            AgentAddress::Tcp(at) => exchange(TcpStream::connect(at).await.map_err(connected)?, address, call).await,
            AgentAddress::Unix(at) => exchange(UnixStream::connect(at).await.map_err(connected)?, address, call).await,
        }
    };
    tokio::time::timeout(call.timeout, exchange).await.unwrap_or_else(|_| {
        Err(GrpcError::TimedOut {
            address: address.clone(),
            after: call.timeout,
        })
    })
}

async fn exchange<S>(stream: S, address: &AgentAddress, call: &UnaryCall<'_>) -> Result<Bytes, GrpcError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    TokioIo<S>: Read + Write,
{
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| GrpcError::Exchange {
        address: address.clone(),
        source,
    };
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| broken(error.into()))?;
    let connection = tokio::spawn(connection);
    let answer = async {
        let request = request(call).map_err(|error| broken(error.into()))?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| broken(error.into()))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, call.limit + FRAME).collect().await.map_err(broken)?;
        // where there is no message, the status stands in the head
        status(&head.headers, address)?;
        if let Some(trailers) = body.trailers() {
            status(trailers, address)?;
        }
        if head.status != http::StatusCode::OK {
            let found = format!("HTTP status {}", head.status.as_u16());
            return Err(GrpcError::Message {
                address: address.clone(),
                found,
            });
        }
        message(&body.to_bytes(), address)
    };
    let answer = answer.await;
    connection.abort();
    answer
}

fn request(call: &UnaryCall<'_>) -> Result<Request<Full<Bytes>>, http::Error> {
    let mut request = Request::post(format!("http://localhost{}", call.method))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in call.metadata {
        request = request.header(*name, *value);
    }
    let length = u32::try_from(call.message.len()).unwrap_or(u32::MAX);
    let mut body = vec![0];
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(call.message);
    request.body(Full::new(body.into()))
}

/// A status other than 0 is a refusal.
fn status(fields: &HeaderMap, address: &AgentAddress) -> Result<(), GrpcError> {
    let text = |name: &str| {
        fields
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    match text("grpc-status") {
        Some(status) if status != "0" => Err(GrpcError::Status {
            address: address.clone(),
            status,
            reason: text("grpc-message").unwrap_or_default().chars().take(REASON).collect(),
        }),
        _ => Ok(()),
    }
}

/// The one message of a body: a flag, which says that it is not compressed, its length, and it.
fn message(body: &Bytes, address: &AgentAddress) -> Result<Bytes, GrpcError> {
    let length = body.get(1..FRAME).and_then(|length| length.try_into().ok());
    let length = length.map(|length| u64::from(u32::from_be_bytes(length)));
    let rest = body.len().checked_sub(FRAME).and_then(|rest| u64::try_from(rest).ok());
    if body.first() != Some(&0) || length.is_none() || length != rest {
        let found = format!("a body of {} bytes that is no message", body.len());
        return Err(GrpcError::Message {
            address: address.clone(),
            found,
        });
    }
    Ok(body.slice(FRAME..))
}

/// The door of the fuzz target: a body as an agent may send it.
#[cfg(fuzzing)]
pub mod fuzzing {
    use super::{AgentAddress, Bytes, GrpcError};

    /// Reads the one message of a body.
    pub fn message(body: Bytes) -> Result<Bytes, GrpcError> {
        super::message(&body, &AgentAddress::Unix("/agent.sock".into()))
    }
}

/// Bytes before a message.
const FRAME: usize = 5;

/// How many characters of a reason are shown.
const REASON: usize = 300;
