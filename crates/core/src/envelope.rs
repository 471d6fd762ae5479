//! DSSE envelopes: a payload, its type, and signatures over both (DSSE 1.0.2, `envelope.md` and `protocol.md`).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::bounded::Bounded;
use crate::go_json::{decode_bytes, encode_bytes};
use crate::key::Signature;
use crate::quoted::Quoted;
use crate::signer::{Signer, SignerError};

/// The longest envelope that is read, in bytes: the longest statement in base64, with room.
pub const LIMIT: usize = 48 * 1024 * 1024;

/// The most signatures that are read from an envelope.
pub const SIGNATURES: usize = 32;

/// A payload as it was signed, with its signatures; *untrusted*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, Eq)]
pub struct EnvelopeSignature {
    /// As it was written: cosign 2 writes an empty text where it has no id.
    key_id: Option<String>,
    signature: Signature,
}

impl EnvelopeSignature {
    /// Returns the hint of which key signed; nobody vouches for it.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Returns the signature over the payload's [`pae`].
    pub fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// An empty key id is none.
impl PartialEq for EnvelopeSignature {
    fn eq(&self, other: &Self) -> bool {
        self.key_id() == other.key_id() && self.signature == other.signature
    }
}

impl Envelope {
    /// Parses an envelope; base64 may be of the standard or the URL-safe alphabet.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > LIMIT {
            return Err(EnvelopeError::TooLong {
                limit: LIMIT,
                found: bytes.len(),
            });
        }
        let wire: Wire<'_> = serde_json::from_slice(bytes)?;
        wire.try_into()
    }

    /// Signs `payload` as being of `payload_type`.
    pub fn seal(payload_type: impl Into<String>, payload: Vec<u8>, signer: &dyn Signer) -> Result<Self, SignerError> {
        let payload_type = payload_type.into();
        let signature = signer.sign(&pae(&payload_type, &payload))?;
        Ok(Self {
            payload_type,
            payload,
            signatures: vec![EnvelopeSignature {
                key_id: None,
                signature,
            }],
        })
    }

    /// Returns what the payload says it is.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// Returns the payload, byte for byte as signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the signatures.
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// Returns the bytes that the signatures cover.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }

    /// Writes the envelope as cosign 2 does: payloadType, payload, signatures, each with its key id.
    pub fn to_json_of_cosign_2(&self) -> Vec<u8> {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let signatures = self.signatures.iter().map(|signature| {
            let key_id = signature.key_id.as_deref().unwrap_or_default();
            format!(
                r#"{{"keyid":{},"sig":"{}"}}"#,
                text(key_id),
                signature.signature.to_base64()
            )
        });
        format!(
            r#"{{"payloadType":{},"payload":"{}","signatures":[{}]}}"#,
            text(&self.payload_type),
            encode_bytes(&self.payload),
            signatures.collect::<Vec<_>>().join(",")
        )
        .into_bytes()
    }

    /// Writes the envelope as cosign 3 does: payload, payloadType, signatures; an empty key id is kept.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&Wire::from(self)).expect("texts in structures have a JSON form")
    }
}

/// Joins a payload and its type into the bytes to sign, so that neither can pass as a part of the other (DSSE `protocol.md`, PAE).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut bytes = Vec::with_capacity(head.len() + payload.len());
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Why bytes are not a DSSE envelope.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The envelope is longer than is read.
    #[error("envelope has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// The envelope is not JSON of the right shape.
    #[error("envelope is malformed")]
    Json(#[from] serde_json::Error),
    /// A member is not base64.
    #[error("{member} of the envelope is not base64: {found}")]
    Base64 {
        /// The member's name.
        member: &'static str,
        /// The start of what it holds.
        found: Quoted,
        /// What is wrong with it.
        source: base64::DecodeError,
    },
    /// There is no signature.
    #[error("envelope has no signature")]
    Unsigned,
    /// A signature is empty.
    #[error("envelope has an empty signature")]
    EmptySignature,
    /// There are more signatures than are read.
    #[error("envelope has {found} signatures, the limit is {limit}")]
    TooManySignatures {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
}

/// The JSON of an envelope, alone or inside a bundle.
#[derive(Deserialize, Serialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(rename = "payloadType", borrow)]
    payload_type: Cow<'a, str>,
    #[serde(borrow)]
    signatures: Bounded<WireSignature<'a>, SIGNATURES>,
}

#[derive(Deserialize, Serialize)]
struct WireSignature<'a> {
    #[serde(borrow)]
    sig: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    keyid: Option<Cow<'a, str>>,
}

impl TryFrom<Wire<'_>> for Envelope {
    type Error = EnvelopeError;

    fn try_from(wire: Wire<'_>) -> Result<Self, EnvelopeError> {
        let signatures = wire
            .signatures
            .within_limit()
            .map_err(|found| EnvelopeError::TooManySignatures {
                limit: SIGNATURES,
                found,
            })?;
        if signatures.is_empty() {
            return Err(EnvelopeError::Unsigned);
        }
        Ok(Self {
            payload: bytes_of("payload", &wire.payload)?,
            payload_type: wire.payload_type.into_owned(),
            signatures: signatures
                .into_iter()
                .map(EnvelopeSignature::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<WireSignature<'_>> for EnvelopeSignature {
    type Error = EnvelopeError;

    fn try_from(wire: WireSignature<'_>) -> Result<Self, EnvelopeError> {
        let signature = bytes_of("sig", &wire.sig)?;
        if signature.is_empty() {
            return Err(EnvelopeError::EmptySignature);
        }
        Ok(Self {
            key_id: wire.keyid.map(Cow::into_owned),
            signature: Signature::new(signature),
        })
    }
}

impl<'a> From<&'a Envelope> for Wire<'a> {
    fn from(envelope: &'a Envelope) -> Self {
        Self {
            payload: encode_bytes(&envelope.payload).into(),
            payload_type: envelope.payload_type.as_str().into(),
            signatures: envelope
                .signatures
                .iter()
                .map(|signature| WireSignature {
                    sig: encode_bytes(signature.signature.as_bytes()).into(),
                    keyid: signature.key_id.as_deref().map(Cow::Borrowed),
                })
                .collect::<Vec<_>>()
                .into(),
        }
    }
}

fn bytes_of(member: &'static str, text: &str) -> Result<Vec<u8>, EnvelopeError> {
    decode_bytes(text).map_err(|source| EnvelopeError::Base64 {
        member,
        found: Quoted::new(text),
        source,
    })
}

#[cfg(test)]
mod tests;
