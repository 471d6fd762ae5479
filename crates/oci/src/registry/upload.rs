//! Blobs on the way out (distribution-spec, §pushing blobs).
//!
//! A small blob whose digest is known goes with `POST` and `PUT`. A large one, or one whose digest is found while it is
//! read, goes with `POST`, `PATCH` and `PUT`, so that a broken connection costs only what the registry did not get.

use countersign_core::Digest;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, Uri, header};

use super::Registry;
use super::answer;
use super::call::{Call, CallTarget};
use super::feed::{Count, Feed};
use super::mount::Found;
use super::push::ANSWER_LIMIT;
use super::scope::Access;
use super::session::Session;
use crate::blob::{Source, Upload, UploadOutcome, Uploaded};
use crate::error::StoreError;
use crate::http::body::Payload;
use crate::http::retry::{Attempts, is_passing};
use crate::http::{Answer, address};
use crate::reference::Repository;

impl Registry {
    /// Stores a blob. On the heap, so that the program has this once and not in each crate that calls it.
    pub(super) fn store_blob<'a>(
        &'a self,
        repository: &'a Repository,
        upload: &'a Upload,
    ) -> BoxFuture<'a, Result<Uploaded, StoreError>> {
        Box::pin(self.find_or_send(repository, upload))
    }

    async fn find_or_send(&self, repository: &Repository, upload: &Upload) -> Result<Uploaded, StoreError> {
        let loaded = loaded(upload).await?;
        let upload = loaded.as_ref().unwrap_or(upload);
        let count = Count::new(upload.meter.clone());
        let mut session = match self.find_or_mount(repository, upload).await? {
            Found::There(uploaded) => return Ok(uploaded),
            Found::Absent(started) => started,
        };
        if session.is_none() {
            match self.send_at_once(repository, upload, &count).await? {
                AtOnce::Sent(uploaded) => return Ok(uploaded),
                AtOnce::Started(started) => session = Some(started),
                AtOnce::No => {}
            }
        }
        self.send_blob(repository, upload, session, &count).await
    }

    /// A small blob to an upload that was begun [ahead of time](super::foresight); where that fails, it is sent as any other.
    async fn send_to_begun(&self, repository: &Repository, upload: &Upload, count: &Count) -> Option<Uploaded> {
        let session = self.host(repository).foresight.session(repository)?;
        let (digest, size) = self.send_whole(repository, upload, &session, count).await.ok()?;
        Some(Uploaded {
            digest,
            size,
            how: UploadOutcome::Sent,
        })
    }

    /// A small blob to an upload that was begun, or in one `POST`, where the registry takes it so (distribution-spec, §single POST). One that does not
    /// starts an upload, and is not asked again.
    async fn send_at_once(
        &self,
        repository: &Repository,
        upload: &Upload,
        count: &Count,
    ) -> Result<AtOnce, StoreError> {
        let (Source::Bytes(bytes), Some(digest)) = (&upload.source, &upload.digest) else {
            return Ok(AtOnce::No);
        };
        if bytes.len() as u64 > ASKED_FIRST {
            return Ok(AtOnce::No);
        }
        if let Some(uploaded) = self.send_to_begun(repository, upload, count).await {
            return Ok(AtOnce::Sent(uploaded));
        }
        let host = self.host(repository);
        if host.single_post.answer() == Some(false) {
            return Ok(AtOnce::No);
        }
        let path = format!("{}/blobs/uploads/?digest={digest}", repository.path());
        let what = format!("blob {repository}@{digest}");
        let mut call = Call::new(self, repository, Method::POST, CallTarget::Path(path), what)
            .header(header::CONTENT_TYPE, OCTETS)
            .payload(Payload::Bytes(bytes.clone()));
        let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
        host.single_post.remember(answer.status == StatusCode::CREATED);
        match answer.status {
            StatusCode::CREATED => {
                count.reach(bytes.len() as u64);
                Ok(AtOnce::Sent(Uploaded {
                    digest: digest.clone(),
                    size: bytes.len() as u64,
                    how: UploadOutcome::Sent,
                }))
            }
            StatusCode::ACCEPTED => Ok(AtOnce::Started(Session::from_answer(&answer, &call.what)?)),
            status if is_passing(status) => Err(call.refusal(&answer)),
            _ => Ok(AtOnce::No),
        }
    }

    /// Sends the bytes, from the start where a session was lost.
    async fn send_blob(
        &self,
        repository: &Repository,
        upload: &Upload,
        mut session: Option<Session>,
        count: &Count,
    ) -> Result<Uploaded, StoreError> {
        let mut attempts = Attempts::new(self.http().retry());
        let mut piece = None;
        loop {
            let mut current = match session.take() {
                Some(session) => session,
                None => self.start_upload(repository).await?,
            };
            let sent = if is_sent_whole(upload) {
                self.send_whole(repository, upload, &current, count).await
            } else {
                self.send_in_pieces(repository, upload, &mut current, piece, count)
                    .await
            };
            let error = match sent {
                Ok((digest, size)) => {
                    return Ok(Uploaded {
                        digest,
                        size,
                        how: UploadOutcome::Sent,
                    });
                }
                Err(error) => error,
            };
            let is_too_much = matches!(&error, StoreError::Status { status: 413, .. }) && piece.is_none();
            if is_too_much {
                piece = Some(PIECE.max(current.least_piece));
            } else if !may_start_again(&error) {
                self.abandon(repository, &current).await;
                return Err(error);
            }
            match attempts.after_break() {
                Some(pause) if self.http().has_time_for(pause) => self.http().pause(pause).await,
                _ => return Err(error),
            }
        }
    }

    /// One `PUT` with everything.
    async fn send_whole(
        &self,
        repository: &Repository,
        upload: &Upload,
        session: &Session,
        count: &Count,
    ) -> Result<(Digest, u64), StoreError> {
        let (Some(digest), Some(size)) = (&upload.digest, upload.size) else {
            return Err(StoreError::Malformed {
                what: format!("upload to {repository}"),
                reason: "its digest and size are not known".to_owned(),
            });
        };
        let payload = match &upload.source {
            Source::Bytes(bytes) => Payload::Bytes(bytes.clone()),
            Source::File(_) | Source::Stream(_) => {
                let feed = Feed::open(upload, 0, count.clone()).await?;
                Payload::stream(feed.piece(u64::MAX), Some(size))
            }
        };
        self.finish_upload(repository, session, digest, payload, upload).await?;
        count.reach(size);
        Ok((digest.clone(), size))
    }

    /// Closes an upload, with the bytes that are still to come.
    pub(super) async fn finish_upload(
        &self,
        repository: &Repository,
        session: &Session,
        digest: &Digest,
        payload: Payload,
        upload: &Upload,
    ) -> Result<(), StoreError> {
        let what = format!("blob {repository}@{digest}");
        let url = session.finished_by(digest)?;
        let mut call = Call::new(self, repository, Method::PUT, CallTarget::Given(url), what.clone())
            .header(header::CONTENT_TYPE, OCTETS)
            .payload(payload);
        let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
        if !answer.status.is_success() {
            return Err(digest_refusal(&answer, upload, &what).unwrap_or_else(|| call.refusal(&answer)));
        }
        match answer::text(&answer.headers, "docker-content-digest").and_then(|text| text.parse::<Digest>().ok()) {
            Some(found) if found.algorithm() == digest.algorithm() && found != *digest => {
                Err(StoreError::DigestMismatch {
                    what: format!("{what} as the registry stored it"),
                    expected: digest.clone(),
                    found,
                })
            }
            _ => Ok(()),
        }
    }

    /// The size of a blob that the registry has, where it says it; the outer `None` where it does not have the blob.
    pub(super) async fn blob_size(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<Option<u64>>, StoreError> {
        let path = format!("{}/blobs/{digest}", repository.path());
        let what = format!("blob {repository}@{digest}");
        let mut call = Call::new(self, repository, Method::HEAD, CallTarget::Path(path), what).access(Access::Push);
        let answer = self.exchange(&mut call, 0).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(None),
            status if status.is_success() => {
                let size = answer::text(&answer.headers, "content-length").and_then(|text| text.parse().ok());
                Ok(Some(size))
            }
            _ => Err(call.refusal(&answer)),
        }
    }

    pub(super) async fn start_upload(&self, repository: &Repository) -> Result<Session, StoreError> {
        let path = format!("{}/blobs/uploads/", repository.path());
        let what = format!("upload to {repository}");
        let mut call = Call::new(self, repository, Method::POST, CallTarget::Path(path), what.clone());
        let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
        if answer.status != StatusCode::ACCEPTED {
            return Err(call.refusal(&answer));
        }
        Session::from_answer(&answer, &what)
    }
}

