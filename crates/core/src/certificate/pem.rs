//! Certificates in text (RFC 7468 §5).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Certificate, CertificateError, LIMIT};
use crate::quoted::Quoted;

/// Reads blocks `CERTIFICATE`, at most `limit` of them; text before a block is a comment, text after the last is refused.
pub(super) fn read(text: &[u8], limit: usize) -> Result<Vec<Certificate>, CertificateError> {
    let most = limit.saturating_mul(TEXT_LIMIT);
    if text.len() > most {
        return Err(CertificateError::TooLong {
            limit: most,
            found: text.len(),
        });
    }
    let mut certificates = Vec::new();
    let mut has_text = false;
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    while let Some(line) = lines.next() {
        if line == BEGIN {
            if certificates.len() == limit {
                return Err(CertificateError::TooMany { limit });
            }
            certificates.push(Certificate::from_der(&block(&mut lines)?)?);
            has_text = false;
        } else if line.starts_with(b"-----BEGIN ") {
            return Err(CertificateError::OtherBlock {
                found: Quoted::new(&String::from_utf8_lossy(line)),
            });
        } else {
            has_text |= !line.is_empty();
        }
    }
    if certificates.is_empty() {
        return Err(CertificateError::NotPem);
    }
    if has_text {
        return Err(CertificateError::TextAfterPem);
    }
    Ok(certificates)
}

fn block<'a>(lines: &mut impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, CertificateError> {
    let mut body = Vec::new();
    for line in lines {
        if line == END {
            return STANDARD
                .decode(&body)
                .map_err(|source| CertificateError::NotBase64 { source });
        }
        if line.starts_with(b"-----") {
            break;
        }
        body.extend_from_slice(line);
    }
    Err(CertificateError::Unterminated)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The most text for one certificate: base64 takes a third more than DER, comments as much again.
const TEXT_LIMIT: usize = 3 * LIMIT;
