//! What kind of key is made where there is none.

use std::str::FromStr;

use countersign::sign::SignError;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};

use crate::failure::Failure;

/// The kind of a new key, and the digest that it signs, by the names of Sigstore (protobuf-specs, `algorithm-registry.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SigningAlgorithm {
    key: KeyAlgorithm,
    digest: SignatureDigest,
}

impl SigningAlgorithm {
    /// Makes a key.
    pub(crate) fn generate(self) -> Result<PrivateKey, Failure> {
        let key = PrivateKey::generate(self.key).map_err(Failure::Generate)?;
        Ok(key.with_digest(self.digest).map_err(SignError::from)?)
    }
}

impl Default for SigningAlgorithm {
    fn default() -> Self {
        Self {
            key: KeyAlgorithm::EcdsaP256,
            digest: SignatureDigest::Sha256,
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = ALL.iter().find(|(name, ..)| *name == text);
        found
            .map(|(_, key, digest)| Self {
                key: *key,
                digest: *digest,
            })
            .ok_or_else(|| {
                let names: Vec<&str> = ALL.iter().map(|(name, ..)| *name).collect();
                format!("expected one of {}", names.join(", "))
            })
    }
}

const ALL: [(&str, KeyAlgorithm, SignatureDigest); 6] = [
    (
        "ecdsa-sha2-256-nistp256",
        KeyAlgorithm::EcdsaP256,
        SignatureDigest::Sha256,
    ),
    (
        "ecdsa-sha2-384-nistp384",
        KeyAlgorithm::EcdsaP384,
        SignatureDigest::Sha384,
    ),
    (
        "ecdsa-sha2-512-nistp521",
        KeyAlgorithm::EcdsaP521,
        SignatureDigest::Sha512,
    ),
    (
        "rsa-sign-pkcs1-2048-sha256",
        KeyAlgorithm::Rsa2048,
        SignatureDigest::Sha256,
    ),
    (
        "rsa-sign-pkcs1-3072-sha256",
        KeyAlgorithm::Rsa3072,
        SignatureDigest::Sha256,
    ),
    (
        "rsa-sign-pkcs1-4096-sha256",
        KeyAlgorithm::Rsa4096,
        SignatureDigest::Sha256,
    ),
];
