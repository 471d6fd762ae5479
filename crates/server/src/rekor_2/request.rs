//! Requests for entries (rekor-tiles, `hashedrekord.proto`, `verifier.proto`).

use std::borrow::Cow;

use countersign_core::certificate::{Certificate, CertificateError};
use countersign_core::go_json::decode_bytes;
use countersign_core::key::{PublicKey, PublicKeyAlgorithm, PublicKeyError, Signature, SignatureDigest};
use countersign_core::log::Verifier;
use countersign_core::log::body::{BodyError, body_of_rekor_2, scheme_of_rekor_2};
use countersign_core::quoted::Quoted;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The longest request that is read, in bytes: what makes an entry of the longest, in base64, and room.
pub(crate) const LIMIT: usize = 128 * 1024;

/// Reads a request, checks the signature that it brings, and writes the body of the entry, which is canonical.
pub(crate) fn body(bytes: &[u8]) -> Result<Vec<u8>, RequestError> {
    let wire: WireRequest<'_> = serde_json::from_slice(bytes)?;
    let (Some(wire), None) = (wire.hashed, wire.envelope) else {
        return Err(RequestError::Type);
    };
    let hash = base64("digest", &wire.digest)?;
    let signature = Signature::new(base64("signature.content", &wire.signature.content)?);
    let WireVerifier {
        public_key,
        certificate,
        key_details,
    } = wire.signature.verifier;
    let (parsed_certificate, parsed_key): (Certificate, PublicKey);
    let verifier = match (certificate, public_key) {
        (Some(raw), None) => {
            parsed_certificate = Certificate::from_der(&base64("x509Certificate.rawBytes", &raw.raw_bytes)?)?;
            Verifier::Certificate {
                key: parsed_certificate.public_key().map_err(Clone::clone)?,
                certificate: &parsed_certificate,
            }
        }
        (None, Some(raw)) => {
            parsed_key = PublicKey::from_der(&base64("publicKey.rawBytes", &raw.raw_bytes)?)?;
            Verifier::Key(&parsed_key)
        }
        _ => return Err(RequestError::Verifier),
    };
    check(&hash, &signature, &key_details, verifier.key())?;
    Ok(body_of_rekor_2(&hash, &signature, verifier)?)
}

/// Checks that the signature is the key's over the hash, and the key of the kind that is said.
fn check(hash: &[u8], signature: &Signature, details: &str, key: &PublicKey) -> Result<(), RequestError> {
    let algorithm = key.algorithm();
    let (expected, digest) = scheme_of_rekor_2(algorithm).ok_or(RequestError::Algorithm { found: algorithm })?;
    if details != expected {
        return Err(RequestError::Details {
            expected,
            found: Quoted::new(details),
        });
    }
    if hash.len() != digest.length() {
        return Err(RequestError::Length {
            digest,
            expected: digest.length(),
            found: hash.len(),
        });
    }
    if !key.verifies_hash(digest, hash, signature) {
        return Err(RequestError::Signature { algorithm, digest });
    }
    Ok(())
}

fn base64(member: &'static str, text: &str) -> Result<Vec<u8>, RequestError> {
    let bytes = decode_bytes(text).map_err(|source| RequestError::Base64 { member, source })?;
    if bytes.is_empty() {
        return Err(RequestError::Missing { member });
    }
    Ok(bytes)
}

/// Why a request makes no entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// The key is of a kind whose signatures Rekor 2 does not take.
    #[error("key is {found}, whose signatures are not logged")]
    Algorithm {
        /// The kind of the key.
        found: PublicKeyAlgorithm,
    },
    /// A member is not base64.
    #[error("{member} is not base64")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// The entry cannot be written.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The certificate is none.
    #[error("certificate is not usable")]
    Certificate(#[from] CertificateError),
    /// The key is of another kind than is said.
    #[error("key details are {found}, expected {expected} for this key")]
    Details {
        /// What the key is.
        expected: &'static str,
        /// What is said.
        found: Quoted,
    },
    /// The request is not JSON of the right shape.
    #[error("request is malformed")]
    Json(#[from] serde_json::Error),
    /// The key is none.
    #[error("key is not usable")]
    Key(#[from] PublicKeyError),
    /// The digest is not of the kind that the key signs.
    #[error("digest has {found} bytes, expected the {expected} of {digest}")]
    Length {
        /// What the key signs.
        digest: SignatureDigest,
        /// The length of such digests.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A member is empty.
    #[error("{member} is missing")]
    Missing {
        /// The member's name.
        member: &'static str,
    },
    /// The signature is not the key's.
    #[error("signature is not the {algorithm} key's over this {digest}")]
    Signature {
        /// The kind of the key.
        algorithm: PublicKeyAlgorithm,
        /// What it signs.
        digest: SignatureDigest,
    },
    /// The request is for an entry of another type.
    #[error("invalid type, must be hashedrekord")]
    Type,
    /// There is no verifier, or more than one.
    #[error("verifier must be either a public key or a certificate")]
    Verifier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRequest<'a> {
    #[serde(rename = "hashedRekordRequestV002", alias = "hashed_rekord_request_v002", borrow)]
    hashed: Option<WireHashed<'a>>,
    /// What Rekor 2 took once and does not take any more.
    #[serde(rename = "dsseRequestV002", alias = "dsse_request_v002")]
    envelope: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHashed<'a> {
    #[serde(borrow)]
    digest: Cow<'a, str>,
    #[serde(borrow)]
    signature: WireSignature<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(borrow)]
    verifier: WireVerifier<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireVerifier<'a> {
    #[serde(rename = "publicKey", alias = "public_key", borrow)]
    public_key: Option<WireRaw<'a>>,
    #[serde(rename = "x509Certificate", alias = "x509_certificate", borrow)]
    certificate: Option<WireRaw<'a>>,
    #[serde(rename = "keyDetails", alias = "key_details", borrow)]
    key_details: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRaw<'a> {
    #[serde(rename = "rawBytes", alias = "raw_bytes", borrow)]
    raw_bytes: Cow<'a, str>,
}
