//! The answer of a timestamp authority, and the signature in it (RFC 3161 §2.4.2, RFC 5652 §5).

use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

use super::error::malformed;
use super::signer::Signer;
use super::{CERTIFICATES, LIMIT, TimestampError};
use crate::certificate::Certificate;
use crate::certificate::encoding::{Element, Elements, Identifier, context};
use crate::quoted::Quoted;

/// Content that one signer signed.
pub(super) struct SignedData<'a> {
    pub(super) content: &'a [u8],
    /// The certificates it brings, in any order, to be believed in nothing.
    pub(super) certificates: Vec<Certificate>,
    pub(super) signer: Signer<'a>,
}

impl<'a> SignedData<'a> {
    /// Reads a `TimeStampResp`, or a token that comes without one.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, TimestampError> {
        if der.len() > LIMIT {
            return Err(TimestampError::TooLong {
                limit: LIMIT,
                found: der.len(),
            });
        }
        let wrong = malformed("response");
        let outer = Element::only(Tag::Sequence, der).map_err(&wrong)?;
        let mut fields = outer.elements();
        let Some(status) = fields.optional(Tag::Sequence).map_err(&wrong)? else {
            return Self::of_token(outer);
        };
        check_status(status)?;
        let token = fields.expect(Tag::Sequence).map_err(&wrong)?;
        fields.finish().map_err(&wrong)?;
        Self::of_token(token)
    }

    fn of_token(token: Element<'a>) -> Result<Self, TimestampError> {
        let wrong = malformed("SignedData");
        let data = content(token.elements(), SIGNED_DATA)?;
        let mut fields = Element::only(Tag::Sequence, data).map_err(&wrong)?.elements();
        fields.expect(Tag::Integer).map_err(&wrong)?;
        fields.expect(Tag::Set).map_err(&wrong)?;
        let encapsulated = fields.expect(Tag::Sequence).map_err(&wrong)?;
        let certificates = fields.optional(context(TagNumber::N0, true)).map_err(&wrong)?;
        fields.optional(context(TagNumber::N1, true)).map_err(&wrong)?;
        let signers = fields.expect(Tag::Set).map_err(&wrong)?;
        fields.finish().map_err(&wrong)?;
        let octets = content(encapsulated.elements(), STAMP_INFO)?;
        let octets = Element::only(Tag::OctetString, octets).map_err(&wrong)?;
        Ok(Self {
            content: octets.contents,
            certificates: certificates.map_or(Ok(Vec::new()), |set| brought(set.elements()))?,
            signer: only_signer(signers.elements())?,
        })
    }
}

/// Accepts `granted` and `grantedWithMods`.
fn check_status(element: Element<'_>) -> Result<(), TimestampError> {
    let wrong = malformed("status");
    let mut fields = element.elements();
    let status = fields.expect(Tag::Integer).and_then(Element::decode).map_err(&wrong)?;
    if status <= GRANTED_WITH_MODIFICATIONS {
        return Ok(());
    }
    let texts = fields.optional(Tag::Sequence).map_err(&wrong)?;
    let text = texts.and_then(|texts| texts.elements().expect(Tag::Utf8String).ok()?.text().ok());
    Err(TimestampError::NotGranted {
        status,
        text: text.map(Quoted::new),
    })
}

/// Reads content of this type: its identifier, and what is in `[0]`.
fn content<'a>(
    mut fields: Elements<'a>,
    expected: (ObjectIdentifier, &'static str),
) -> Result<&'a [u8], TimestampError> {
    let wrong = malformed("ContentInfo");
    check_type(fields.identifier().map_err(&wrong)?, expected)?;
    let explicit = fields.expect(context(TagNumber::N0, true)).map_err(&wrong)?;
    fields.finish().map_err(&wrong)?;
    Ok(explicit.contents)
}

pub(super) fn check_type(
    found: Identifier<'_>,
    (identifier, expected): (ObjectIdentifier, &'static str),
) -> Result<(), TimestampError> {
    if found != identifier {
        return Err(TimestampError::ContentType {
            expected,
            found: Quoted::new(&found.to_string()),
        });
    }
    Ok(())
}

/// Reads the certificates; what is of another kind in the set is passed over (RFC 5652 §10.2.2).
fn brought(mut set: Elements<'_>) -> Result<Vec<Certificate>, TimestampError> {
    let mut certificates = Vec::new();
    let mut found = 0;
    while let Some(element) = set.next().map_err(malformed("set of certificates"))? {
        found += 1;
        if found <= CERTIFICATES && element.tag == Tag::Sequence {
            let certificate = Certificate::from_der(element.whole);
            certificates.push(certificate.map_err(|source| TimestampError::Certificate { source })?);
        }
    }
    if found > CERTIFICATES {
        return Err(TimestampError::TooManyCertificates {
            limit: CERTIFICATES,
            found,
        });
    }
    Ok(certificates)
}

/// Reads the one signer that a timestamp has (RFC 3161 §2.4.2).
fn only_signer(mut set: Elements<'_>) -> Result<Signer<'_>, TimestampError> {
    let wrong = malformed("set of signers");
    let first = set.next().map_err(&wrong)?;
    let mut found = usize::from(first.is_some());
    while set.next().map_err(&wrong)?.is_some() {
        found += 1;
    }
    match first {
        Some(element) if found == 1 => Signer::read(element),
        _ => Err(TimestampError::Signers { found }),
    }
}

const GRANTED_WITH_MODIFICATIONS: u32 = 1;

pub(super) const STAMP_INFO: (ObjectIdentifier, &str) = (
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4"),
    "TSTInfo (1.2.840.113549.1.9.16.1.4)",
);
const SIGNED_DATA: (ObjectIdentifier, &str) = (
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2"),
    "SignedData (1.2.840.113549.1.7.2)",
);
