//! Digests: the names of bytes.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest as hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A hash algorithm that OCI registers (image-spec, descriptor.md §digests).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl Algorithm {
    /// The algorithm's name in a digest string.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    fn engine(self) -> &'static hash::Algorithm {
        match self {
            Self::Sha256 => &hash::SHA256,
            Self::Sha512 => &hash::SHA512,
        }
    }
}

/// The digest of some bytes, `algorithm:hex`, whose length fits its algorithm.
///
/// There is one spelling: lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    text: Box<str>,
    algorithm: Algorithm,
}

impl Digest {
    /// Hashes `bytes` with SHA-256.
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Hashes `bytes` with `algorithm`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Takes a hash that was made elsewhere; `None` when it is not as long as the algorithm's are.
    pub(crate) fn from_bytes(algorithm: Algorithm, hash: &[u8]) -> Option<Self> {
        format!("{}:{}", algorithm.name(), hex::encode(hash)).parse().ok()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hash as lower-case hexadecimal, without the algorithm.
    pub fn hex(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The hash as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        hex::decode(self.hex()).expect("a digest holds hexadecimal of even length")
    }

    /// The whole digest, `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Says whether `bytes` are what this digest names.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        Self::of(self.algorithm, bytes) == *self
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text
            .split_once(':')
            .ok_or_else(|| DigestError::NoAlgorithm { found: shown(text) })?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => return Err(DigestError::UnknownAlgorithm { found: shown(name) }),
        };
        if hex.len() != algorithm.hex_length() {
            return Err(DigestError::Length {
                algorithm: algorithm.name(),
                expected: algorithm.hex_length(),
                found: hex.len(),
            });
        }
        if !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DigestError::NotHexadecimal { found: shown(hex) });
        }
        Ok(Self {
            text: text.into(),
            algorithm,
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Hashes bytes as they pass.
#[derive(Clone)]
pub struct Hasher {
    context: hash::Context,
    algorithm: Algorithm,
}

impl Hasher {
    /// Starts a hash.
    pub fn new(algorithm: Algorithm) -> Self {
        Self {
            context: hash::Context::new(algorithm.engine()),
            algorithm,
        }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// Ends the hash.
    pub fn finish(self) -> Digest {
        let text = format!("{}:{}", self.algorithm.name(), hex::encode(self.context.finish()));
        Digest {
            text: text.into(),
            algorithm: self.algorithm,
        }
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// There is no colon.
    #[error("digest has no algorithm: expected sha256:<64 hexadecimal digits>, found {found:?}")]
    NoAlgorithm {
        /// The start of the text.
        found: String,
    },
    /// The algorithm is not a registered one.
    #[error("digest algorithm is {found:?}, expected sha256 or sha512")]
    UnknownAlgorithm {
        /// The algorithm as written.
        found: String,
    },
    /// The hash has the wrong length.
    #[error("{algorithm} digest has {found} hexadecimal digits, expected {expected}")]
    Length {
        /// The algorithm's name.
        algorithm: &'static str,
        /// The number of digits it has.
        expected: usize,
        /// The number found.
        found: usize,
    },
    /// The hash is not lower-case hexadecimal.
    #[error("digest is not lower-case hexadecimal: {found:?}")]
    NotHexadecimal {
        /// The start of the hash as written.
        found: String,
    },
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// How much of a bad text an error repeats, in characters.
const SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digest_of_nothing_is_the_known_one() {
        assert_eq!(Digest::sha256(b"").as_str(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(Digest::sha256(b"")));
    }

    #[test]
    fn digest_with_another_length_is_refused() {
        assert_eq!(
            "sha256:00".parse::<Digest>(),
            Err(DigestError::Length {
                algorithm: "sha256",
                expected: 64,
                found: 2
            })
        );
    }

    #[test]
    fn upper_case_digest_is_refused() {
        assert!(matches!(
            EMPTY.replace('e', "E").parse::<Digest>(),
            Err(DigestError::NotHexadecimal { .. })
        ));
    }
}
