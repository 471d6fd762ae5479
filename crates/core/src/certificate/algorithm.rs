//! How certificates and signed data are signed, as an `AlgorithmIdentifier` says it (RFC 4055, RFC 5758, RFC 8410).

use aws_lc_rs::signature::{
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};

use super::encoding::{Element, Elements, context};
use crate::key::{EncodingError, PublicKey, PublicKeyAlgorithm, Signature, SignatureDigest};
use crate::quoted::Quoted;
use crate::trust::Scheme;

/// Reads the scheme that an `AlgorithmIdentifier` names.
///
/// # Errors
/// [`AlgorithmError`].
pub fn scheme(identifier: &[u8]) -> Result<Scheme, AlgorithmError> {
    let mut fields = Element::only(Tag::Sequence, identifier)?.elements();
    let name = fields.identifier()?;
    if let Some(digest) = named(&ECDSA, |known| name == known) {
        fields.finish()?;
        return Ok(Scheme::Ecdsa(digest));
    }
    if let Some(digest) = named(&RSA_PKCS1, |known| name == known) {
        null_or_nothing(fields)?;
        return Ok(Scheme::RsaPkcs1(digest));
    }
    if name == ED25519 {
        fields.finish()?;
        return Ok(Scheme::Ed25519);
    }
    if name == RSA_PSS {
        let parameters = fields.expect(Tag::Sequence)?;
        fields.finish()?;
        return pss_digest(parameters)?
            .map(Scheme::RsaPss)
            .ok_or(AlgorithmError::PssParameters);
    }
    Err(AlgorithmError::Unknown {
        found: Quoted::new(&name.to_string()),
    })
}

/// Says whether `signature` is the key's over `message` by this scheme, spelled as certificates have it.
pub fn verifies(scheme: Scheme, key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    match (scheme, key.algorithm()) {
        (Scheme::Ecdsa(digest), PublicKeyAlgorithm::Ecdsa(_)) => {
            // the raw form r || s that keys accept besides is none of RFC 3279 §2.2.3
            Element::only(Tag::Sequence, signature.as_bytes()).is_ok()
                && key.verify(message, signature, Some(digest)).is_ok()
        }
        (Scheme::RsaPkcs1(digest), PublicKeyAlgorithm::Rsa { .. }) => {
            key.verify(message, signature, Some(digest)).is_ok()
        }
        (Scheme::RsaPss(digest), PublicKeyAlgorithm::Rsa { .. }) => {
            UnparsedPublicKey::new(pss_engine(digest), key.as_der())
                .verify(message, signature.as_bytes())
                .is_ok()
        }
        (Scheme::Ed25519, PublicKeyAlgorithm::Ed25519) => key.verifies_whole(message, signature),
        _ => false,
    }
}

/// Why it cannot be told how something is signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlgorithmError {
    /// The identifier departs from DER, or has parameters where there are none.
    #[error("signature algorithm is malformed")]
    Malformed(#[from] EncodingError),
    /// The parameters of RSASSA-PSS are not the usual ones.
    #[error("RSASSA-PSS has other parameters than one of SHA-256, SHA-384 or SHA-512 throughout with a salt as long")]
    PssParameters,
    /// The algorithm is not known here, or too weak, as those with SHA-1 are.
    #[error("signature algorithm is {found}, expected ECDSA, RSA or Ed25519 with SHA-256, SHA-384 or SHA-512")]
    Unknown {
        /// The algorithm's object identifier.
        found: Quoted,
    },
}

impl From<der::Error> for AlgorithmError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.into())
    }
}

/// Reads `RSASSA-PSS-params` (RFC 4055 §3.1); `None` when they are not one hash throughout and a salt of its length.
fn pss_digest(parameters: Element<'_>) -> der::Result<Option<SignatureDigest>> {
    let mut fields = parameters.elements();
    let [hash, mask, salt] = [TagNumber::N0, TagNumber::N1, TagNumber::N2].map(|number| context(number, true));
    let (hash, mask, salt) = (fields.optional(hash)?, fields.optional(mask)?, fields.optional(salt)?);
    // the trailer is the default, and so not written
    fields.finish()?;
    let (Some(hash), Some(mask), Some(salt)) = (hash, mask, salt) else {
        // what is not written is SHA-1, or a salt of 20 bytes
        return Ok(None);
    };
    let salt: u32 = Element::only(Tag::Integer, salt.contents)?.decode()?;
    let mut mask = Element::only(Tag::Sequence, mask.contents)?.elements();
    if mask.identifier()? != MGF1 {
        return Ok(None);
    }
    let mask_hash = mask.expect(Tag::Sequence)?;
    mask.finish()?;
    let (digest, mask_digest) = (hash_of(hash.contents)?, hash_of(mask_hash.whole)?);
    Ok(digest.filter(|digest| mask_digest == Some(*digest) && salt == salt_of(*digest)))
}

fn hash_of(identifier: &[u8]) -> der::Result<Option<SignatureDigest>> {
    let mut fields = Element::only(Tag::Sequence, identifier)?.elements();
    let name = fields.identifier()?;
    null_or_nothing(fields)?;
    Ok(named(&HASHES, |known| name == known))
}

fn salt_of(digest: SignatureDigest) -> u32 {
    match digest {
        SignatureDigest::Sha256 => 32,
        SignatureDigest::Sha384 => 48,
        SignatureDigest::Sha512 => 64,
    }
}

/// RSA and hashes are written with a NULL, and read without one too (RFC 4055 §2.1, §5).
fn null_or_nothing(mut fields: Elements<'_>) -> der::Result<()> {
    if let Some(null) = fields.optional(Tag::Null)? {
        null.decode::<der::asn1::Null>()?;
    }
    fields.finish()
}

fn named(
    table: &[(ObjectIdentifier, SignatureDigest); 3],
    is_meant: impl Fn(ObjectIdentifier) -> bool,
) -> Option<SignatureDigest> {
    table
        .iter()
        .find(|(known, _)| is_meant(*known))
        .map(|(_, digest)| *digest)
}

fn pss_engine(digest: SignatureDigest) -> &'static RsaParameters {
    match digest {
        SignatureDigest::Sha256 => &RSA_PSS_2048_8192_SHA256,
        SignatureDigest::Sha384 => &RSA_PSS_2048_8192_SHA384,
        SignatureDigest::Sha512 => &RSA_PSS_2048_8192_SHA512,
    }
}

const ECDSA: [(ObjectIdentifier, SignatureDigest); 3] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        SignatureDigest::Sha256,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
        SignatureDigest::Sha384,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
        SignatureDigest::Sha512,
    ),
];
const RSA_PKCS1: [(ObjectIdentifier, SignatureDigest); 3] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
        SignatureDigest::Sha256,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"),
        SignatureDigest::Sha384,
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"),
        SignatureDigest::Sha512,
    ),
];
const HASHES: [(ObjectIdentifier, SignatureDigest); 3] = [
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        SignatureDigest::Sha256,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        SignatureDigest::Sha384,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        SignatureDigest::Sha512,
    ),
];
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
