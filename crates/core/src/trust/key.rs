//! Keys of services, with the one scheme that each signs by (protobuf-specs, `PublicKeyDetails`).

use crate::certificate::algorithm;
use crate::key::{Curve, PublicKey, PublicKeyAlgorithm, PublicKeyError, Signature, SignatureDigest};
use crate::quoted::Quoted;

/// The key of a service and the scheme that it signs by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceKey {
    key: PublicKey,
    scheme: Scheme,
}

/// How a service signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// ECDSA over this digest, in DER.
    Ecdsa(SignatureDigest),
    /// Ed25519 over the message as it is.
    Ed25519,
    /// Ed25519 over the message's SHA-512.
    Ed25519Prehashed,
    /// RSA PKCS #1 v1.5 over this digest.
    RsaPkcs1(SignatureDigest),
    /// RSASSA-PSS with this digest.
    RsaPss(SignatureDigest),
}

impl ServiceKey {
    /// Takes a key that signs as is usual for its kind: ECDSA with the digest of the curve's strength, Ed25519 over the
    /// message, RSA with SHA-256.
    pub fn usual(key: PublicKey) -> Self {
        let scheme = match key.algorithm() {
            PublicKeyAlgorithm::Ecdsa(Curve::P256) => Scheme::Ecdsa(SignatureDigest::Sha256),
            PublicKeyAlgorithm::Ecdsa(Curve::P384) => Scheme::Ecdsa(SignatureDigest::Sha384),
            PublicKeyAlgorithm::Ecdsa(Curve::P521) => Scheme::Ecdsa(SignatureDigest::Sha512),
            PublicKeyAlgorithm::Ed25519 => Scheme::Ed25519,
            PublicKeyAlgorithm::Rsa { .. } => Scheme::RsaPkcs1(SignatureDigest::Sha256),
        };
        Self { key, scheme }
    }

    /// Reads a key whose kind and scheme are named as in `PublicKeyDetails`.
    ///
    /// # Errors
    ///
    /// [`ServiceKeyError`] when the name is not known, the bytes are no key, or the key is of another kind than is named.
    pub fn named(details: &str, bytes: &[u8]) -> Result<Self, ServiceKeyError> {
        let (_, kind, scheme) =
            *NAMES
                .iter()
                .find(|(name, ..)| *name == details)
                .ok_or_else(|| ServiceKeyError::UnknownDetails {
                    found: Quoted::new(details),
                })?;
        let key = if details.starts_with("PKCS1_") {
            PublicKey::from_pkcs1(bytes)
        } else {
            PublicKey::from_der(bytes)
        }?;
        let found = key.algorithm();
        if !kind.includes(found) {
            return Err(ServiceKeyError::OtherKind {
                expected: Quoted::new(details),
                found,
            });
        }
        Ok(Self { key, scheme })
    }

    /// Returns the name of the key's kind and scheme as in `PublicKeyDetails`, for the DER of [`PublicKey::as_der`].
    pub(super) fn details(&self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, kind, scheme)| kind.includes(self.key.algorithm()) && *scheme == self.scheme)
            .map_or("PUBLIC_KEY_DETAILS_UNSPECIFIED", |(name, ..)| name)
    }

    /// Returns the key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns the scheme that the service signs by.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Says whether `signature` is the service's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        match self.scheme {
            Scheme::Ed25519Prehashed => self.key.verifies_prehashed(message, signature),
            scheme => algorithm::verifies(scheme, &self.key, message, signature),
        }
    }
}

/// Why bytes are no key of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceKeyError {
    /// The bytes are no key.
    #[error(transparent)]
    Key(#[from] PublicKeyError),
    /// The key is of another kind than is said.
    #[error("key is {found}, expected {expected}")]
    OtherKind {
        /// The kind and scheme that are said.
        expected: Quoted,
        /// What the key is.
        found: PublicKeyAlgorithm,
    },
    /// The kind and scheme are not known here.
    #[error("key details are {found}, which is not known")]
    UnknownDetails {
        /// The name as written.
        found: Quoted,
    },
}

