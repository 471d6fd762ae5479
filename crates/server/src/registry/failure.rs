//! Answers that say no (distribution-spec, §error codes).

use std::time::Duration;

use countersign_core::Digest;
use countersign_core::digest::DigestError;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, RANGE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::content::ContentError;
use super::name::{NameError, Reference, RepositoryName, UploadId};
use crate::body::AnswerBody;
use crate::error::with_causes;
use crate::store::{ChangeError, ReferrersError, StoreError};

/// Why a request is not granted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("blob {digest} is not in the repository")]
    BlobUnknown { digest: Digest },
    #[error("there is no upload {id} in the repository")]
    UploadUnknown { id: UploadId },
    #[error("another request is writing to upload {id}")]
    UploadBusy { id: UploadId },
    #[error("{limit} uploads have begun and not ended, the most at a time")]
    TooManyUploads { limit: usize },
    #[error("the blob is longer than {limit} bytes, the most that this registry takes")]
    BlobTooLarge { limit: u64 },
    #[error("the next byte of the upload is {expected}, the request brings those from {found}")]
    OutOfOrder {
        name: RepositoryName,
        id: UploadId,
        expected: u64,
        found: u64,
    },
    #[error("Content-Range is {found:?}, expected <first byte>-<last byte>")]
    ContentRange { found: String },
    #[error("Content-Range announces {expected} bytes, the request brings {found}")]
    Size { expected: u64, found: u64 },
    #[error("the request has no digest parameter")]
    DigestMissing,
    #[error("{0}")]
    Digest(#[from] DigestError),
    #[error("the bytes have the digest {found}, expected {expected}")]
    DigestMismatch { expected: Digest, found: Digest },
    #[error("manifest {reference} is not in the repository")]
    ManifestUnknown { reference: Reference },
    #[error("{0}")]
    Content(#[from] ContentError),
    #[error("the manifest is longer than {limit} bytes, the most that this registry takes")]
    ManifestTooLarge { limit: usize },
    #[error("the request has {found} tag parameters, the limit is {limit}")]
    TooManyTags { found: usize, limit: usize },
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("repository {name} is not known")]
    NameUnknown { name: RepositoryName },
    #[error("parameter {name} is {found:?}, expected {expected}")]
    Parameter {
        name: &'static str,
        found: String,
        expected: &'static str,
    },
    #[error("header {name} is {found:?}, expected {expected}")]
    Header {
        name: &'static str,
        found: String,
        expected: &'static str,
    },
    #[error("the range is outside of the blob's {size} bytes")]
    RangeOutside { size: u64 },
    #[error("{0}")]
    Change(#[from] ChangeError),
    #[error("user or password is missing or wrong")]
    Unauthorized,
    #[error("the registry is read-only")]
    ReadOnly,
    #[error("the method is not allowed here, which takes {allowed}")]
    Method { allowed: &'static str },
    #[error("there is nothing at this path")]
    Path,
    #[error("the client sent nothing for {after:?}")]
    BodyStalled { after: Duration },
    #[error("the request's body broke off")]
    BodyBroken(#[source] hyper::Error),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("there is no randomness")]
    Random(#[from] aws_lc_rs::error::Unspecified),
    #[error("a task of the server failed")]
    Task(#[from] tokio::task::JoinError),
    #[error("an earlier write to the upload broke off")]
    WriterBroken,
    #[error("a file could not be read")]
    File(#[from] std::io::Error),
}

impl Failure {
    /// The answer, and what the log is to say of it.
    pub(crate) fn answer(&self) -> Response<AnswerBody> {
        let (status, code) = self.kind();
        // What went wrong inside is for the log: it names files of the server.
        let message = match status {
            StatusCode::INTERNAL_SERVER_ERROR => "the registry could not do this; its log says why".to_owned(),
            _ => self.to_string(),
        };
        let body = ErrorList {
            errors: [ErrorEntry { code, message }],
        };
        let body = serde_json::to_vec(&body).expect("strings have a JSON form");
        let mut response = Response::new(AnswerBody::bytes(body));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.add_headers(response.headers_mut());
        response
    }

    /// What happened, with its causes, for the log.
    pub(crate) fn detail(&self) -> String {
        with_causes(self)
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BlobUnknown { .. } => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
            Self::UploadUnknown { .. } => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Self::UploadBusy { .. } => (StatusCode::CONFLICT, "BLOB_UPLOAD_INVALID"),
            Self::TooManyUploads { .. } => (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            Self::BlobTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Self::OutOfOrder { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
            Self::ContentRange { .. } => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            Self::Size { .. } => (StatusCode::BAD_REQUEST, "SIZE_INVALID"),
            Self::DigestMissing | Self::Digest(_) | Self::DigestMismatch { .. } => {
                (StatusCode::BAD_REQUEST, "DIGEST_INVALID")
            }
            Self::ManifestUnknown { .. } => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Self::Content(_) | Self::TooManyTags { .. } | Self::Header { .. } => {
                (StatusCode::BAD_REQUEST, "MANIFEST_INVALID")
            }
            Self::ManifestTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID"),
            Self::Name(error) => (StatusCode::BAD_REQUEST, name_code(error)),
            Self::NameUnknown { .. } => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            Self::Parameter { .. } => (StatusCode::BAD_REQUEST, "UNSUPPORTED"),
            Self::RangeOutside { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID"),
            Self::Change(error) => change_kind(error),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::ReadOnly | Self::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
            Self::Path => (StatusCode::NOT_FOUND, "UNSUPPORTED"),
            Self::BodyStalled { .. } => (StatusCode::REQUEST_TIMEOUT, "BLOB_UPLOAD_INVALID"),
            Self::BodyBroken(_) => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            Self::Store(_) | Self::Random(_) | Self::Task(_) | Self::WriterBroken | Self::File(_) => INTERNAL,
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        match self {
            Self::Unauthorized => {
                headers.insert(
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"countersign\", charset=\"UTF-8\""),
                );
            }
            Self::ReadOnly => {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Self::Method { allowed } => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::RangeOutside { size } => super::set(headers, http::header::CONTENT_RANGE, &format!("bytes */{size}")),
            Self::OutOfOrder { name, id, expected, .. } => {
                super::set(headers, LOCATION, &format!("/v2/{name}/blobs/uploads/{id}"));
                super::set(headers, RANGE, &format!("0-{}", expected.saturating_sub(1)));
            }
            _ => {}
        }
    }
}

fn name_code(error: &NameError) -> &'static str {
    match error {
        NameError::Repository { .. } => "NAME_INVALID",
        NameError::Tag { .. } => "MANIFEST_INVALID",
        NameError::Upload { .. } => "BLOB_UPLOAD_INVALID",
        NameError::Digest(_) => "DIGEST_INVALID",
    }
}

fn change_kind(error: &ChangeError) -> (StatusCode, &'static str) {
    match error {
        ChangeError::Condition { .. } => (StatusCode::PRECONDITION_FAILED, "DENIED"),
        ChangeError::Needs { .. } => (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"),
        ChangeError::Referrers(ReferrersError::Store(_)) | ChangeError::Store(_) => INTERNAL,
        ChangeError::Referrers(_) => (StatusCode::FORBIDDEN, "DENIED"),
    }
}

const INTERNAL: (StatusCode, &str) = (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN");

#[derive(Serialize)]
struct ErrorList {
    errors: [ErrorEntry; 1],
}

#[derive(Serialize)]
struct ErrorEntry {
    code: &'static str,
    message: String,
}
