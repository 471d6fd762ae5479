//! Doors for the fuzz targets.

use super::certificate::subject_name;
use super::extensions;
use super::principal::Principal;
use super::request::Request;
use crate::oidc::claims::Claims;
use crate::oidc::kind::Kind;

/// The extensions of a certificate for who is meant by claims.
pub(crate) fn principal(claims: &Claims, kind: &Kind) -> Option<Vec<Vec<u8>>> {
    let principal = Principal::read(claims, kind).ok()?;
    let mut written = extensions::written(&principal);
    written.push(subject_name(principal.name()));
    Some(written)
}

/// Says whether a request is right, and its key shown to be held.
pub(crate) fn certificate_request(body: &[u8]) -> bool {
    let requests = [Request::parse(body), Request::parse_legacy(body)];
    let proven = requests
        .into_iter()
        .flatten()
        .map(|request| request.proven_key("a").is_ok());
    proven.fold(false, |any, one| any | one)
}
