//! Which algorithm a key is for, read from the identifiers in its DER.

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Reader, SliceReader};
use pkcs8::spki::AlgorithmIdentifierRef;

use super::Curve;

/// The algorithm that an `AlgorithmIdentifier` names (RFC 5280 §4.1.1.2).
pub(super) enum Family {
    Ecdsa(Curve),
    Ed25519,
    Rsa,
}

/// Reads the algorithm, and for ECDSA the curve.
pub(super) fn family(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Family, UnsupportedKey> {
    match identifier.oid {
        EC_PUBLIC_KEY => match identifier.parameters_oid() {
            Ok(oid) => curve(oid).map(Family::Ecdsa),
            Err(_) => Err(UnsupportedKey::CurveUnnamed),
        },
        ED25519 => Ok(Family::Ed25519),
        RSA_ENCRYPTION => Ok(Family::Rsa),
        oid => Err(UnsupportedKey::Algorithm { found: name(oid) }),
    }
}

/// Reads the curve that an identifier names.
pub(super) fn curve(oid: ObjectIdentifier) -> Result<Curve, UnsupportedKey> {
    match oid {
        SECP256R1 => Ok(Curve::P256),
        SECP384R1 => Ok(Curve::P384),
        SECP521R1 => Ok(Curve::P521),
        _ => Err(UnsupportedKey::Curve { found: name(oid) }),
    }
}

/// The size of an RSA key and its public exponent, `None` when that has over 32 bits.
pub(super) struct RsaNumbers {
    pub(super) bits: usize,
    pub(super) exponent: Option<u32>,
}

impl RsaNumbers {
    /// Reads an `RSAPublicKey` (RFC 8017 §A.1.1).
    pub(super) fn of_public(der: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let numbers = reader.sequence(|fields| {
            let modulus = UintRef::decode(fields)?;
            let exponent = UintRef::decode(fields)?;
            Ok(Self::new(modulus, exponent))
        })?;
        reader.finish(numbers)
    }

    /// Reads the first fields of an `RSAPrivateKey` (RFC 8017 §A.1.2).
    pub(super) fn of_private(der: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let numbers = reader.sequence(|fields| {
            let _version = UintRef::decode(fields)?;
            let modulus = UintRef::decode(fields)?;
            let exponent = UintRef::decode(fields)?;
            let rest = fields.remaining_len();
            fields.read_slice(rest)?;
            Ok(Self::new(modulus, exponent))
        })?;
        reader.finish(numbers)
    }

    fn new(modulus: UintRef<'_>, exponent: UintRef<'_>) -> Self {
        let exponent = exponent
            .as_bytes()
            .iter()
            .try_fold(0_u32, |sum, byte| sum.checked_mul(256)?.checked_add(u32::from(*byte)));
        Self {
            bits: bit_length(modulus.as_bytes()),
            exponent,
        }
    }
}

/// Why a key is of no kind that is supported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsupportedKey {
    /// The algorithm signs nothing here.
    #[error("key algorithm is {found}, expected ECDSA, Ed25519 or RSA")]
    Algorithm {
        /// The algorithm's name, or else its object identifier.
        found: String,
    },
    /// The curve is another.
    #[error("elliptic curve is {found}, expected P-256, P-384 or P-521")]
    Curve {
        /// The curve's name, or else its object identifier.
        found: String,
    },
    /// The curve is spelled out, or missing, where its name is expected.
    #[error("elliptic curve is not named, expected P-256, P-384 or P-521")]
    CurveUnnamed,
    /// The RSA modulus is too short or too long.
    #[error("RSA modulus has {found} bits, expected {expected}")]
    RsaSize {
        /// The sizes allowed.
        expected: &'static str,
        /// The bits there are.
        found: usize,
    },
    /// The RSA public exponent is even or below 65537.
    #[error("RSA public exponent is not an odd number from 65537 to 2^32")]
    RsaExponent,
}

/// Where bytes depart from the DER that is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EncodingError(der::Error);

impl From<der::Error> for EncodingError {
    fn from(error: der::Error) -> Self {
        Self(error)
    }
}

fn bit_length(number: &[u8]) -> usize {
    match number.split_first() {
        // At most 8 zeros, so this conversion cannot fail.
        Some((first, rest)) => rest.len() * 8 + usize::try_from(u8::BITS - first.leading_zeros()).unwrap_or(8),
        None => 0,
    }
}

fn name(oid: ObjectIdentifier) -> String {
    NAMES
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The names of what people try and is not supported.
const NAMES: [(ObjectIdentifier, &str); 13] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10040.4.1"), "DSA"),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), "P-192"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"), "RSASSA-PSS"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1"), "Diffie-Hellman"),
    (ObjectIdentifier::new_unwrap("1.3.101.110"), "X25519"),
    (ObjectIdentifier::new_unwrap("1.3.101.111"), "X448"),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "Ed448"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), "P-224"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "brainpoolP256r1"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"), "brainpoolP384r1"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"), "brainpoolP512r1"),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"), "ML-DSA-65"),
];
