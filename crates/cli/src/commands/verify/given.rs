//! A signature that the user gives, instead of those that are attached.

use countersign::attachment::{Attached, Evidence, Place};
use countersign_core::bundle::Bundle;
use countersign_core::payload::simple_signing;

use super::VerifyFlags;
use crate::args::{input, signature};
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Reads `--signature` (a file, a URL, or base64) and `--payload` (a file).
pub(super) async fn attached(
    command: &VerifyFlags,
    session: &Session<'_>,
    given: &str,
    payload: &str,
) -> Result<Attached, Failure> {
    let payload = file::read(session.directory(), payload, simple_signing::LIMIT as u64)?;
    let http = command.registry.http(session)?;
    let offline = command.trusted.is_offline();
    let bytes = match input::is_url(given) || file::exists(session.directory(), given) {
        true => input::read(given, "signature", signature::LIMIT, offline, session, &http).await?,
        false => given.as_bytes().to_vec(),
    };
    let signature = signature::parse(bytes)?;
    Ok(Attached {
        place: Place::Given,
        evidence: Evidence::Bundle(Box::new(Bundle::legacy(payload, signature))),
    })
}
