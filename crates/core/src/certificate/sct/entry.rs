//! What a log signs (RFC 6962 §3.2).

use der::{Tag, TagNumber};

use super::SctError;
use crate::certificate::encoding::{Element, context, element};
use crate::certificate::extensions::Extension;
use crate::certificate::{Certificate, malformed};
use crate::digest::Digest;

/// A certificate as a log has it.
pub(super) struct Entry {
    /// The type of the entry and what is logged.
    bytes: Vec<u8>,
}

impl Entry {
    /// A certificate that was logged as it is.
    pub(super) fn certificate(certificate: &Certificate) -> Result<Self, SctError> {
        let mut bytes = CERTIFICATE.to_vec();
        append(&mut bytes, certificate.as_der())?;
        Ok(Self { bytes })
    }

    /// A certificate that was logged before its timestamps were put into it.
    pub(super) fn precertificate(certificate: &Certificate, issuer: &Certificate) -> Result<Self, SctError> {
        let mut bytes = PRECERTIFICATE.to_vec();
        // the hash keeps an issuer's entry from standing for that of another with the same name
        bytes.extend(Digest::sha256(&issuer.key_info).bytes());
        let is_timestamps = |extension: &Extension<'_>| extension.is_timestamps();
        let (tbs, _) = without(&certificate.tbs, is_timestamps).map_err(malformed("list of extensions"))?;
        append(&mut bytes, &tbs)?;
        Ok(Self { bytes })
    }

    /// Returns what is signed at `time`.
    pub(super) fn signed(&self, time: u64, extensions: &[u8]) -> Vec<u8> {
        let mut signed = vec![VERSION_1, CERTIFICATE_TIMESTAMP];
        signed.extend(time.to_be_bytes());
        signed.extend(&self.bytes);
        // a file is shorter than this number can tell, and in TLS the same number led them
        signed.extend(u16::try_from(extensions.len()).unwrap_or(u16::MAX).to_be_bytes());
        signed.extend(extensions);
        signed
    }
}

/// Appends bytes led by their number in three.
fn append(entry: &mut Vec<u8>, bytes: &[u8]) -> Result<(), SctError> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let [0, length @ ..] = length.to_be_bytes() else {
        return Err(SctError::TooLong {
            limit: 0xff_ffff,
            found: bytes.len(),
        });
    };
    entry.extend(length);
    entry.extend(bytes);
    Ok(())
}

/// Returns the `TBSCertificate` of a precertificate as a log has it, without what keeps anyone from believing it; nothing of
/// a certificate that anyone may believe (RFC 6962 §3.1).
///
/// # Errors
///
/// [`SctError::Certificate`] when the extensions are malformed.
pub fn precertificate_tbs(certificate: &Certificate) -> Result<Option<Vec<u8>>, SctError> {
    let is_poison = |extension: &Extension<'_>| extension.is_poison();
    let (tbs, is_poisoned) = without(&certificate.tbs, is_poison).map_err(malformed("list of extensions"))?;
    Ok(is_poisoned.then_some(tbs))
}

/// Returns the `TBSCertificate` without some extensions, and without a list of none; and whether there were any.
fn without(tbs: &[u8], is_left_out: fn(&Extension<'_>) -> bool) -> der::Result<(Vec<u8>, bool)> {
    let mut fields = Element::only(Tag::Sequence, tbs)?.elements();
    let mut kept = Vec::new();
    let mut is_changed = false;
    while let Some(field) = fields.next()? {
        if field.tag != context(TagNumber::N3, true) {
            kept.extend_from_slice(field.whole);
            continue;
        }
        let mut list = Element::only(Tag::Sequence, field.contents)?.elements();
        let mut extensions = Vec::new();
        while let Some(member) = list.next()? {
            if is_left_out(&Extension::read(member)?) {
                is_changed = true;
            } else {
                extensions.extend_from_slice(member.whole);
            }
        }
        if !extensions.is_empty() {
            kept.extend(element(field.tag, &element(Tag::Sequence, &extensions)?)?);
        }
    }
    Ok((element(Tag::Sequence, &kept)?, is_changed))
}

const VERSION_1: u8 = 0;
const CERTIFICATE_TIMESTAMP: u8 = 0;
const CERTIFICATE: [u8; 2] = [0, 0];
const PRECERTIFICATE: [u8; 2] = [0, 1];