enum AtOnce {
    Sent(Uploaded),
    Started(Session),
    No,
}

/// A small file in memory: its digest is known before the first request, so what the registry has is not sent.
async fn loaded(upload: &Upload) -> Result<Option<Upload>, StoreError> {
    match (&upload.source, &upload.digest) {
        (Source::Bytes(bytes), None) => Ok(Some(Upload {
            mount_from: upload.mount_from.clone(),
            meter: upload.meter.clone(),
            ..Upload::bytes(bytes.clone())
        })),
        (Source::File(path), None) if upload.size.is_some_and(|size| size <= LOADED) => {
            let bytes = tokio::fs::read(path).await.map_err(|source| StoreError::File {
                path: path.display().to_string(),
                source,
            })?;
            Ok(Some(Upload {
                mount_from: upload.mount_from.clone(),
                meter: upload.meter.clone(),
                ..Upload::bytes(bytes)
            }))
        }
        _ => Ok(None),
    }
}

fn is_sent_whole(upload: &Upload) -> bool {
    upload.digest.is_some() && upload.size.is_some_and(|size| size <= WHOLE)
}

/// Says whether a new session may succeed: the old one was lost, or broke where its body cannot be sent again.
fn may_start_again(error: &StoreError) -> bool {
    match error {
        StoreError::NotFound { .. } | StoreError::Connection { .. } => true,
        StoreError::Status { status, .. } => matches!(status, 408 | 416 | 429 | 500 | 502 | 503 | 504),
        _ => false,
    }
}