/// The kind of key that a name asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ecdsa(Curve),
    Ed25519,
    /// With a modulus of so many bits, or of any length.
    Rsa(Option<usize>),
}

impl Kind {
    fn includes(self, algorithm: PublicKeyAlgorithm) -> bool {
        match (self, algorithm) {
            (Self::Rsa(None), PublicKeyAlgorithm::Rsa { .. }) => true,
            (Self::Rsa(Some(expected)), PublicKeyAlgorithm::Rsa { bits }) => expected == bits,
            (Self::Ecdsa(expected), PublicKeyAlgorithm::Ecdsa(curve)) => expected == curve,
            (Self::Ed25519, PublicKeyAlgorithm::Ed25519) => true,
            _ => false,
        }
    }
}

/// What the names of `PublicKeyDetails` mean; of several for one meaning, the first is written.
const NAMES: [(&str, Kind, Scheme); 18] = {
    use SignatureDigest::{Sha256, Sha384, Sha512};
    [
        (
            "PKIX_ECDSA_P256_SHA_256",
            Kind::Ecdsa(Curve::P256),
            Scheme::Ecdsa(Sha256),
        ),
        (
            "PKIX_ECDSA_P384_SHA_384",
            Kind::Ecdsa(Curve::P384),
            Scheme::Ecdsa(Sha384),
        ),
        (
            "PKIX_ECDSA_P384_SHA_256",
            Kind::Ecdsa(Curve::P384),
            Scheme::Ecdsa(Sha256),
        ),
        (
            "PKIX_ECDSA_P521_SHA_512",
            Kind::Ecdsa(Curve::P521),
            Scheme::Ecdsa(Sha512),
        ),
        (
            "PKIX_ECDSA_P521_SHA_256",
            Kind::Ecdsa(Curve::P521),
            Scheme::Ecdsa(Sha256),
        ),
        // how the signer draws its nonce (RFC 6979) is nothing that a verifier sees
        (
            "PKIX_ECDSA_P256_HMAC_SHA_256",
            Kind::Ecdsa(Curve::P256),
            Scheme::Ecdsa(Sha256),
        ),
        ("PKIX_ED25519", Kind::Ed25519, Scheme::Ed25519),
        ("PKIX_ED25519_PH", Kind::Ed25519, Scheme::Ed25519Prehashed),
        (
            "PKIX_RSA_PKCS1V15_2048_SHA256",
            Kind::Rsa(Some(2048)),
            Scheme::RsaPkcs1(Sha256),
        ),
        (
            "PKIX_RSA_PKCS1V15_3072_SHA256",
            Kind::Rsa(Some(3072)),
            Scheme::RsaPkcs1(Sha256),
        ),
        (
            "PKIX_RSA_PKCS1V15_4096_SHA256",
            Kind::Rsa(Some(4096)),
            Scheme::RsaPkcs1(Sha256),
        ),
        (
            "PKIX_RSA_PSS_2048_SHA256",
            Kind::Rsa(Some(2048)),
            Scheme::RsaPss(Sha256),
        ),
        (
            "PKIX_RSA_PSS_3072_SHA256",
            Kind::Rsa(Some(3072)),
            Scheme::RsaPss(Sha256),
        ),
        (
            "PKIX_RSA_PSS_4096_SHA256",
            Kind::Rsa(Some(4096)),
            Scheme::RsaPss(Sha256),
        ),
        ("PKIX_RSA_PKCS1V5", Kind::Rsa(None), Scheme::RsaPkcs1(Sha256)),
        ("PKIX_RSA_PSS", Kind::Rsa(None), Scheme::RsaPss(Sha256)),
        ("PKCS1_RSA_PKCS1V5", Kind::Rsa(None), Scheme::RsaPkcs1(Sha256)),
        ("PKCS1_RSA_PSS", Kind::Rsa(None), Scheme::RsaPss(Sha256)),
    ]
};
