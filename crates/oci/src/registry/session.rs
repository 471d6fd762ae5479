//! An upload that is under way: continued where it broke, closed, or given up (distribution-spec, §chunked uploads).

use countersign_core::Digest;
use http::{Method, StatusCode, Uri, header};

use super::Registry;
use super::answer;
use super::call::{Call, CallTarget};
use super::feed::{Count, Feed};
use super::push::ANSWER_LIMIT;
use super::upload::{OCTETS, next_address};
use crate::blob::Upload;
use crate::error::StoreError;
use crate::http::Answer;
use crate::http::body::Payload;
use crate::http::retry::Attempts;
use crate::reference::Repository;

/// An upload that is under way.
pub(super) struct Session {
    url: Uri,
    /// The smallest piece that the registry takes, except for the last.
    pub(super) least_piece: u64,
}

impl Session {
    pub(super) fn from_answer(answer: &Answer, what: &str) -> Result<Self, StoreError> {
        let url = next_address(&answer.headers, &answer.url, what)?.ok_or_else(|| StoreError::Malformed {
            what: what.to_owned(),
            reason: "the registry does not say where to send it (no Location)".to_owned(),
        })?;
        let least_piece = answer::text(&answer.headers, "oci-chunk-min-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        Ok(Self { url, least_piece })
    }

    /// The address that closes the upload.
    pub(super) fn finished_by(&self, digest: &Digest) -> Result<Uri, StoreError> {
        let joint = if self.url.query().is_some() { '&' } else { '?' };
        format!("{}{joint}digest={digest}", self.url)
            .parse()
            .map_err(|error: http::uri::InvalidUri| StoreError::Malformed {
                what: "address of an upload".to_owned(),
                reason: error.to_string(),
            })
    }
}

impl Registry {
    /// Sends the bytes with `PATCH`, all at once or in pieces of `piece` bytes, and closes the upload.
    pub(super) async fn send_in_pieces(
        &self,
        repository: &Repository,
        upload: &Upload,
        session: &mut Session,
        piece: Option<u64>,
        count: &Count,
    ) -> Result<(Digest, u64), StoreError> {
        let mut attempts = Attempts::new(self.http().retry());
        let mut offset = 0;
        loop {
            let feed = Feed::open(upload, offset, count.clone()).await?;
            match self
                .send_feed(repository, upload, session, piece, &feed, &mut offset)
                .await
            {
                Ok(()) => {
                    let (digest, size) = feed.finish().await?;
                    check_digest(repository, upload, &digest)?;
                    self.finish_upload(repository, session, &digest, Payload::Empty, upload)
                        .await?;
                    return Ok((digest, size));
                }
                Err(error @ StoreError::Connection { .. }) => {
                    let Some(pause) = attempts.after_break().filter(|pause| self.http().has_time_for(*pause)) else {
                        return Err(error);
                    };
                    self.http().pause(pause).await;
                    match self.received_so_far(repository, session).await {
                        Some(received) => offset = received,
                        None => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn send_feed(
        &self,
        repository: &Repository,
        upload: &Upload,
        session: &mut Session,
        piece: Option<u64>,
        feed: &Feed,
        offset: &mut u64,
    ) -> Result<(), StoreError> {
        let what = format!("upload to {repository}");
        loop {
            let left = upload.size.map(|size| size.saturating_sub(*offset));
            let length = match (left, piece) {
                (Some(left), Some(piece)) => Some(left.min(piece)),
                (left, _) => left,
            };
            let body = feed.piece(length.or(piece).unwrap_or(u64::MAX));
            let target = CallTarget::Given(session.url.clone());
            let mut call = Call::new(self, repository, Method::PATCH, target, what.clone())
                .header(header::CONTENT_TYPE, OCTETS)
                .payload(Payload::stream(body, length));
            if let Some(length) = length.filter(|length| *length > 0 && (piece.is_some() || *offset > 0)) {
                let range = format!("{offset}-{}", *offset + length - 1);
                call = call.header(header::CONTENT_RANGE, &range);
            }
            let answer = self.exchange(&mut call, ANSWER_LIMIT).await?;
            if !answer.status.is_success() {
                return Err(call.refusal(&answer));
            }
            if let Some(next) = next_address(&answer.headers, &answer.url, &what)? {
                session.url = next;
            }
            if feed.is_at_end().await? {
                return Ok(());
            }
            *offset += length.unwrap_or(0);
            if length.is_none() {
                return Err(StoreError::Malformed {
                    what,
                    reason: "the registry refused a long request, and the size is not known for short ones".to_owned(),
                });
            }
        }
    }

    /// How many bytes the registry has of an upload that broke; `None` where it cannot say.
    async fn received_so_far(&self, repository: &Repository, session: &mut Session) -> Option<u64> {
        let what = format!("upload to {repository}");
        let target = CallTarget::Given(session.url.clone());
        let mut call = Call::new(self, repository, Method::GET, target, what.clone());
        let answer = self.exchange(&mut call, ANSWER_LIMIT).await.ok()?;
        if !matches!(
            answer.status,
            StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::ACCEPTED
        ) {
            return None;
        }
        let received = received(answer::text(&answer.headers, "range")?)?;
        if let Some(next) = next_address(&answer.headers, &answer.url, &what).ok()? {
            session.url = next;
        }
        Some(received)
    }

    /// [Abandons](Self::abandon) an upload while other things go on.
    pub(super) fn abandon_beside(&self, repository: &Repository, session: Session) {
        let (registry, repository) = (self.clone(), repository.clone());
        // Whether it is done in time is no matter either.
        drop(tokio::spawn(
            async move { registry.abandon(&repository, &session).await },
        ));
    }

    /// Tells the registry that an upload will not be finished. It forgets it by itself later, so a failure is no matter.
    pub(super) async fn abandon(&self, repository: &Repository, session: &Session) {
        let target = CallTarget::Given(session.url.clone());
        let what = format!("upload to {repository}");
        let mut call = Call::new(self, repository, Method::DELETE, target, what)
            .access(super::scope::Access::Push)
            .never_repeated();
        let _unneeded = self.exchange(&mut call, ANSWER_LIMIT).await;
    }
}

/// The number of bytes in `0-last`. What is one byte in this notation is most often none: registries write `0-0` for both.
pub(super) fn received(range: &str) -> Option<u64> {
    let range = range.trim().strip_prefix("bytes=").unwrap_or(range.trim());
    let last: u64 = range.strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last.checked_add(1)? })
}

fn check_digest(repository: &Repository, upload: &Upload, found: &Digest) -> Result<(), StoreError> {
    match &upload.digest {
        Some(expected) if expected != found => Err(StoreError::DigestMismatch {
            what: format!("upload to {repository}"),
            expected: expected.clone(),
            found: found.clone(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_an_upload_is_read() {
        assert_eq!(received("0-99"), Some(100));
        assert_eq!(received("bytes=0-99"), Some(100));
        assert_eq!(received("0-0"), Some(0));
        for text in ["", "5-9", "0-", "0-18446744073709551615", "0--1"] {
            assert_eq!(received(text), None, "{text}");
        }
    }
}
