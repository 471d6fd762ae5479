//! Uploads of blobs: whole, in chunks, by mounting (distribution-spec, §pushing blobs).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use http::header::{CONTENT_RANGE, HeaderName, LOCATION, RANGE};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::failure::Failure;
use super::name::{RepositoryName, UploadId};
use super::route::Parameters;
use super::writer::{Open, Slot, Writer};
use super::{CONTENT_DIGEST, Registry, empty, set};
use crate::body::{AnswerBody, RequestBody};
use crate::store::Progress;

impl Registry {
    /// Starts an upload; with a digest it is whole, with a mount it may be needless.
    pub(super) async fn uploads(
        &self,
        head: &Parts,
        parameters: &Parameters,
        name: RepositoryName,
        body: &mut RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        if head.method != Method::POST {
            return Err(Failure::Method { allowed: "POST" });
        }
        if let Some(digest) = parameters.first("mount") {
            let digest: Digest = digest.parse()?;
            if self.mount(parameters, &name, &digest).await? {
                return Ok(stored(&name, &digest));
            }
        }
        let whole = parameters.first("digest").map(str::parse::<Digest>).transpose()?;
        let algorithm = match parameters.first("digest-algorithm") {
            Some("sha512") => Algorithm::Sha512,
            _ => Algorithm::Sha256,
        };
        let id = UploadId::draw()?;
        let session = self.uploads.begin(&id, self.limits.uploads)?;
        let begun = self.store.begin_upload(&name, &id);
        begun.inspect_err(|_| self.uploads.end(&id))?;
        let mut slot = session.lock_owned().await;
        *slot = Some(Progress::new(algorithm));
        match whole {
            None => Ok(under_way(StatusCode::ACCEPTED, &name, &id, 0)),
            Some(digest) => {
                let _ends = OneShot {
                    registry: self,
                    name: &name,
                    id: &id,
                };
                self.receive_last(name.clone(), id.clone(), slot, digest, None, body)
                    .await
            }
        }
    }

    async fn mount(&self, parameters: &Parameters, name: &RepositoryName, digest: &Digest) -> Result<bool, Failure> {
        let from = parameters.first("from").map(str::parse::<RepositoryName>).transpose()?;
        let (name, digest) = (name.clone(), digest.clone());
        self.blocking(move |store| store.mount(&name, &digest, from.as_ref()))
            .await
    }

    /// Tells of an upload, adds to it, ends it or forgets it.
    pub(super) async fn upload(
        &self,
        head: &Parts,
        parameters: &Parameters,
        name: RepositoryName,
        id: UploadId,
        body: &mut RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        match head.method {
            Method::GET | Method::HEAD => match self.store.upload_length(&name, &id)? {
                Some(length) => Ok(under_way(StatusCode::NO_CONTENT, &name, &id, length)),
                None => Err(Failure::UploadUnknown { id }),
            },
            Method::PATCH => {
                let range = ContentRange::of(head)?;
                let slot = self.claim(&id).await?;
                self.receive_chunk(name, id, slot, range, body).await
            }
            Method::PUT => {
                let digest = parameters
                    .first("digest")
                    .ok_or(Failure::DigestMissing)?
                    .parse::<Digest>()?;
                let range = ContentRange::of(head)?;
                let slot = self.claim(&id).await?;
                self.receive_last(name, id, slot, digest, range, body).await
            }
            Method::DELETE => {
                let _slot = self.claim(&id).await?;
                if !self.store.cancel_upload(&name, &id)? {
                    return Err(Failure::UploadUnknown { id });
                }
                self.uploads.end(&id);
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::Method {
                allowed: "GET, PATCH, PUT, DELETE",
            }),
        }
    }

    /// Adds a chunk. What came of one that breaks off is kept: the client asks how far it got, and goes on from there.
    async fn receive_chunk(
        &self,
        name: RepositoryName,
        id: UploadId,
        slot: Slot,
        range: Option<ContentRange>,
        body: &mut RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        let mut writer = self.open(&name, &id, slot, range)?;
        let before = writer.length();
        let outcome = self.receive(&mut writer, range, body).await;
        let closed = writer.close().await;
        match outcome {
            Ok(()) => Ok(under_way(StatusCode::ACCEPTED, &name, &id, closed?.keep())),
            Err(failure @ (Failure::Size { .. } | Failure::BlobTooLarge { .. })) => {
                closed?.cut(before)?;
                Err(failure)
            }
            Err(failure) => {
                // Where the disk broke off, that is the reason, and there is nothing to keep.
                closed.map(Open::keep).ok();
                Err(failure)
            }
        }
    }

    /// Adds the last bytes, if any, and makes the upload a blob. Where the bytes break off, the upload is as it was
    /// before, so that the same request can be sent again.
    async fn receive_last(
        &self,
        name: RepositoryName,
        id: UploadId,
        slot: Slot,
        digest: Digest,
        range: Option<ContentRange>,
        body: &mut RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        let mut writer = self.open(&name, &id, slot, range)?;
        let before = writer.length();
        writer.expect(digest.algorithm());
        if let Err(failure) = self.receive(&mut writer, range, body).await {
            if let Ok(mut open) = writer.close().await {
                open.cut(before)?;
            }
            return Err(failure);
        }
        let found = writer
            .finish(Arc::clone(&self.store), name.clone(), digest.clone())
            .await?;
        self.uploads.end(&id);
        if found == digest {
            self.observer.blob_stored();
            Ok(stored(&name, &digest))
        } else {
            Err(Failure::DigestMismatch {
                expected: digest,
                found,
            })
        }
    }

