//! Blobs on the way in: streamed, and continued where a connection broke.

use std::time::Duration;

use bytes::Bytes;
use countersign_core::Digest;
use futures_util::stream::try_unfold;
use http::{Method, StatusCode, header};

use super::Registry;
use super::answer;
use super::call::{Call, CallTarget};
use crate::blob::BlobStream;
use crate::error::StoreError;
use crate::http::body::Received;
use crate::http::failure::Cause;
use crate::http::retry::Attempts;
use crate::http::{Response, retry::Retry};
use crate::reference::Repository;

impl Registry {
    pub(super) async fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobStream, StoreError> {
        let what = format!("blob {repository}@{digest}");
        let mut download = Download {
            registry: self.clone(),
            repository: repository.clone(),
            digest: digest.clone(),
            body: None,
            offset: 0,
            skip: 0,
            breaks: 0,
        };
        let host = self.host(repository);
        // For the head only: a body may be as slow as where it goes.
        let permit = host.permits.acquire().await;
        let response = download.request(0).await?;
        drop(permit);
        if let (Some(expected), Some(found)) = (size, response.body.size())
            && expected != found
        {
            return Err(StoreError::SizeMismatch { what, expected, found });
        }
        download.body = Some(response.body);
        let chunks = try_unfold(download, |mut download| async move {
            Ok(download.next().await?.map(|chunk| (chunk, download)))
        });
        Ok(BlobStream::new(chunks, what, digest, size))
    }
}

struct Download {
    registry: Registry,
    repository: Repository,
    digest: Digest,
    body: Option<Received>,
    /// How many bytes have been handed on.
    offset: u64,
    /// How many bytes of the body have been handed on before, by a server that cannot continue.
    skip: u64,
    breaks: u32,
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        loop {
            let Some(body) = &mut self.body else {
                self.reopen().await?;
                continue;
            };
            match body.next().await {
                Ok(Some(chunk)) => {
                    let repeated = self.skip.min(chunk.len() as u64);
                    self.skip -= repeated;
                    let chunk = chunk.slice(usize::try_from(repeated).unwrap_or(chunk.len())..);
                    self.offset += chunk.len() as u64;
                    if !chunk.is_empty() {
                        return Ok(Some(chunk));
                    }
                }
                Ok(None) => return Ok(None),
                Err(failure) if failure.cause == Cause::Transient && self.breaks < BREAKS => {
                    self.breaks += 1;
                    self.body = None;
                    let pause = pause(self.registry.http().retry(), self.breaks);
                    if !self.registry.http().has_time_for(pause) {
                        return Err(failure.error);
                    }
                    self.registry.http().pause(pause).await;
                }
                Err(failure) => return Err(failure.error),
            }
        }
    }

    /// Opens the rest of the blob; or all of it, to pass over what is known, where the server does not know ranges.
    /// Either way the digest is checked over everything that was handed on.
    async fn reopen(&mut self) -> Result<(), StoreError> {
        let response = match self.request(self.offset).await {
            // go-containerregistry's registry takes ranges with an end only
            Err(StoreError::Status { status: 416, .. }) if self.offset > 0 => self.request(0).await?,
            answered => answered?,
        };
        self.skip = match response.status {
            StatusCode::PARTIAL_CONTENT => {
                let start = answer::text(&response.headers, "content-range").and_then(range_start);
                if start != Some(self.offset) {
                    return Err(StoreError::Malformed {
                        what: format!("blob {}@{}", self.repository, self.digest),
                        reason: format!("asked for bytes from {}, got another range", self.offset),
                    });
                }
                0
            }
            _ => self.offset,
        };
        self.body = Some(response.body);
        Ok(())
    }

    async fn request(&self, from: u64) -> Result<Response, StoreError> {
        let path = format!("{}/blobs/{}", self.repository.path(), self.digest);
        let mut call = Call::new(
            &self.registry,
            &self.repository,
            Method::GET,
            CallTarget::Path(path),
            format!("blob {}@{}", self.repository, self.digest),
        );
        if from > 0 {
            call = call.header(header::RANGE, &format!("bytes={from}-"));
        }
        self.registry.open(&mut call).await
    }
}

fn pause(policy: &Retry, breaks: u32) -> Duration {
    let mut attempts = Attempts::new(policy);
    (0..breaks)
        .filter_map(|_| attempts.after_break())
        .last()
        .unwrap_or(policy.pause)
}

/// The start of `bytes start-end/size` (RFC 9110 §14.4).
pub(super) fn range_start(text: &str) -> Option<u64> {
    text.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// How often a download is continued.
const BREAKS: u32 = 8;
