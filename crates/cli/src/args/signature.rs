//! A signature that is given by itself.

use countersign_core::key::Signature;

use super::usage::UsageError;
use crate::failure::Failure;

/// Takes base64 text, or the raw bytes of a signature.
pub(crate) fn parse(bytes: Vec<u8>) -> Result<Signature, Failure> {
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
pub(crate) const LIMIT: u64 = 16 * 1024;
