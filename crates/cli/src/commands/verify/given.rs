//! A signature that the user gives, instead of those that are attached.

use countersign::attachment::{Attached, Evidence, Place};
use countersign_core::bundle::Bundle;
use countersign_core::payload::simple_signing;

use super::VerifyFlags;
use crate::args::signature;
use crate::args::usage::UsageError;
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
    let signature = signature::parse(read(command, session, given).await?)?;
    Ok(Attached {
        place: Place::Given,
        evidence: Evidence::Bundle(Box::new(Bundle::legacy(payload, signature))),
    })
}

async fn read(command: &VerifyFlags, session: &Session<'_>, given: &str) -> Result<Vec<u8>, Failure> {
    if file::exists(session.directory(), given) {
        return file::read(session.directory(), given, signature::LIMIT);
    }
    if given.starts_with("https://") || given.starts_with("http://") {
        if command.trusted.is_offline() {
            return Err(UsageError::because("--offline: the signature is on the network").into());
        }
        let http = command.registry.http(session)?;
        return Ok(http.get(given, signature::LIMIT).await?.to_vec());
    }
    Ok(given.as_bytes().to_vec())
}
