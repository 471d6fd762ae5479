//! Keys: what they verify and sign, and the files that hold them.

mod ecdsa;
mod encrypted;
mod identifier;
mod import;
mod pbes2;
pub(crate) mod pem;
mod prehashed;
mod private;
mod public;
mod signature;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest as hash;

pub use encrypted::{OpenError, SealError};
pub use identifier::{EncodingError, UnsupportedKey};
pub use import::ImportError;
pub use pem::PemError;
pub use prehashed::{MessageError, MessageUnknown};
pub use private::{PrivateKey, PrivateKeyError};
pub use public::{PublicKey, PublicKeyError, SignatureMismatch};
pub use signature::{Signature, SignatureError};

/// The most bytes a key file may have: over ten times the largest sealed key.
pub const KEY_FILE_LIMIT: usize = 64 * 1024;

/// A kind of key that can be made and imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
}

impl KeyAlgorithm {
    /// Every algorithm, in the order in which they are listed to people.
    pub const ALL: [Self; 7] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// Returns the algorithm's name, such as `ecdsa-p256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownKeyAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == text)
            .ok_or_else(|| UnknownKeyAlgorithm { found: shown(text) })
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no key algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "key algorithm is {found:?}, expected ecdsa-p256, ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096"
)]
pub struct UnknownKeyAlgorithm {
    found: String,
}

/// What a public key is; unlike [`KeyAlgorithm`] it has the RSA sizes that are verified but never made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicKeyAlgorithm {
    /// ECDSA on a named curve.
    Ecdsa(Curve),
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa {
        /// The length of the modulus.
        bits: usize,
    },
}

impl fmt::Display for PublicKeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecdsa(Curve::P256) => f.write_str("ecdsa-p256"),
            Self::Ecdsa(Curve::P384) => f.write_str("ecdsa-p384"),
            Self::Ecdsa(Curve::P521) => f.write_str("ecdsa-p521"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::Rsa { bits } => write!(f, "rsa-{bits}"),
        }
    }
}

impl From<KeyAlgorithm> for PublicKeyAlgorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::EcdsaP256 => Self::Ecdsa(Curve::P256),
            KeyAlgorithm::EcdsaP384 => Self::Ecdsa(Curve::P384),
            KeyAlgorithm::EcdsaP521 => Self::Ecdsa(Curve::P521),
            KeyAlgorithm::Ed25519 => Self::Ed25519,
            KeyAlgorithm::Rsa2048 => Self::Rsa { bits: 2048 },
            KeyAlgorithm::Rsa3072 => Self::Rsa { bits: 3072 },
            KeyAlgorithm::Rsa4096 => Self::Rsa { bits: 4096 },
        }
    }
}

/// A NIST curve (FIPS 186-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// P-256, secp256r1.
    P256,
    /// P-384, secp384r1.
    P384,
    /// P-521, secp521r1.
    P521,
}

/// The hash under an ECDSA or RSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureDigest {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl SignatureDigest {
    /// Returns the digest's name, such as `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Returns how many bytes such a digest has.
    pub fn length(self) -> usize {
        self.engine().output_len()
    }

    pub(crate) fn engine(self) -> &'static hash::Algorithm {
        match self {
            Self::Sha256 => &hash::SHA256,
            Self::Sha384 => &hash::SHA384,
            Self::Sha512 => &hash::SHA512,
        }
    }
}

impl FromStr for SignatureDigest {
    type Err = UnknownSignatureDigest;

    fn from_str(text: &str) -> Result<Self, UnknownSignatureDigest> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha384" => Ok(Self::Sha384),
            "sha512" => Ok(Self::Sha512),
            _ => Err(UnknownSignatureDigest { found: shown(text) }),
        }
    }
}

impl fmt::Display for SignatureDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no signature digest; SHA-224 is one, for it is below the strength of every key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signature digest is {found:?}, expected sha256, sha384 or sha512")]
pub struct UnknownSignatureDigest {
    found: String,
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// How much of a bad text an error repeats, in characters.
const SHOWN: usize = 80;

#[cfg(test)]
mod tests;
