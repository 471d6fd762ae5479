//! Public keys in packets (RFC 9580 §5.5).

use aws_lc_rs::digest as hash;
use der::Tag;
use jiff::Timestamp;

use super::fields::Fields;
use super::{KeyProblem, PacketError};
use crate::certificate::encoding::element;
use crate::key::{PublicKey, PublicKeyAlgorithm, Signature, SignatureDigest};

/// A key of version 4.
#[derive(Clone, Debug)]
pub(super) struct Key {
    body: Vec<u8>,
    created: Timestamp,
    algorithm: u8,
    material: Result<PublicKey, KeyProblem>,
    fingerprint: [u8; 20],
}

impl Key {
    /// Reads the packet of a key; `None` for one of another version.
    pub(super) fn parse(body: &[u8]) -> Result<Option<Self>, PacketError> {
        let mut fields = Fields::new(body);
        if fields.byte(PART)? != 4 {
            return Ok(None);
        }
        let length = u16::try_from(body.len()).map_err(|_| PacketError::Malformed { part: PART })?;
        let created = super::signature::moment(fields.four(PART)?);
        let algorithm = fields.byte(PART)?;
        let material = material(algorithm, &mut fields)?;
        let mut named = hash::Context::new(&hash::SHA1_FOR_LEGACY_USE_ONLY);
        named.update(&[0x99]);
        named.update(&length.to_be_bytes());
        named.update(body);
        let fingerprint = named.finish().as_ref().try_into();
        Ok(Some(Self {
            body: body.to_vec(),
            created,
            algorithm,
            material,
            fingerprint: fingerprint.map_err(|_| PacketError::Malformed { part: PART })?,
        }))
    }

    pub(super) fn created(&self) -> Timestamp {
        self.created
    }

    pub(super) fn fingerprint(&self) -> &[u8; 20] {
        &self.fingerprint
    }

    /// Why the key cannot be used, where that is so.
    pub(super) fn problem(&self) -> Option<&KeyProblem> {
        self.material.as_ref().err()
    }

    /// The bytes that stand for the key in what is signed of it (§5.2.4).
    pub(super) fn signed(&self) -> Vec<u8> {
        let length = u16::try_from(self.body.len()).unwrap_or(u16::MAX);
        let mut signed = vec![0x99];
        signed.extend(length.to_be_bytes());
        signed.extend_from_slice(&self.body);
        signed
    }

    /// Says whether the numbers of a signature, by an algorithm, are this key's over a hash.
    pub(super) fn verifies(
        &self,
        algorithm: u8,
        digest: SignatureDigest,
        hashed: &[u8],
        numbers: &[u8],
    ) -> Result<bool, PacketError> {
        let is_rsa = |algorithm| matches!(algorithm, RSA | RSA_SIGN);
        let fits = algorithm == self.algorithm || is_rsa(algorithm) && is_rsa(self.algorithm);
        let Some(key) = self.material.as_ref().ok().filter(|_| fits) else {
            return Ok(false);
        };
        let mut fields = Fields::new(numbers);
        let signature = match key.algorithm() {
            PublicKeyAlgorithm::Rsa { bits } => padded(fields.number(NUMBERS)?, bits.div_ceil(8))?,
            PublicKeyAlgorithm::Ecdsa(curve) => pair(&mut fields, curve.width())?,
            PublicKeyAlgorithm::Ed25519 if algorithm == EDDSA => pair(&mut fields, 32)?,
            PublicKeyAlgorithm::Ed25519 => fields.array::<64>(NUMBERS)?.to_vec(),
        };
        fields.finish(NUMBERS)?;
        let signature = Signature::new(signature);
        Ok(match key.algorithm() {
            // OpenPGP signs the hash as a message
            PublicKeyAlgorithm::Ed25519 => key.verifies_whole(hashed, &signature),
            _ => key.verifies_hash(digest, hashed, &signature),
        })
    }
}

fn material(algorithm: u8, fields: &mut Fields<'_>) -> Result<Result<PublicKey, KeyProblem>, PacketError> {
    let unsupported = Err(KeyProblem::Unsupported { algorithm });
    let info = match algorithm {
        RSA | RSA_SIGN => {
            let (modulus, exponent) = (fields.number(PART)?, fields.number(PART)?);
            fields.finish(PART)?;
            let key = rsa(modulus, exponent).and_then(|der| PublicKey::from_pkcs1(&der).ok());
            return Ok(key.ok_or(KeyProblem::Rejected));
        }
        ECDSA | EDDSA => {
            let length = usize::from(fields.byte(PART)?);
            let curve = fields.take(length, PART)?;
            let point = fields.number(PART)?;
            fields.finish(PART)?;
            let known = CURVES
                .iter()
                .find(|(kind, oid, ..)| *kind == algorithm && *oid == curve);
            match (known, point.split_first()) {
                (None, _) => return Ok(unsupported),
                (Some((ECDSA, _, head)), _) => [*head, point].concat(),
                // a point in its native form has a prefix that says so
                (Some((_, _, head)), Some((0x40, point))) => [*head, point].concat(),
                _ => return Ok(Err(KeyProblem::Rejected)),
            }
        }
        ED25519 => {
            let key = [ED25519_HEAD, &fields.array::<32>(PART)?].concat();
            fields.finish(PART)?;
            key
        }
        _ => return Ok(unsupported),
    };
    Ok(PublicKey::from_der(&info).map_err(|_| KeyProblem::Rejected))
}

/// Writes an `RSAPublicKey` (RFC 8017 §A.1.1).
fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let integer = |number: &[u8]| {
        let is_negative = number.first().is_none_or(|first| first & 0x80 != 0);
        let contents = [if is_negative { &[0][..] } else { &[] }, number].concat();
        element(Tag::Integer, &contents).ok()
    };
    element(Tag::Sequence, &[integer(modulus)?, integer(exponent)?].concat()).ok()
}

/// Reads `r` and `s`, each brought to a width.
fn pair(fields: &mut Fields<'_>, width: usize) -> Result<Vec<u8>, PacketError> {
    let mut pair = padded(fields.number(NUMBERS)?, width)?;
    pair.extend(padded(fields.number(NUMBERS)?, width)?);
    Ok(pair)
}

/// A number with zeros in front.
fn padded(number: &[u8], width: usize) -> Result<Vec<u8>, PacketError> {
    let missing = width
        .checked_sub(number.len())
        .ok_or(PacketError::Malformed { part: NUMBERS })?;
    let mut padded = vec![0; missing];
    padded.extend_from_slice(number);
    Ok(padded)
}

const PART: &str = "key";
const NUMBERS: &str = "numbers of the signature";

const RSA: u8 = 1;
const RSA_SIGN: u8 = 3;
const ECDSA: u8 = 19;
/// Ed25519 as GnuPG had it first.
const EDDSA: u8 = 22;
const ED25519: u8 = 27;

/// The algorithm, the curve's identifier, and what a `SubjectPublicKeyInfo` of it has before the point (RFC 5480, RFC 8410).
const CURVES: [(u8, &[u8], &[u8]); 4] = [
    (
        ECDSA,
        b"\x2a\x86\x48\xce\x3d\x03\x01\x07",
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
    ),
    (
        ECDSA,
        b"\x2b\x81\x04\x00\x22",
        b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
    ),
    (
        ECDSA,
        b"\x2b\x81\x04\x00\x23",
        b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00",
    ),
    (EDDSA, b"\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", ED25519_HEAD),
];

const ED25519_HEAD: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