    async fn claim(&self, id: &UploadId) -> Result<Slot, Failure> {
        let Some(session) = self.uploads.session(id) else {
            return Err(Failure::UploadUnknown { id: id.clone() });
        };
        // The request before may have broken off a moment ago, with its last bytes still being written.
        tokio::time::timeout(BUSY, session.lock_owned())
            .await
            .map_err(|_| Failure::UploadBusy { id: id.clone() })
    }

    fn open(
        &self,
        name: &RepositoryName,
        id: &UploadId,
        mut slot: Slot,
        range: Option<ContentRange>,
    ) -> Result<Writer, Failure> {
        let Some(staged) = self.store.open_upload(name, id, slot.take())? else {
            return Err(Failure::UploadUnknown { id: id.clone() });
        };
        let expected = staged.length();
        match range {
            Some(range) if range.first != expected => {
                *slot = staged.into_progress();
                Err(Failure::OutOfOrder {
                    name: name.clone(),
                    id: id.clone(),
                    expected,
                    found: range.first,
                })
            }
            _ => Ok(Writer::new(staged, slot)),
        }
    }

    /// Writes a request's body to an upload, and checks that it is as long as it was said to be.
    async fn receive(
        &self,
        writer: &mut Writer,
        range: Option<ContentRange>,
        body: &mut RequestBody,
    ) -> Result<(), Failure> {
        let announced = range.map(ContentRange::length);
        let size = |found| match announced {
            Some(expected) if expected != found => Err(Failure::Size { expected, found }),
            _ => Ok(()),
        };
        let limit = self.limits.blob_bytes;
        let before = writer.length();
        if let Some(length) = body.length() {
            size(length)?;
            if before.saturating_add(length) > limit {
                return Err(Failure::BlobTooLarge { limit });
            }
        }
        while let Some(bytes) = body.next().await? {
            let length = writer.length() + bytes.len() as u64;
            if length > limit {
                return Err(Failure::BlobTooLarge { limit });
            }
            if announced.is_some_and(|announced| length - before > announced) {
                size(length - before)?;
            }
            writer.push(bytes).await?;
        }
        size(writer.length() - before)
    }
}

/// The uploads that have begun and not ended.
pub(super) struct Uploads(Mutex<HashMap<UploadId, Session>>);

/// What is known of an upload's bytes, for one request at a time.
type Session = Arc<tokio::sync::Mutex<Option<Progress>>>;

impl Uploads {
    /// Goes on with the uploads of an earlier process.
    pub(super) fn new(known: impl IntoIterator<Item = UploadId>) -> Self {
        let sessions = known.into_iter().map(|id| (id, Session::default()));
        Self(Mutex::new(sessions.collect()))
    }

    fn begin(&self, id: &UploadId, limit: usize) -> Result<Session, Failure> {
        let mut sessions = self.sessions();
        if sessions.len() >= limit {
            return Err(Failure::TooManyUploads { limit });
        }
        Ok(Arc::clone(sessions.entry(id.clone()).or_default()))
    }

    fn session(&self, id: &UploadId) -> Option<Session> {
        self.sessions().get(id).map(Arc::clone)
    }

    pub(super) fn end(&self, id: &UploadId) {
        self.sessions().remove(id);
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<UploadId, Session>> {
        // Each change to the map is one call, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload that is sent in one request: if that breaks off, nobody will go on with it.
struct OneShot<'a> {
    registry: &'a Registry,
    name: &'a RepositoryName,
    id: &'a UploadId,
}

impl Drop for OneShot<'_> {
    fn drop(&mut self) {
        if self.registry.uploads.session(self.id).is_some() {
            self.registry.uploads.end(self.id);
            // Where it cannot be removed, it is removed for its age at a later start.
            let _ = self.registry.store.cancel_upload(self.name, self.id);
        }
    }
}

/// Which bytes of an upload a request brings: `<first>-<last>`, with or without what RFC 9110 puts around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first: u64,
    last: u64,
}

impl ContentRange {
    pub(super) fn of(head: &Parts) -> Result<Option<Self>, Failure> {
        let Some(value) = head.headers.get(CONTENT_RANGE) else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or("?");
        Self::parse(text).map(Some).ok_or_else(|| Failure::ContentRange {
            found: text.chars().take(140).collect(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text
            .strip_prefix("bytes ")
            .or_else(|| text.strip_prefix("bytes="))
            .unwrap_or(text);
        let text = text.split_once('/').map_or(text, |(range, _)| range);
        let (first, last) = text.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last && last < u64::MAX).then_some(Self { first, last })
    }

    pub(super) fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

fn stored(name: &RepositoryName, digest: &Digest) -> Response<AnswerBody> {
    let mut response = empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    set(headers, LOCATION, &format!("/v2/{name}/blobs/{digest}"));
    set(headers, CONTENT_DIGEST, digest.as_str());
    response
}

fn under_way(status: StatusCode, name: &RepositoryName, id: &UploadId, length: u64) -> Response<AnswerBody> {
    let mut response = empty(status);
    let headers = response.headers_mut();
    set(headers, LOCATION, &format!("/v2/{name}/blobs/uploads/{id}"));
    // The header cannot say that there is nothing: `0-0` is what clients expect then.
    set(headers, RANGE, &format!("0-{}", length.saturating_sub(1)));
    set(headers, UPLOAD_ID, id.as_str());
    response
}

const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");
/// How long a request waits for the one before it to let go of the upload.
const BUSY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_is_read_in_both_spellings() {
        let range = |first, last| Some(ContentRange { first, last });
        assert_eq!(ContentRange::parse("0-9"), range(0, 9));
        assert_eq!(ContentRange::parse("bytes 5-9/10"), range(5, 9));
        for bad in ["", "-", "9-0", "a-b", "0-18446744073709551615", "5"] {
            assert_eq!(ContentRange::parse(bad), None, "{bad}");
        }
    }
}
