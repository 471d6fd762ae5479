//! Signed timestamps of signatures (client-spec §2.1.4, RFC 3161 §3.4).

use countersign_core::key::SignatureDigest;
use countersign_core::timestamp::{LIMIT, TimestampRequest, TimestampToken};
use countersign_oci::http::{Call, Http};

use crate::service::{Place, Service, ServiceError};

/// Has the authority at `url` witness that `message`, for Sigstore the bytes of a signature, is there now; `nonce` is random.
/// The timestamp is *untrusted*.
///
/// # Errors
/// [`ServiceError`]; an answer to another question is one.
pub async fn stamp(url: &str, message: &[u8], nonce: [u8; 16], http: &Http) -> Result<TimestampToken, ServiceError> {
    let place = Place {
        service: Service::TimestampAuthority,
        url,
    };
    let request = TimestampRequest::new(message, SignatureDigest::Sha256, nonce);
    let call = Call::post(url, QUERY, request.as_der().to_vec(), LIMIT as u64)
        .with_header("accept", REPLY)
        .with_attempts(ATTEMPTS);
    let content = place.content(place.call(&call, http).await?, REPLY, None)?;
    let token = TimestampToken::new(content.to_vec());
    request.check_answer(&token).map_err(|error| place.unusable(error))?;
    Ok(token)
}

const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";
const ATTEMPTS: u32 = 3;
