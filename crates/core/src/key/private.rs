//! Private keys: made, read from PKCS #8, and signing.

use std::fmt;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RsaSignatureEncoding,
};
use der::Decode;
use pkcs8::PrivateKeyInfo;
use zeroize::Zeroizing;

use super::identifier::{Family, RsaNumbers, family};
use super::{
    Curve, EncodingError, KeyAlgorithm, PublicKey, PublicKeyAlgorithm, PublicKeyError, Signature, SignatureDigest,
    UnsupportedKey, ecdsa, pem, prehashed,
};
use crate::message::{Bytes, Message, Needs};
use crate::secret::Secret;
use crate::signer::{Signer, SignerError};

/// A private key that signs; AWS-LC wipes it when it is dropped.
///
/// ECDSA and RSA keys sign with SHA-256 unless told otherwise, P-384 and P-521 too: cosign 2.6.1 and 3.1.2 verify
/// `--key` with SHA-256 unless told otherwise, so this is the digest that verifies everywhere without a flag. Ed25519
/// keys sign purely (not pre-hashed), for the same reason.
pub struct PrivateKey {
    pair: KeyPair,
    public: PublicKey,
    digest: SignatureDigest,
}

impl PrivateKey {
    /// Makes a new key with AWS-LC's randomness.
    ///
    /// # Errors
    /// [`PrivateKeyError::Generation`] when AWS-LC made none.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, PrivateKeyError> {
        KeyPair::generate(algorithm)
            .map_err(|Unspecified| PrivateKeyError::Generation { algorithm })
            .and_then(Self::new)
    }

    /// Reads an unencrypted DER `PrivateKeyInfo` (RFC 5208 §5, RFC 5958 §2).
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let info = PrivateKeyInfo::from_der(der).map_err(malformed)?;
        let pair = match family(&info.algorithm)? {
            Family::Ecdsa(curve) => EcdsaKeyPair::from_pkcs8(curve.signing(), der)
                .map(|pair| KeyPair::Ecdsa(curve, pair))
                .map_err(|_| rejected(PublicKeyAlgorithm::Ecdsa(curve)))?,
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(der)
                .map(KeyPair::Ed25519)
                .map_err(|_| rejected(PublicKeyAlgorithm::Ed25519))?,
            Family::Rsa => {
                let algorithm = rsa_algorithm(info.private_key)?;
                rsa::KeyPair::from_pkcs8(der)
                    .map(KeyPair::Rsa)
                    .map_err(|_| rejected(algorithm))?
            }
        };
        Self::new(pair)
    }

    /// Reads a DER `RSAPrivateKey` (RFC 8017 §A.1.2).
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let algorithm = rsa_algorithm(der)?;
        let pair = rsa::KeyPair::from_der(der).map_err(|_| rejected(algorithm))?;
        Self::new(KeyPair::Rsa(pair))
    }

    /// Reads a DER `ECPrivateKey` (SEC 1 §C.4) on `curve`.
    pub(super) fn from_sec1(curve: Curve, der: &[u8]) -> Result<Self, PrivateKeyError> {
        let pair = EcdsaKeyPair::from_private_key_der(curve.signing(), der)
            .map_err(|_| rejected(PublicKeyAlgorithm::Ecdsa(curve)))?;
        Self::new(KeyPair::Ecdsa(curve, pair))
    }

    fn new(pair: KeyPair) -> Result<Self, PrivateKeyError> {
        let algorithm = pair.algorithm();
        let der = pair.public_der().map_err(|Unspecified| rejected(algorithm))?;
        let public = PublicKey::from_der(der.as_ref()).map_err(|source| PrivateKeyError::PublicHalf { source })?;
        Ok(Self {
            pair,
            public,
            digest: SignatureDigest::Sha256,
        })
    }

    /// Chooses the digest that an ECDSA or RSA key signs with.
    ///
    /// # Errors
    /// [`SignerError::DigestIsFixed`] for an Ed25519 key.
    pub fn with_digest(mut self, digest: SignatureDigest) -> Result<Self, SignerError> {
        let algorithm = self.public.algorithm();
        if algorithm == PublicKeyAlgorithm::Ed25519 {
            return Err(SignerError::DigestIsFixed { algorithm });
        }
        self.digest = digest;
        Ok(self)
    }

    /// Returns the public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Writes the PEM block `PRIVATE KEY`, which is not encrypted: for what a file's mode protects.
    ///
    /// # Errors
    /// [`SignerError::Crypto`] when AWS-LC does not give the key away.
    pub fn to_unencrypted_pem(&self) -> Result<Secret<String>, SignerError> {
        let algorithm = self.public.algorithm();
        let der = self
            .to_pkcs8()
            .map_err(|Unspecified| SignerError::Crypto { algorithm })?;
        Ok(Secret::new(pem::encode("PRIVATE KEY", &der)))
    }

    /// Writes the DER `PrivateKeyInfo`, version 1, as Go's x509 reads and writes it.
    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        self.pair.to_pkcs8()
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        self.sign_message(&Message::of(message, &self.needs()))
    }

    fn needs(&self) -> Needs {
        match self.pair {
            // Nothing needs this hash but the bundle, which names the message by it.
            KeyPair::Ed25519(_) => Needs::new(&[SignatureDigest::Sha256], Bytes::Kept),
            KeyPair::Ecdsa(..) | KeyPair::Rsa(_) => Needs::new(&[self.digest], Bytes::Dropped),
        }
    }

    fn sign_message(&self, message: &Message) -> Result<Signature, SignerError> {
        let algorithm = self.public.algorithm();
        let signed = match &self.pair {
            KeyPair::Ed25519(pair) => sign_ed25519(pair, prehashed::whole(algorithm, message)?),
            KeyPair::Ecdsa(curve, pair) => sign_ecdsa(*curve, pair, prehashed::hash(algorithm, message, self.digest)?),
            KeyPair::Rsa(pair) => sign_rsa(pair, self.digest, prehashed::hash(algorithm, message, self.digest)?),
        };
        signed
            .map(Signature::new)
            .map_err(|Unspecified| SignerError::Crypto { algorithm })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {:?})", self.public)
    }
}

