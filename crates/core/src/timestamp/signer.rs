//! Who signed a timestamp, and what it signed beside (RFC 5652 §5.3, RFC 5816).

use aws_lc_rs::digest as hash;
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

use super::algorithm::Algorithm;
use super::error::malformed;
use super::signed_data::{STAMP_INFO, check_type};
use super::{TimestampError, hashed};
use crate::certificate::Certificate;
use crate::certificate::encoding::{self, Element, Elements, Identifier, context, unsigned};
use crate::key::{Signature, SignatureDigest};
use crate::trust::Scheme;

/// A `SignerInfo`, whose attributes are as they must be.
pub(super) struct Signer<'a> {
    name: Option<(&'a [u8], &'a [u8])>,
    digest: SignatureDigest,
    attributes: Attributes<'a>,
    pub(super) scheme: Scheme,
    pub(super) signature: Signature,
}

impl<'a> Signer<'a> {
    pub(super) fn read(element: Element<'a>) -> Result<Self, TimestampError> {
        let wrong = malformed("SignerInfo");
        element.tag.assert_eq(Tag::Sequence).map_err(&wrong)?;
        let mut fields = element.elements();
        fields.expect(Tag::Integer).map_err(&wrong)?;
        let name = identifier(&mut fields).map_err(&wrong)?;
        let digest = fields.expect(Tag::Sequence).and_then(Algorithm::read);
        let digest = digest.map_err(&wrong)?.digest("hash of the content")?;
        let attributes = fields.expect(context(TagNumber::N0, true)).map_err(&wrong)?;
        let algorithm = fields.expect(Tag::Sequence).and_then(Algorithm::read).map_err(&wrong)?;
        let signature = fields.expect(Tag::OctetString).map_err(&wrong)?;
        fields.optional(context(TagNumber::N1, true)).map_err(&wrong)?;
        fields.finish().map_err(&wrong)?;
        Ok(Self {
            name,
            digest,
            attributes: Attributes::read(attributes)?,
            scheme: algorithm.scheme(digest)?,
            signature: Signature::new(signature.contents.to_vec()),
        })
    }

    /// Checks that what is signed tells of this content.
    pub(super) fn check_content(&self, content: &[u8]) -> Result<(), TimestampError> {
        let found = hashed(self.digest, content);
        if found.as_ref() != self.attributes.content_digest {
            return Err(TimestampError::ContentDigest {
                digest: self.digest,
                expected: hex::encode(self.attributes.content_digest),
                found: hex::encode(found),
            });
        }
        Ok(())
    }

    /// Says whether it is this certificate that signed: by the name of its issuer and its number, unless a key id stands
    /// for them, and by every hash of it that is signed (RFC 5816 §2.2.1).
    ///
    /// Without the hashes a certificate could be exchanged for another one of the same key.
    pub(super) fn is(&self, certificate: &Certificate) -> bool {
        let has_name = self
            .name
            .is_none_or(|(issuer, serial)| certificate.issuer().as_der() == issuer && certificate.serial() == serial);
        has_name
            && self
                .attributes
                .certificate_hashes
                .iter()
                .all(|(algorithm, expected)| hash::digest(algorithm, certificate.as_der()).as_ref() == *expected)
    }

    /// Returns what the signature is over.
    pub(super) fn signed(&self) -> &[u8] {
        &self.attributes.signed
    }
}

/// Reads a `SignerIdentifier`: the issuer and the serial number, or `None` for a key id.
fn identifier<'a>(fields: &mut Elements<'a>) -> der::Result<Option<(&'a [u8], &'a [u8])>> {
    if fields.optional(context(TagNumber::N0, false))?.is_some() {
        return Ok(None);
    }
    let mut name = fields.expect(Tag::Sequence)?.elements();
    let issuer = name.expect(Tag::Sequence)?.whole;
    let serial = name.expect(Tag::Integer).and_then(unsigned)?;
    name.finish()?;
    Ok(Some((issuer, serial)))
}

/// The signed attributes of a timestamp.
struct Attributes<'a> {
    signed: Vec<u8>,
    content_digest: &'a [u8],
    certificate_hashes: Vec<(&'static hash::Algorithm, &'a [u8])>,
}

