//! Signatures: the bytes a signer makes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The raw bytes of a signature, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// Takes the raw bytes of a signature.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Reads standard base64 with padding (RFC 4648 §4), ignoring line ends as Go's decoder does.
    ///
    /// # Errors
    /// [`SignatureError`] when the text is empty, too long or no base64.
    pub fn from_base64(text: &str) -> Result<Self, SignatureError> {
        if text.len() > TEXT_LIMIT {
            return Err(SignatureError::Oversized {
                limit: TEXT_LIMIT,
                found: text.len(),
            });
        }
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        if text.is_empty() {
            return Err(SignatureError::Empty);
        }
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(|source| SignatureError::NotBase64 { source })
    }

    /// Returns the raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes standard base64 with padding, on one line.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", self.to_base64())
    }
}

/// Why a text is not a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is nothing.
    #[error("signature is empty")]
    Empty,
    /// The text is longer than any signature.
    #[error("signature has {found} bytes of base64, the limit is {limit}")]
    Oversized {
        /// The most bytes allowed.
        limit: usize,
        /// The bytes there are.
        found: usize,
    },
    /// The text is not base64.
    #[error("signature is not base64")]
    NotBase64 {
        /// Where it departs from base64.
        source: base64::DecodeError,
    },
}

/// RSA with 8192 bits, the longest scheme, takes 1368 bytes.
const TEXT_LIMIT: usize = 16 * 1024;
