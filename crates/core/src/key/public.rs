//! Public keys: parsed, named by their hash, and asked whether a signature is theirs.

use std::fmt;

use aws_lc_rs::digest as hash;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_aws_lc::ed25519ph_verify;
use der::Decode;
use pkcs8::spki::SubjectPublicKeyInfoRef;

use super::identifier::{Family, RsaNumbers, family};
use super::pem::{self, PemError, Rest};
use super::{
    Curve, EncodingError, KEY_FILE_LIMIT, PublicKeyAlgorithm, Signature, SignatureDigest, UnsupportedKey, ecdsa,
};
use crate::digest::Digest;

/// A public key that can verify: ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 8192 bits.
#[derive(Clone)]
pub struct PublicKey {
    der: Vec<u8>,
    algorithm: PublicKeyAlgorithm,
    engine: ParsedPublicKey,
}

impl PublicKey {
    /// Reads the one PEM block `PUBLIC KEY` (RFC 7468 §13) or `RSA PUBLIC KEY` (PKCS #1) of a file.
    ///
    /// Text before the block is a comment. Anything after it is refused, so that a file with two keys does not
    /// silently trust the first.
    ///
    /// # Errors
    /// [`PublicKeyError`], naming what was given instead.
    pub fn from_pem(text: &[u8]) -> Result<Self, PublicKeyError> {
        check_size(text)?;
        let document = pem::parse(text)?;
        let mut blocks = document.blocks.into_iter();
        let Some(block) = blocks.next() else {
            return Err(PemError::NotPem.into());
        };
        let key = match block.label.as_str() {
            "PUBLIC KEY" => Self::from_der(&block.contents)?,
            "RSA PUBLIC KEY" => Self::from_pkcs1(&block.contents)?,
            "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => return Err(PublicKeyError::CertificateGiven),
            label if label.ends_with("PRIVATE KEY") => {
                return Err(PublicKeyError::PrivateKeyGiven { label: block.label });
            }
            _ => return Err(PublicKeyError::UnknownPemType { found: block.label }),
        };
        if blocks.next().is_some() || document.rest == Rest::Text {
            return Err(PublicKeyError::TrailingData);
        }
        Ok(key)
    }

    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    ///
    /// # Errors
    /// [`PublicKeyError`] when it is malformed, not the one DER of its key, or of no supported kind.
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        check_size(der)?;
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed)?;
        let bits = info.subject_public_key.as_bytes().unwrap_or(&[]);
        let algorithm = match family(&info.algorithm)? {
            Family::Ecdsa(curve) => PublicKeyAlgorithm::Ecdsa(curve),
            Family::Ed25519 => PublicKeyAlgorithm::Ed25519,
            Family::Rsa => rsa_algorithm(bits)?,
        };
        let engine =
            ParsedPublicKey::new(engine(algorithm), der).map_err(|_| PublicKeyError::Rejected { algorithm })?;
        if !is_canonical(der, algorithm, &engine)? {
            return Err(PublicKeyError::NotCanonical);
        }
        Ok(Self {
            der: der.to_vec(),
            algorithm,
            engine,
        })
    }

    /// Reads a DER `RSAPublicKey` (RFC 8017, A.1.1).
    ///
    /// # Errors
    /// As [`from_der`](Self::from_der).
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, PublicKeyError> {
        let algorithm = rsa_algorithm(der)?;
        let rejected = || PublicKeyError::Rejected { algorithm };
        let key = rsa::PublicKey::from_der(der).map_err(|_| rejected())?;
        let info: PublicKeyX509Der<'_> = key.as_der().map_err(|_| rejected())?;
        Self::from_der(info.as_ref())
    }

    /// Returns the key's algorithm.
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        self.algorithm
    }

    /// Returns the DER `SubjectPublicKeyInfo`.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Writes the PEM block `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.der)
    }

    /// Returns the name a bundle gives the key: base64 of the SHA-256 of its DER.
    pub fn hint(&self) -> String {
        STANDARD.encode(Digest::sha256(&self.der).bytes())
    }

    /// Checks that `signature` is this key's over `message`.
    ///
    /// Without `digest` every scheme of the key is accepted: ECDSA P-256 with SHA-256; P-384 with SHA-384 or SHA-256;
    /// P-521 with SHA-512 or SHA-256; RSA PKCS #1 v1.5 with SHA-256; Ed25519 pure or pre-hashed (RFC 8032 §5.1). With
    /// `digest` ECDSA and RSA accept that one only; Ed25519 has its own and is not changed by it. An ECDSA signature is
    /// ASN.1 DER or raw `r || s`.
    ///
    /// # Errors
    /// [`SignatureMismatch`] when no accepted scheme verifies.
    pub fn verify(
        &self,
        message: &[u8],
        signature: &Signature,
        digest: Option<SignatureDigest>,
    ) -> Result<(), SignatureMismatch> {
        let digests = self.digests(digest);
        let is_valid = match self.algorithm {
            PublicKeyAlgorithm::Ed25519 => {
                self.verifies_whole(message, signature)
                    || self.verifies_hash(
                        SignatureDigest::Sha512,
                        &hashed(SignatureDigest::Sha512, message),
                        signature,
                    )
            }
            PublicKeyAlgorithm::Ecdsa(_) | PublicKeyAlgorithm::Rsa { .. } => digests
                .iter()
                .any(|digest| self.verifies_hash(*digest, &hashed(*digest, message), signature)),
        };
        if is_valid { Ok(()) } else { Err(self.mismatch(digests)) }
    }

    pub(super) fn mismatch(&self, digests: &'static [SignatureDigest]) -> SignatureMismatch {
        SignatureMismatch {
            algorithm: self.algorithm,
            digests,
        }
    }

    pub(super) fn digests(&self, wanted: Option<SignatureDigest>) -> &'static [SignatureDigest] {
        match (self.algorithm, wanted) {
            (PublicKeyAlgorithm::Ed25519, _) => &[],
            (_, Some(SignatureDigest::Sha256)) | (PublicKeyAlgorithm::Rsa { .. }, None) => &[SignatureDigest::Sha256],
            (_, Some(SignatureDigest::Sha384)) => &[SignatureDigest::Sha384],
            (_, Some(SignatureDigest::Sha512)) => &[SignatureDigest::Sha512],
            (PublicKeyAlgorithm::Ecdsa(curve), None) => curve.digests(),
        }
    }

    /// Says whether the signature covers the message that `digest` hashes to `hash`; for an Ed25519 key, pre-hashed.
    pub fn verifies_hash(&self, digest: SignatureDigest, hash: &[u8], signature: &Signature) -> bool {
        let signature = signature.as_bytes();
        match self.algorithm {
            PublicKeyAlgorithm::Ecdsa(curve) => self.verifies_ecdsa(curve, hash, signature),
            PublicKeyAlgorithm::Ed25519 => self.verifies_ed25519ph(hash, signature),
            PublicKeyAlgorithm::Rsa { .. } => self.verifies_rsa(digest, hash, signature),
        }
    }

    /// Says whether the signature covers the message as it is (pure Ed25519).
    pub(crate) fn verifies_whole(&self, message: &[u8], signature: &Signature) -> bool {
        self.algorithm == PublicKeyAlgorithm::Ed25519 && self.engine.verify_sig(message, signature.as_bytes()).is_ok()
    }

    /// Says whether the signature covers the message's SHA-512 (Ed25519ph).
    pub(crate) fn verifies_prehashed(&self, message: &[u8], signature: &Signature) -> bool {
        let hash = hashed(SignatureDigest::Sha512, message);
        self.algorithm == PublicKeyAlgorithm::Ed25519 && self.verifies_ed25519ph(&hash, signature.as_bytes())
    }

    /// Says whether this is an ECDSA key.
    pub(crate) fn is_ecdsa(&self) -> bool {
        matches!(self.algorithm, PublicKeyAlgorithm::Ecdsa(_))
    }

    /// Says whether the signature is RSASSA-PSS over the message with SHA-256, its salt as long as the hash.
    pub(crate) fn verifies_rsa_pss(&self, message: &[u8], signature: &Signature) -> bool {
        matches!(self.algorithm, PublicKeyAlgorithm::Rsa { .. })
            && UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &self.der)
                .verify(message, signature.as_bytes())
                .is_ok()
    }

    fn verifies_ecdsa(&self, curve: Curve, hash: &[u8], signature: &[u8]) -> bool {
        let fitted = ecdsa::fit(curve, hash);
        if self.engine.verify_digest_sig(&fitted, signature).is_ok() {
            return true;
        }
        ecdsa::der_of_raw(curve, signature).is_some_and(|der| self.engine.verify_digest_sig(&fitted, &der).is_ok())
    }

    fn verifies_rsa(&self, digest: SignatureDigest, hash: &[u8], signature: &[u8]) -> bool {
        let Ok(imported) = hash::Digest::import_less_safe(hash, digest.engine()) else {
            return false;
        };
        let scheme = match digest {
            SignatureDigest::Sha256 => return self.engine.verify_digest_sig(&imported, signature).is_ok(),
            SignatureDigest::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
            SignatureDigest::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        };
        UnparsedPublicKey::new(scheme, &self.der)
            .verify_digest(&imported, signature)
            .is_ok()
    }

    fn verifies_ed25519ph(&self, hash: &[u8], signature: &[u8]) -> bool {
        // The DER of an Ed25519 key ends with its 32 bytes (RFC 8410 §4).
        match (self.der.last_chunk(), hash.try_into(), signature.try_into()) {
            (Some(key), Ok(hash), Ok(signature)) => ed25519ph_verify(hash, signature, key),
            _ => false,
        }
    }
}

