//! What is asked of the authority (RFC 3161 §2.4.1).

use countersign_core::certificate::encoding::{Element, context};
use countersign_core::key::SignatureDigest;
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

/// A request for a timestamp, as far as it has a right form.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The `MessageImprint`, whole.
    pub(crate) imprint: &'a [u8],
    /// The nonce as it is written, whole.
    pub(crate) nonce: Option<&'a [u8]>,
    /// Whether the certificates are wanted in the answer.
    pub(crate) wants_certificates: bool,
}

impl<'a> Request<'a> {
    /// Reads a `TimeStampReq`.
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Rejection> {
        let wrong = |_: der::Error| Rejection::Format;
        let mut fields = Element::only(Tag::Sequence, der).map_err(wrong)?.elements();
        let version: u32 = fields.expect(Tag::Integer).and_then(Element::decode).map_err(wrong)?;
        if version != 1 {
            return Err(Rejection::Version { found: version });
        }
        let imprint = fields.expect(Tag::Sequence).map_err(wrong)?;
        check_imprint(imprint)?;
        if let Some(policy) = fields.optional(Tag::ObjectIdentifier).map_err(wrong)?
            && policy.contents != POLICY.as_bytes()
        {
            return Err(Rejection::Policy);
        }
        let nonce = fields.optional(Tag::Integer).map_err(wrong)?;
        if nonce.is_some_and(|nonce| nonce.contents.is_empty() || nonce.contents.len() > NONCE) {
            return Err(Rejection::Format);
        }
        let wants = fields.optional(Tag::Boolean).map_err(wrong)?;
        let wants_certificates = wants.map_or(Ok(false), Element::decode).map_err(wrong)?;
        if fields.optional(context(TagNumber::N0, true)).map_err(wrong)?.is_some() {
            return Err(Rejection::Extension);
        }
        fields.finish().map_err(wrong)?;
        Ok(Self {
            imprint: imprint.whole,
            nonce: nonce.map(|nonce| nonce.whole),
            wants_certificates,
        })
    }
}

/// Checks that a hash is of a known algorithm and of its length.
fn check_imprint(imprint: Element<'_>) -> Result<(), Rejection> {
    let wrong = |_: der::Error| Rejection::Format;
    let mut fields = imprint.elements();
    let mut algorithm = fields.expect(Tag::Sequence).map_err(wrong)?.elements();
    let name = algorithm.identifier().map_err(wrong)?;
    let parameters = algorithm.next().map_err(wrong)?;
    if parameters.is_some_and(|parameters| parameters.whole != [5, 0]) {
        return Err(Rejection::Format);
    }
    algorithm.finish().map_err(wrong)?;
    let found = fields.expect(Tag::OctetString).map_err(wrong)?.contents.len();
    fields.finish().map_err(wrong)?;
    let known = HASHES.iter().find(|(_, known, _)| name == *known);
    let Some((digest, _, expected)) = known else {
        return Err(Rejection::Algorithm {
            found: name.to_string().chars().take(80).collect(),
        });
    };
    if found != *expected {
        return Err(Rejection::Length {
            digest: *digest,
            expected: *expected,
            found,
        });
    }
    Ok(())
}

/// Why a request is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("the hash is of the algorithm {found}, expected SHA-256, SHA-384 or SHA-512")]
    Algorithm { found: String },
    #[error("the request has extensions, of which none is known")]
    Extension,
    #[error("the request is no TimeStampReq in DER")]
    Format,
    #[error("the hash has {found} bytes, expected {expected} of {digest}")]
    Length {
        digest: SignatureDigest,
        expected: usize,
        found: usize,
    },
    #[error("the policy is another than {POLICY}")]
    Policy,
    #[error("the request is of version {found}, expected 1")]
    Version { found: u32 },
    #[error("the authority could not stamp it")]
    Failure,
}

impl Rejection {
    /// The number of its bit in `PKIFailureInfo` (RFC 3161 §2.4.2).
    pub(crate) fn bit(&self) -> u8 {
        match self {
            Self::Algorithm { .. } => 0,
            Self::Version { .. } => 2,
            Self::Format | Self::Length { .. } => 5,
            Self::Policy => 15,
            Self::Extension => 16,
            Self::Failure => 25,
        }
    }
}

const HASHES: [(SignatureDigest, ObjectIdentifier, usize); 3] = [
    (
        SignatureDigest::Sha256,
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        32,
    ),
    (
        SignatureDigest::Sha384,
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        48,
    ),
    (
        SignatureDigest::Sha512,
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        64,
    ),
];

/// Under what the authority stamps: the policy of Sigstore's.
pub(crate) const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

/// The longest nonce, in bytes; those in use have 8 to 20.
const NONCE: usize = 64;
