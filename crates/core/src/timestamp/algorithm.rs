//! The algorithms of timestamps (RFC 5754, RFC 8419).

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::TimestampError;
use crate::certificate::algorithm;
use crate::certificate::encoding::{Element, Identifier};
use crate::key::SignatureDigest;
use crate::quoted::Quoted;
use crate::trust::Scheme;

/// An `AlgorithmIdentifier` (RFC 5280 §4.1.1.2).
pub(super) struct Algorithm<'a> {
    element: Element<'a>,
    identifier: Identifier<'a>,
}

impl<'a> Algorithm<'a> {
    /// Reads the identifier; the parameters of the digests and keys that are looked for here say nothing.
    pub(super) fn read(element: Element<'a>) -> der::Result<Self> {
        element.tag.assert_eq(Tag::Sequence)?;
        let mut fields = element.elements();
        let identifier = fields.identifier()?;
        fields.next()?;
        fields.finish()?;
        Ok(Self { element, identifier })
    }

    /// Returns the digest that is meant; SHA-1 is none that is known.
    pub(super) fn digest(&self, purpose: &'static str) -> Result<SignatureDigest, TimestampError> {
        DIGESTS
            .into_iter()
            .find(|digest| self.identifier == identifier(*digest))
            .ok_or_else(|| TimestampError::UnknownDigest {
                purpose,
                found: Quoted::new(&self.identifier.to_string()),
            })
    }

    /// Returns the scheme of a signature; some name the kind of key alone, and mean `digest` (RFC 5754 §3.2).
    pub(super) fn scheme(&self, digest: SignatureDigest) -> Result<Scheme, TimestampError> {
        if self.identifier == RSA_ENCRYPTION {
            return Ok(Scheme::RsaPkcs1(digest));
        }
        if self.identifier == EC_PUBLIC_KEY {
            return Ok(Scheme::Ecdsa(digest));
        }
        algorithm::scheme(self.element.whole).map_err(|source| TimestampError::SignatureAlgorithm { source })
    }
}

/// Returns the identifier of a digest.
pub(super) fn identifier(digest: SignatureDigest) -> ObjectIdentifier {
    match digest {
        SignatureDigest::Sha256 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        SignatureDigest::Sha384 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        SignatureDigest::Sha512 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
    }
}

const DIGESTS: [SignatureDigest; 3] = [
    SignatureDigest::Sha256,
    SignatureDigest::Sha384,
    SignatureDigest::Sha512,
];

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
