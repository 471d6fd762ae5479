//! Doors for the fuzz targets: what registries and token servers say, before anything else has looked at it.

use bytes::Bytes;
use countersign_core::Digest;
use http::{HeaderMap, StatusCode, Uri};

use super::challenge::{Challenge, choose};
use super::{answer, download, manage, paging, pull, referrers, session, token, upload};
use crate::error::StoreError;
use crate::http::{Answer, retry};
use crate::manifest::{Descriptor, Manifest};
use crate::reference::Reference;

/// The address that a 401 of `registry` makes us ask for a token, with credentials; none where it wants no token.
pub fn token_address(headers: &HeaderMap, registry: &Uri) -> Option<Result<Uri, String>> {
    let Some(Challenge::Bearer(bearer)) = choose(headers) else {
        return None;
    };
    Some(token::realm(&bearer.realm, registry, true).and_then(|realm| {
        let request = token::question(realm, &bearer).map_err(|error| error.to_string())?;
        Ok(request.url)
    }))
}

/// Reads a token server's answer; the text is what the user would get to read.
pub fn token(status: StatusCode, body: &[u8]) -> Result<(), String> {
    match token::read(&answered(status, HeaderMap::new(), body)) {
        Ok(_) => Ok(()),
        Err(token::Refused::Denied(text) | token::Refused::Failed(text)) => Err(text),
    }
}

/// The error for an answer that is no success.
pub fn refusal(status: StatusCode, body: &[u8]) -> StoreError {
    answer::refusal("GET", "manifest", &answered(status, HeaderMap::new(), body))
}

/// The next page of a list that came from `asked`.
pub fn next_page(asked: &Uri, headers: HeaderMap) -> Result<Option<Uri>, StoreError> {
    paging::next_page(&Answer {
        url: asked.clone(),
        ..answered(StatusCode::OK, headers, b"")
    })
}

/// Where an upload that was begun at `asked` goes on.
pub fn upload_address(asked: &Uri, headers: &HeaderMap) -> Result<Option<Uri>, StoreError> {
    upload::next_address(headers, asked, "upload")
}

/// Reads the numbers in the headers of an answer: `Retry-After`, `Content-Range` and `Range`.
pub fn numbers(headers: &HeaderMap) -> (Option<std::time::Duration>, Option<u64>, Option<u64>) {
    let text = |name| answer::text(headers, name);
    (
        retry::retry_after(headers),
        text("content-range").and_then(download::range_start),
        text("range").and_then(session::received),
    )
}

/// Reads what the head of an answer says of a manifest.
pub fn described(headers: HeaderMap, reference: &Reference) -> Option<Descriptor> {
    pull::described(&answered(StatusCode::OK, headers, b""), reference)
}

/// Reads a page of a list of referrers.
pub fn referrers_page(body: &[u8]) -> Result<Vec<Descriptor>, serde_json::Error> {
    let page: referrers::Page = serde_json::from_slice(body)?;
    Ok(page.manifests.unwrap_or_default())
}

/// Reads a page of a list of tags.
pub fn tags_page(body: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let page: manage::TagPage = serde_json::from_slice(body)?;
    Ok(page.tags.unwrap_or_default())
}

/// The index of the fallback tag with `entry` in it.
pub fn with_entry(index: &Manifest, entry: &Descriptor, tag: &Reference) -> Result<Manifest, StoreError> {
    crate::referrer_list::with_entries(
        Some(index),
        std::slice::from_ref(entry),
        &Digest::sha256(b"subject"),
        tag,
    )
}

fn answered(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Answer {
    Answer {
        status,
        headers,
        body: Bytes::copy_from_slice(body),
        url: Uri::from_static("https://registry.example/v2/"),
    }
}
