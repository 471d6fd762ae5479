//! Requests for certificates that prove themselves that their key is held (PKCS #10, RFC 2986).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::PublicKey;
use countersign_core::certificate::AlgorithmError;
use countersign_core::certificate::algorithm::{scheme, verifies};
use countersign_core::certificate::encoding::{Element, context};
use countersign_core::key::{EncodingError, PublicKeyError, Signature};
use der::{Tag, TagNumber};

/// Reads the key of a request, in DER or in one PEM block, whose signature is by that key; what else it wants is not looked
/// at, as the certificate tells what the token does.
pub(super) fn key(request: &[u8]) -> Result<PublicKey, CsrError> {
    let decoded;
    let der = match request.trim_ascii_start().first() {
        Some(b'-') => {
            decoded = decode(request).ok_or(CsrError::Pem)?;
            &decoded
        }
        _ => request,
    };
    let (information, algorithm, signature) = parts(der)?;
    let key = PublicKey::from_der(information.key)?;
    let scheme = scheme(algorithm)?;
    if verifies(scheme, &key, information.whole, &Signature::new(signature.to_vec())) {
        Ok(key)
    } else {
        Err(CsrError::Signature)
    }
}

/// A `CertificationRequestInfo`.
struct Information<'a> {
    whole: &'a [u8],
    key: &'a [u8],
}

fn parts(der: &[u8]) -> der::Result<(Information<'_>, &[u8], &[u8])> {
    let mut fields = Element::only(Tag::Sequence, der)?.elements();
    let information = fields.expect(Tag::Sequence)?;
    let algorithm = fields.expect(Tag::Sequence)?.whole;
    let signature = fields.expect(Tag::BitString)?.whole_bits()?;
    fields.finish()?;
    let mut members = information.elements();
    if members.expect(Tag::Integer)?.contents != [0] {
        return Err(Tag::Integer.value_error());
    }
    members.expect(Tag::Sequence)?;
    let key = members.expect(Tag::Sequence)?.whole;
    members.optional(context(TagNumber::N0, true))?;
    members.finish()?;
    let information = Information {
        whole: information.whole,
        key,
    };
    Ok((information, algorithm, signature))
}

/// Returns what the one block of a request in PEM holds.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let named = |label: &str| {
        let body = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
        body.strip_suffix(&format!("-----END {label}-----"))
    };
    let body = named("CERTIFICATE REQUEST").or_else(|| named("NEW CERTIFICATE REQUEST"))?;
    let body: String = body
        .chars()
        .filter(|character| !character.is_ascii_whitespace())
        .collect();
    STANDARD.decode(body).ok()
}

/// Why bytes are no request whose key is held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CsrError {
    #[error("certificate signing request: {0}")]
    Algorithm(#[from] AlgorithmError),
    #[error("certificate signing request: {0}")]
    Key(#[from] PublicKeyError),
    #[error("certificate signing request is malformed")]
    Malformed(#[source] EncodingError),
    #[error("certificate signing request is not one PEM block CERTIFICATE REQUEST, nor DER")]
    Pem,
    #[error("certificate signing request's signature is not by its key")]
    Signature,
}

impl From<der::Error> for CsrError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.into())
    }
}
