//! A signature that the user gives, instead of those that are attached.

use countersign::attachment::{Attached, Evidence, Place};
use countersign_core::bundle::Bundle;
use countersign_core::key::Signature;
use countersign_core::payload::simple_signing;

use super::Verify;
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file;
use crate::session::Session;

/// Reads `--signature` (a file, a URL, or base64) and `--payload` (a file).
pub(super) async fn attached(
    command: &Verify,
    session: &Session<'_>,
    signature: &str,
    payload: &str,
) -> Result<Attached, Failure> {
    let payload = file::read(session.directory(), payload, simple_signing::LIMIT as u64)?;
    let signature = parse(read(command, session, signature).await?)?;
    Ok(Attached {
        place: Place::Given,
        evidence: Evidence::Bundle(Box::new(Bundle::legacy(payload, signature))),
    })
}

async fn read(command: &Verify, session: &Session<'_>, signature: &str) -> Result<Vec<u8>, Failure> {
    if file::exists(session.directory(), signature) {
        return file::read(session.directory(), signature, SIGNATURE_LIMIT);
    }
    if signature.starts_with("https://") || signature.starts_with("http://") {
        if command.trusted.is_offline() {
            return Err(UsageError::because("--offline: the signature is on the network").into());
        }
        let http = command.registry.http(session)?;
        return Ok(http.get(signature, SIGNATURE_LIMIT).await?.to_vec());
    }
    Ok(signature.as_bytes().to_vec())
}

/// Takes base64 text, or the raw bytes of a signature.
fn parse(bytes: Vec<u8>) -> Result<Signature, Failure> {
    let text = std::str::from_utf8(&bytes).ok().map(str::trim);
    match text.map(Signature::from_base64) {
        Some(Ok(signature)) => Ok(signature),
        Some(Err(_)) => {
            Err(UsageError::because("--signature is neither a file, nor a URL, nor base64 of a signature").into())
        }
        None => Ok(Signature::new(bytes)),
    }
}

/// The most bytes of a signature: the base64 of one by an RSA key of 8192 bits, with room.
const SIGNATURE_LIMIT: u64 = 16 * 1024;
