//! Answers of the services beside the registry.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};

use crate::body::{AnswerBody, RequestBody};
use crate::registry::failure::Failure;

/// An answer, and what the log is to say of it besides.
pub(crate) struct Reply {
    pub(crate) response: Response<AnswerBody>,
    pub(crate) error: Option<String>,
}

impl Reply {
    /// Answers with content of a media type, which no cache may keep.
    pub(crate) fn new(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut response = Response::new(AnswerBody::bytes(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self { response, error: None }
    }

    /// Answers with JSON.
    pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Self {
        Self::new(status, JSON, value.to_string())
    }

    /// Answers that there is nothing.
    pub(crate) fn nothing() -> Self {
        Self::new(StatusCode::NOT_FOUND, TEXT, "there is nothing at this path\n")
    }

    /// Answers that the method is another.
    pub(crate) fn method(allowed: &'static str) -> Self {
        let mut reply = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            TEXT,
            format!("the method is {allowed}\n"),
        );
        let value = HeaderValue::from_static(allowed);
        reply.response.headers_mut().insert(ALLOW, value);
        reply
    }

    /// Notes what the log is to say.
    pub(crate) fn because(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }
}

impl From<Response<AnswerBody>> for Reply {
    fn from(response: Response<AnswerBody>) -> Self {
        Self { response, error: None }
    }
}

/// Says whether something is only read; hyper leaves out the body of an answer to HEAD.
pub(crate) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Reads a body of at most `limit` bytes, or says with which status it is refused and why.
pub(crate) async fn collect(body: &mut RequestBody, limit: usize) -> Result<Bytes, (StatusCode, String)> {
    body.collect(limit).await.map_err(|failure| match failure {
        Failure::ManifestTooLarge { limit } => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request is longer than {limit} bytes"),
        ),
        failure @ Failure::BodyStalled { .. } => (StatusCode::REQUEST_TIMEOUT, failure.detail()),
        failure => (StatusCode::BAD_REQUEST, failure.detail()),
    })
}

pub(crate) const JSON: &str = "application/json";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
