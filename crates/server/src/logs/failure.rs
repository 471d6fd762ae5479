//! Why a log does not grant a request.

use std::error::Error;

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use crate::body::RequestBody;
use crate::error::with_causes;
use crate::log::{Appended, LogError};
use crate::reply::{self, Reply};

/// Why a log does not grant a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is nothing at this path")]
    Path,
    #[error("the method is not allowed here, which takes {allowed}")]
    Method { allowed: &'static str },
    #[error("{message}")]
    Body { status: StatusCode, message: String },
    #[error("parameter {name} is {found:?}, expected {expected}")]
    Parameter {
        name: &'static str,
        found: String,
        expected: &'static str,
    },
    #[error("{what}")]
    Request {
        what: &'static str,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the request has {found} questions, the limit is {limit}")]
    TooManyQuestions { found: usize, limit: usize },
    #[error("the tree has {size} entries, the proof is asked for from {first} to {last}")]
    NoSuchTree { first: u64, last: u64, size: u64 },
    #[error("the log has no such entry")]
    Unknown,
    #[error("an equivalent entry already exists in the transparency log with {}", .place)]
    Exists { place: String, appended: Appended },
    #[error("the log could not do this")]
    Log(#[from] LogError),
    #[error("a task of the server failed")]
    Task(#[from] tokio::task::JoinError),
}

impl Failure {
    /// A parameter that is not as it must be.
    pub(crate) fn parameter(name: &'static str, found: &str, expected: &'static str) -> Self {
        Self::Parameter {
            name,
            found: found.chars().take(140).collect(),
            expected,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Path | Self::Unknown => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Body { status, .. } => *status,
            Self::TooManyQuestions { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoSuchTree { .. }
            | Self::Parameter { .. }
            | Self::Request { .. }
            | Self::Log(LogError::TooLong { .. }) => StatusCode::BAD_REQUEST,
            Self::Exists { .. } => StatusCode::CONFLICT,
            Self::Log(LogError::Stopped) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Log(_) | Self::Task(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the client is told. What went wrong inside is for the log: it names files of the server.
    pub(crate) fn message(&self) -> String {
        match self.status() {
            StatusCode::INTERNAL_SERVER_ERROR => "the log could not do this; the server's log says why".to_owned(),
            _ => with_causes(self),
        }
    }

    /// Answers with a body that says so in the way of an API.
    pub(crate) fn reply(&self, media_type: &'static str, body: impl Into<Bytes>) -> Reply {
        let mut reply = Reply::new(self.status(), media_type, body).because(with_causes(self));
        if let Self::Method { allowed } = self {
            let value = HeaderValue::from_static(allowed);
            reply.response.headers_mut().insert(ALLOW, value);
        }
        reply
    }
}

/// Reads the body of a request.
pub(crate) async fn collect(body: &mut RequestBody, limit: usize) -> Result<Bytes, Failure> {
    let collected = reply::collect(body, limit).await;
    collected.map_err(|(status, message)| Failure::Body { status, message })
}