impl<'a> Attributes<'a> {
    fn read(set: Element<'a>) -> Result<Self, TimestampError> {
        let wrong = malformed("set of signed attributes");
        // what is signed has the tag of a set instead of the field's (RFC 5652 §5.4)
        let signed = encoding::element(Tag::Set, set.contents).map_err(&wrong)?;
        let content_type = value(set, CONTENT_TYPE)?.ok_or_else(|| absent(CONTENT_TYPE))?;
        content_type.tag.assert_eq(Tag::ObjectIdentifier).map_err(&wrong)?;
        check_type(Identifier::new(content_type.contents).map_err(&wrong)?, STAMP_INFO)?;
        let content_digest = value(set, MESSAGE_DIGEST)?.ok_or_else(|| absent(MESSAGE_DIGEST))?;
        content_digest.tag.assert_eq(Tag::OctetString).map_err(&wrong)?;
        let mut certificate_hashes = Vec::new();
        if let Some(list) = value(set, SIGNING_CERTIFICATE)? {
            let id = certificate_id(list).map_err(&wrong)?;
            let found = id.elements().expect(Tag::OctetString).map_err(&wrong)?;
            certificate_hashes.push((&hash::SHA1_FOR_LEGACY_USE_ONLY, found.contents));
        }
        if let Some(list) = value(set, SIGNING_CERTIFICATE_V2)? {
            let mut id = certificate_id(list).map_err(&wrong)?.elements();
            let algorithm = match id.optional(Tag::Sequence).map_err(&wrong)? {
                Some(element) => Algorithm::read(element)
                    .map_err(&wrong)?
                    .digest("hash of the certificate")?,
                None => SignatureDigest::Sha256,
            };
            let found = id.expect(Tag::OctetString).map_err(&wrong)?;
            certificate_hashes.push((algorithm.engine(), found.contents));
        }
        if certificate_hashes.is_empty() {
            return Err(absent(SIGNING_CERTIFICATE_V2));
        }
        Ok(Self {
            signed,
            content_digest: content_digest.contents,
            certificate_hashes,
        })
    }
}

/// Returns the one value of an attribute.
fn value<'a>(
    set: Element<'a>,
    (kind, attribute): (ObjectIdentifier, &'static str),
) -> Result<Option<Element<'a>>, TimestampError> {
    let wrong = malformed("signed attribute");
    let mut attributes = set.elements();
    let mut values = Vec::new();
    while let Some(element) = attributes.next().map_err(&wrong)? {
        element.tag.assert_eq(Tag::Sequence).map_err(&wrong)?;
        let mut fields = element.elements();
        let found: Identifier<'_> = fields.identifier().map_err(&wrong)?;
        let set = fields.expect(Tag::Set).map_err(&wrong)?;
        fields.finish().map_err(&wrong)?;
        if found == kind {
            let mut members = set.elements();
            while let Some(member) = members.next().map_err(&wrong)? {
                values.push(member);
            }
        }
    }
    match values.as_slice() {
        [] => Ok(None),
        [value] => Ok(Some(*value)),
        _ => Err(TimestampError::Attribute {
            attribute,
            found: values.len(),
        }),
    }
}

/// Reads the first id of a `SigningCertificate` or `SigningCertificateV2`, which is the signer's (RFC 5035 §5).
fn certificate_id(list: Element<'_>) -> der::Result<Element<'_>> {
    list.tag.assert_eq(Tag::Sequence)?;
    list.elements().expect(Tag::Sequence)?.elements().expect(Tag::Sequence)
}

fn absent((_, attribute): (ObjectIdentifier, &'static str)) -> TimestampError {
    TimestampError::Attribute { attribute, found: 0 }
}

const CONTENT_TYPE: (ObjectIdentifier, &str) = (ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3"), "contentType");
const MESSAGE_DIGEST: (ObjectIdentifier, &str) =
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4"), "messageDigest");
const SIGNING_CERTIFICATE: (ObjectIdentifier, &str) = (
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12"),
    "signingCertificate",
);
const SIGNING_CERTIFICATE_V2: (ObjectIdentifier, &str) = (
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47"),
    "signingCertificateV2",
);
