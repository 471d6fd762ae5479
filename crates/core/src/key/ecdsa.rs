//! What ECDSA differs in from curve to curve.

use aws_lc_rs::digest::{self as hash, Digest};
use aws_lc_rs::signature::{self, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm};
use der::asn1::{AnyRef, UintRef};
use der::{Encode, Tag};

use super::{Curve, SignatureDigest};

impl Curve {
    /// Returns the digests that verification accepts by itself, the curve's own first.
    pub(super) fn digests(self) -> &'static [SignatureDigest] {
        match self {
            Self::P256 => &[SignatureDigest::Sha256],
            Self::P384 => &[SignatureDigest::Sha384, SignatureDigest::Sha256],
            Self::P521 => &[SignatureDigest::Sha512, SignatureDigest::Sha256],
        }
    }

    pub(super) fn verification(self) -> &'static EcdsaVerificationAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::P384 => &signature::ECDSA_P384_SHA384_ASN1,
            Self::P521 => &signature::ECDSA_P521_SHA512_ASN1,
        }
    }

    pub(super) fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }

    /// Returns what the DER of a public key begins with, up to the coordinates of its uncompressed point (RFC 5480 §2).
    pub(super) fn public_key_start(self) -> &'static [u8] {
        match self {
            Self::P256 => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
            Self::P384 => b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04",
            Self::P521 => b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00\x04",
        }
    }

    fn own_digest(self) -> &'static hash::Algorithm {
        match self {
            Self::P256 => &hash::SHA256,
            Self::P384 => &hash::SHA384,
            Self::P521 => &hash::SHA512,
        }
    }

    /// The length of r, of s and of a coordinate, in bytes.
    pub(crate) fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// Gives the hash that any digest made the form of the curve's own.
///
/// AWS-LC's interface has not every pair of curve and digest, and needs none: ECDSA sees of a hash only the integer
/// of its leftmost bits, as many as the curve's order has (FIPS 186-5 §6.4.1). So a longer hash is cut to the length of
/// the curve's own, and a shorter one gets zeros in front, which is the same integer.
pub(super) fn fit(curve: Curve, hashed: &[u8]) -> Digest {
    let own = curve.own_digest();
    let padding = own.output_len().saturating_sub(hashed.len());
    let fitted: Vec<u8> = std::iter::repeat_n(0, padding)
        .chain(hashed.iter().copied())
        .take(own.output_len())
        .collect();
    Digest::import_less_safe(&fitted, own).expect("the hash was fitted to this length")
}

/// Turns the raw form `r || s` (IEEE P1363) into the DER of RFC 3279 §2.2.3; `None` when the length is another's.
pub(super) fn der_of_raw(curve: Curve, raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(curve.width())?;
    if s.len() != curve.width() {
        return None;
    }
    let mut body = UintRef::new(r).ok()?.to_der().ok()?;
    body.extend(UintRef::new(s).ok()?.to_der().ok()?);
    AnyRef::new(Tag::Sequence, &body).ok()?.to_der().ok()
}