fn hashed(digest: SignatureDigest, message: &[u8]) -> Vec<u8> {
    hash::digest(digest.engine(), message).as_ref().to_vec()
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm, self.hint())
    }
}

/// The finding that a signature is not the key's over these bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SignatureMismatch {
    algorithm: PublicKeyAlgorithm,
    digests: &'static [SignatureDigest],
}

impl SignatureMismatch {
    /// Returns the algorithm of the key that was asked.
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        self.algorithm
    }

    /// Returns the digests that were tried, none for Ed25519.
    pub fn digests(&self) -> &'static [SignatureDigest] {
        self.digests
    }
}

impl fmt::Display for SignatureMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signature is not this {} key's over these bytes", self.algorithm)?;
        for (place, digest) in self.digests.iter().enumerate() {
            write!(f, "{}{digest}", if place == 0 { ", tried " } else { " and " })?;
        }
        Ok(())
    }
}

/// Why bytes are not a public key that can verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// There is nothing.
    #[error("public key is empty")]
    Empty,
    /// There is more than any key needs.
    #[error("public key has {found} bytes, the limit is {limit}")]
    Oversized {
        /// The most bytes allowed.
        limit: usize,
        /// The bytes there are.
        found: usize,
    },
    /// The bytes are not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The file holds a private key.
    #[error("expected a public key, found a private one (PEM block {label:?})")]
    PrivateKeyGiven {
        /// The PEM block's type.
        label: String,
    },
    /// The file holds a certificate.
    #[error("expected a public key, found a certificate")]
    CertificateGiven,
    /// The file holds something else.
    #[error("PEM block is {found:?}, expected \"PUBLIC KEY\" or \"RSA PUBLIC KEY\"")]
    UnknownPemType {
        /// The PEM block's type.
        found: String,
    },
    /// Something follows the key.
    #[error("public key is followed by other data")]
    TrailingData,
    /// The DER departs from `SubjectPublicKeyInfo` or `RSAPublicKey`.
    #[error("public key is malformed")]
    Malformed {
        /// Where it departs.
        source: EncodingError,
    },
    /// The key is spelled in another way than the one of DER, or its point is compressed.
    #[error("public key is not in canonical DER with an uncompressed point")]
    NotCanonical,
    /// The key is of another kind.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedKey),
    /// The numbers are no key, such as a point that is not on its curve.
    #[error("public key is no valid {algorithm} key")]
    Rejected {
        /// What the key says it is.
        algorithm: PublicKeyAlgorithm,
    },
}

