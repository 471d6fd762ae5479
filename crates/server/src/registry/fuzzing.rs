//! Doors for the fuzz targets: what clients send, before anything is done with it.

use std::path::PathBuf;

use countersign_core::Digest;
use http::{HeaderMap, Request};

use super::content::ManifestContent;
use super::failure::Failure;
use super::name::Reference;
use super::route::{Parameters, Route, encode};
use super::upload::ContentRange;
use super::{condition, manifest, range};
use crate::auth::BasicAuth;
use crate::store::key::Key;

/// Where in the store's folder the thing is that a path names; none where it names nothing that is stored.
///
/// # Errors
/// The status of the refusal.
pub fn place(path: &str) -> Result<Option<PathBuf>, u16> {
    let key = match Route::parse(path).map_err(refused)? {
        // what a page shows is asked for as manifests are
        Route::Base | Route::Catalog | Route::Health | Route::Metrics | Route::Page(_) => return Ok(None),
        Route::Tags(name) => Key::tags(&name),
        Route::Manifest(name, Reference::Tag(tag)) => Key::tag(&name, &tag),
        Route::Manifest(name, Reference::Digest(digest)) => Key::manifest_link(&name, &digest),
        Route::Blob(name, digest) => Key::blob_link(&name, &digest),
        Route::Uploads(name) => Key::repository(&name),
        Route::Upload(name, id) => Key::upload(&name, &id),
        Route::Referrers(name, subject) => Key::referrers(&name, &subject),
    };
    Ok(Some(key.path().to_owned()))
}

/// Reads the parameters of an address: those of a list, of an upload and of a push. A value is encoded and read again.
///
/// # Errors
/// The status of the refusal.
pub fn parameters(query: &str) -> Result<(), u16> {
    let parameters = Parameters::parse(Some(query)).map_err(refused)?;
    for name in ["artifactType", "last", "from", "mount", "digest", "digest-algorithm"] {
        for value in parameters.all(name) {
            let again = Parameters::parse(Some(&format!("{name}={}", encode(value)))).map_err(refused)?;
            assert_eq!(again.first(name), Some(value), "what is encoded is read again");
        }
    }
    assert!(parameters.count(100).map_err(refused)? <= 100, "a page has its limit");
    let pushed = Reference::Digest(Digest::sha256(b""));
    manifest::wanted_tags(&parameters, &pushed).map_err(refused)?;
    Ok(())
}

/// Reads the headers that say which part of `size` bytes is wanted or brought: first byte and length of each.
///
/// # Errors
/// The status of the refusal.
pub fn ranges(headers: HeaderMap, size: u64) -> Result<[Option<(u64, u64)>; 2], u16> {
    let mut head = Request::new(()).into_parts().0;
    head.headers = headers;
    let wanted = range::wanted(&head.headers, &Digest::sha256(b""), size).map_err(refused)?;
    let brought = ContentRange::of(&head).map_err(refused)?;
    Ok([
        wanted.map(|part| (part.start, part.length)),
        brought.map(|range| (range.first, range.length())),
    ])
}

/// Reads the conditions of a request.
///
/// # Errors
/// The status of the refusal.
pub fn conditions(headers: &HeaderMap) -> Result<(), u16> {
    condition::of_write(headers).map_err(refused)?;
    condition::is_unchanged(headers, &Digest::sha256(b"")).map_err(refused)?;
    Ok(())
}

/// Says whether a request's credentials are right.
pub fn admits(users: &BasicAuth, headers: &HeaderMap) -> bool {
    users.admits(headers)
}

/// Reads a manifest as it is pushed, and gives its entry in a list of referrers.
///
/// # Errors
/// The status of the refusal.
pub fn listed(bytes: &[u8], content_type: Option<&str>) -> Result<Vec<u8>, u16> {
    let content = ManifestContent::parse(bytes, content_type).map_err(|error| refused(error.into()))?;
    let referrer = content.referrer(&Digest::sha256(bytes), bytes.len() as u64);
    Ok(serde_json::to_vec(&referrer).expect("strings and numbers have a JSON form"))
}

/// The status of the answer that says no; making it must not fail, whatever the client sent.
fn refused(failure: Failure) -> u16 {
    failure.answer().status().as_u16()
}