/// Where the registry says that the digest is not that of the bytes, says which one it is.
fn digest_refusal(answer: &Answer, upload: &Upload, what: &str) -> Option<StoreError> {
    let (Source::Bytes(bytes), Some(expected)) = (&upload.source, &upload.digest) else {
        return None;
    };
    if answer.status != StatusCode::BAD_REQUEST || expected.matches(bytes) {
        return None;
    }
    Some(StoreError::DigestMismatch {
        what: what.to_owned(),
        expected: expected.clone(),
        found: Digest::of(expected.algorithm(), bytes),
    })
}

/// Resolves where an upload goes on. Another host than the registry is followed as a redirect is, without credentials;
/// `http` on the registry's own host is read as `https` where that is how we got there: a proxy took the TLS off.
pub(super) fn next_address(headers: &HeaderMap, asked: &Uri, what: &str) -> Result<Option<Uri>, StoreError> {
    let Some(location) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let location = location.to_str().map_err(|_| StoreError::Malformed {
        what: what.to_owned(),
        reason: "the Location has characters that an address cannot hold".to_owned(),
    })?;
    let mut next = address::resolve(asked, location)?;
    if address::is_same_host(asked, &next) && asked.scheme_str() == Some("https") && next.port().is_none() {
        let mut parts = next.into_parts();
        parts.scheme = asked.scheme().cloned();
        parts.authority = asked.authority().cloned();
        next = Uri::from_parts(parts).map_err(|error| StoreError::Malformed {
            what: what.to_owned(),
            reason: error.to_string(),
        })?;
    }
    if !address::is_same_origin(asked, &next) {
        address::check_step(asked, &next)?;
    }
    Ok(Some(next))
}

/// The content type of blobs.
pub(super) const OCTETS: &str = "application/octet-stream";

/// Above this size the registry is asked whether it has the blob, in bytes; below, sending costs no more than asking.
pub(super) const ASKED_FIRST: u64 = 64 * 1024;

/// Up to this size a file is read before it is sent, in bytes.
const LOADED: u64 = 1024 * 1024;

/// Up to this size a blob goes in one request, in bytes.
const WHOLE: u64 = 8 * 1024 * 1024;

/// The size of pieces for registries that refuse a larger request, in bytes.
const PIECE: u64 = 16 * 1024 * 1024;