/// Why there is no private key, once its file was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// The DER departs from what its type says.
    #[error("private key is malformed")]
    Malformed {
        /// Where it departs.
        source: EncodingError,
    },
    /// The key is of another kind.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedKey),
    /// The numbers are no key, such as a public half of another private one.
    #[error("private key is no valid {algorithm} key")]
    Rejected {
        /// What the key says it is.
        algorithm: PublicKeyAlgorithm,
    },
    /// The public half is no key.
    #[error("private key has no usable public half")]
    PublicHalf {
        /// Why it is none.
        source: PublicKeyError,
    },
    /// No key could be made.
    #[error("no {algorithm} key could be made")]
    Generation {
        /// The algorithm wanted.
        algorithm: KeyAlgorithm,
    },
}

enum KeyPair {
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

impl KeyPair {
    fn generate(algorithm: KeyAlgorithm) -> Result<Self, Unspecified> {
        let ecdsa = |curve: Curve| EcdsaKeyPair::generate(curve.signing()).map(|pair| Self::Ecdsa(curve, pair));
        let rsa = |size| rsa::KeyPair::generate(size).map(Self::Rsa);
        match algorithm {
            KeyAlgorithm::EcdsaP256 => ecdsa(Curve::P256),
            KeyAlgorithm::EcdsaP384 => ecdsa(Curve::P384),
            KeyAlgorithm::EcdsaP521 => ecdsa(Curve::P521),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Self::Ed25519),
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
        }
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        match self {
            Self::Ecdsa(curve, _) => PublicKeyAlgorithm::Ecdsa(*curve),
            Self::Ed25519(_) => PublicKeyAlgorithm::Ed25519,
            Self::Rsa(pair) => PublicKeyAlgorithm::Rsa {
                bits: pair.public_modulus_len() * 8,
            },
        }
    }

    fn public_der(&self) -> Result<PublicKeyX509Der<'static>, Unspecified> {
        match self {
            Self::Ecdsa(_, pair) => pair.public_key().as_der(),
            Self::Ed25519(pair) => pair.public_key().as_der(),
            Self::Rsa(pair) => pair.public_key().as_der(),
        }
    }

    fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let copied = |der: &[u8]| Zeroizing::new(der.to_vec());
        match self {
            Self::Ecdsa(_, pair) => pair.to_pkcs8v1().map(|der| copied(der.as_ref())),
            Self::Ed25519(pair) => pair.to_pkcs8v1().map(|der| copied(der.as_ref())),
            Self::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| copied(der.as_ref())),
        }
    }
}

fn sign_ecdsa(curve: Curve, pair: &EcdsaKeyPair, hash: &[u8]) -> Result<Vec<u8>, Unspecified> {
    Ok(pair.sign_digest(&ecdsa::fit(curve, hash))?.as_ref().to_vec())
}

fn sign_ed25519(pair: &Ed25519KeyPair, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
    Ok(pair.try_sign(message)?.as_ref().to_vec())
}

fn sign_rsa(pair: &rsa::KeyPair, digest: SignatureDigest, hash: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let hash = Digest::import_less_safe(hash, digest.engine())?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign_digest(rsa_encoding(digest), &hash, &mut signature)?;
    Ok(signature)
}

fn rsa_encoding(digest: SignatureDigest) -> &'static RsaSignatureEncoding {
    match digest {
        SignatureDigest::Sha256 => &RSA_PKCS1_SHA256,
        SignatureDigest::Sha384 => &RSA_PKCS1_SHA384,
        SignatureDigest::Sha512 => &RSA_PKCS1_SHA512,
    }
}

fn rsa_algorithm(der: &[u8]) -> Result<PublicKeyAlgorithm, PrivateKeyError> {
    let RsaNumbers { bits, exponent } = RsaNumbers::of_private(der).map_err(malformed)?;
    if !matches!(bits, 2048 | 3072 | 4096) {
        return Err(UnsupportedKey::RsaSize {
            expected: "2048, 3072 or 4096",
            found: bits,
        }
        .into());
    }
    match exponent {
        Some(exponent) if exponent >= 65537 && exponent % 2 == 1 => Ok(PublicKeyAlgorithm::Rsa { bits }),
        _ => Err(UnsupportedKey::RsaExponent.into()),
    }
}

pub(super) fn malformed(source: der::Error) -> PrivateKeyError {
    PrivateKeyError::Malformed { source: source.into() }
}

fn rejected(algorithm: PublicKeyAlgorithm) -> PrivateKeyError {
    PrivateKeyError::Rejected { algorithm }
}
