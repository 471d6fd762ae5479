//! Blobs: reading and unlinking them.

use std::io::{Seek, SeekFrom};

use countersign_core::Digest;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::failure::Failure;
use super::name::RepositoryName;
use super::{CONTENT_DIGEST, Registry, condition, empty, entity_tag, range, set};
use crate::body::AnswerBody;

impl Registry {
    pub(super) async fn blob(
        &self,
        head: &Parts,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Response<AnswerBody>, Failure> {
        match head.method {
            Method::GET => self.read_blob(head, name, digest),
            Method::HEAD => self.describe_blob(name, digest),
            Method::DELETE => self.unlink_blob(name, digest).await,
            _ => Err(Failure::Method {
                allowed: "GET, HEAD, DELETE",
            }),
        }
    }

    /// Opening and reading what is small takes less time than handing it to another thread.
    fn read_blob(&self, head: &Parts, name: &RepositoryName, digest: &Digest) -> Result<Response<AnswerBody>, Failure> {
        let found = self.store.blob(name, digest)?;
        let (mut file, size) = found.ok_or_else(|| Failure::BlobUnknown { digest: digest.clone() })?;
        if condition::is_unchanged(&head.headers, digest)? {
            let mut response = empty(StatusCode::NOT_MODIFIED);
            add_headers(response.headers_mut(), digest);
            return Ok(response);
        }
        let mut response = match range::wanted(&head.headers, digest, size)? {
            None => Response::new(AnswerBody::file(file, size)?),
            Some(part) => {
                file.seek(SeekFrom::Start(part.start))?;
                let mut response = Response::new(AnswerBody::file(file, part.length)?);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let last = part.start + part.length - 1;
                set(
                    response.headers_mut(),
                    CONTENT_RANGE,
                    &format!("bytes {}-{last}/{size}", part.start),
                );
                response
            }
        };
        add_headers(response.headers_mut(), digest);
        Ok(response)
    }

    fn describe_blob(&self, name: &RepositoryName, digest: &Digest) -> Result<Response<AnswerBody>, Failure> {
        let size = self.store.blob_size(name, digest)?;
        let size = size.ok_or_else(|| Failure::BlobUnknown { digest: digest.clone() })?;
        let mut response = empty(StatusCode::OK);
        response.headers_mut().insert(CONTENT_LENGTH, size.into());
        add_headers(response.headers_mut(), digest);
        Ok(response)
    }

    async fn unlink_blob(&self, name: &RepositoryName, digest: &Digest) -> Result<Response<AnswerBody>, Failure> {
        let (name, wanted) = (name.clone(), digest.clone());
        let was_linked = self.blocking(move |store| store.unlink_blob(&name, &wanted)).await?;
        if was_linked {
            Ok(empty(StatusCode::ACCEPTED))
        } else {
            Err(Failure::BlobUnknown { digest: digest.clone() })
        }
    }
}

fn add_headers(headers: &mut HeaderMap, digest: &Digest) {
    set(headers, CONTENT_DIGEST, digest.as_str());
    set(headers, ETAG, &entity_tag(digest));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // What a digest names never changes.
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=31536000, immutable"),
    );
}