fn check_size(bytes: &[u8]) -> Result<(), PublicKeyError> {
    match bytes.len() {
        0 => Err(PublicKeyError::Empty),
        found if found > KEY_FILE_LIMIT => Err(PublicKeyError::Oversized {
            limit: KEY_FILE_LIMIT,
            found,
        }),
        _ => Ok(()),
    }
}

fn rsa_algorithm(der: &[u8]) -> Result<PublicKeyAlgorithm, PublicKeyError> {
    let bits = RsaNumbers::of_public(der).map_err(malformed)?.bits;
    if !(2048..=8192).contains(&bits) {
        return Err(UnsupportedKey::RsaSize {
            expected: "2048 to 8192",
            found: bits,
        }
        .into());
    }
    Ok(PublicKeyAlgorithm::Rsa { bits })
}

fn malformed(source: der::Error) -> PublicKeyError {
    match source.kind() {
        der::ErrorKind::TrailingData { .. } => PublicKeyError::TrailingData,
        _ => PublicKeyError::Malformed { source: source.into() },
    }
}

fn engine(algorithm: PublicKeyAlgorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        PublicKeyAlgorithm::Ecdsa(curve) => curve.verification(),
        PublicKeyAlgorithm::Ed25519 => &signature::ED25519,
        PublicKeyAlgorithm::Rsa { .. } => &RSA_PKCS1_2048_8192_SHA256,
    }
}

/// Says whether `der` is the one DER of its key: a key has one name, the hash of its DER, and a second spelling would be a
/// second name. An elliptic point is spelled uncompressed.
///
/// Up to its point an elliptic key is like any other of its curve; an RSA key is written anew.
fn is_canonical(der: &[u8], algorithm: PublicKeyAlgorithm, engine: &ParsedPublicKey) -> Result<bool, PublicKeyError> {
    let (start, point) = match algorithm {
        PublicKeyAlgorithm::Ecdsa(curve) => (curve.public_key_start(), 2 * curve.width()),
        PublicKeyAlgorithm::Ed25519 => (ED25519_START, 32),
        PublicKeyAlgorithm::Rsa { .. } => {
            let written: PublicKeyX509Der<'_> = engine.as_der().map_err(|_| PublicKeyError::Rejected { algorithm })?;
            return Ok(written.as_ref() == der);
        }
    };
    Ok(der.strip_prefix(start).is_some_and(|found| found.len() == point))
}

/// What the DER of an Ed25519 key begins with (RFC 8410 §4).
const ED25519_START: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
