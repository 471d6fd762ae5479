//! What a log entry says was signed, and that it is this signature (client-spec §4.4).

mod error;
mod rekor_1;
mod rekor_2;

use aws_lc_rs::digest::digest;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::EntryKind;
use crate::bundle::{Content, SignedEnvelope};
use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::key::{PublicKey, Signature, SignatureDigest};
use crate::message::Message;
use crate::quoted::Quoted;

pub use error::BodyError;
pub use rekor_2::{body_of_rekor_2, scheme_of_rekor_2};

/// The longest body that is read, in bytes: the longest bundle.
pub const LIMIT: usize = crate::bundle::LIMIT;

/// What must have been logged: what is signed, the signature over it, and what verifies it.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'a> {
    content: &'a Content,
    message: &'a Message,
    verifier: Verifier<'a>,
}

/// What verifies a signature.
#[derive(Clone, Copy, Debug)]
pub enum Verifier<'a> {
    /// A key that is trusted by itself.
    Key(&'a PublicKey),
    /// A certificate.
    Certificate {
        /// The certificate.
        certificate: &'a Certificate,
        /// The key that it certifies.
        key: &'a PublicKey,
    },
}

impl<'a> Logged<'a> {
    /// Takes a bundle's content, the artifact as a message, which a bare signature is over, and what verifies.
    pub fn new(content: &'a Content, message: &'a Message, verifier: Verifier<'a>) -> Self {
        Self {
            content,
            message,
            verifier,
        }
    }

    /// The hash of the bytes that the signature covers.
    fn hash(&self, algorithm: SignatureDigest) -> Result<Vec<u8>, BodyError> {
        Ok(match self.content {
            Content::Envelope(signed) => hash(algorithm, &signed.envelope().pae()),
            Content::SimpleSigning { payload, .. } => hash(algorithm, payload),
            Content::Message(_) => {
                let known = self.message.hash(algorithm);
                let unknown = || BodyError::HashUnknown { expected: algorithm };
                known.ok_or_else(unknown)?.to_vec()
            }
        })
    }

    /// Returns the body that Rekor 2 makes of this (rekor-tiles, `hashedrekord` 0.0.2), in canonical JSON.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when the hash that the key signs is not known, or Rekor 2 takes no such key.
    pub fn to_rekor_2(&self) -> Result<Vec<u8>, BodyError> {
        rekor_2::body(self)
    }
}

impl Verifier<'_> {
    /// Returns the DER of the certificate or the key.
    pub fn as_der(&self) -> &[u8] {
        match self {
            Self::Key(key) => key.as_der(),
            Self::Certificate { certificate, .. } => certificate.as_der(),
        }
    }

    /// Returns the key.
    pub fn key(&self) -> &PublicKey {
        match self {
            Self::Key(key) | Self::Certificate { key, .. } => key,
        }
    }
}

/// The body of a log entry, whose kind is one of those that signatures have; *untrusted*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryBody {
    subject: Subject,
    algorithm: SignatureDigest,
    hash: Vec<u8>,
    /// None where the subject contains it.
    signature: Option<Vec<u8>>,
    verifier: Vec<u8>,
    /// How Rekor 2 names the verifier's kind and scheme.
    details: Option<String>,
    payload_type: Option<String>,
}

/// What a body has the hash of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// What is signed and has no envelope.
    Bytes,
    /// What is signed, or an envelope's PAE.
    Signed,
    /// The payload of an envelope.
    Payload,
    /// An envelope's JSON as it was uploaded.
    Envelope,
}

impl EntryBody {
    /// Parses the body of an entry, which must be of the kind that the entry says.
    ///
    /// # Errors
    ///
    /// [`BodyError`] when it is of another kind or of none that is known, or is malformed.
    pub fn parse(kind: &EntryKind, body: &[u8]) -> Result<Self, BodyError> {
        if body.len() > LIMIT {
            return Err(BodyError::TooLong {
                limit: LIMIT,
                found: body.len(),
            });
        }
        let wire: Wire<'_> = json("body", body)?;
        if (&*wire.kind, &*wire.api_version) != (kind.name(), kind.version()) {
            return Err(BodyError::OtherKind {
                expected: Quoted::new(&format!("{} {}", kind.name(), kind.version())),
                found: Quoted::new(&format!("{} {}", wire.kind, wire.api_version)),
            });
        }
        let spec = wire.spec.get().as_bytes();
        match (kind.name(), kind.version()) {
            (HASHEDREKORD, "0.0.1") => rekor_1::hashedrekord(spec),
            (HASHEDREKORD, REKOR_2) => rekor_2::hashedrekord(spec),
            ("dsse", "0.0.1") => rekor_1::dsse(spec),
            ("intoto", "0.0.1") => rekor_1::intoto_1(spec),
            ("intoto", "0.0.2") => rekor_1::intoto_2(spec),
            (name, version) => Err(BodyError::UnknownKind {
                found: Quoted::new(&format!("{name} {version}")),
            }),
        }
    }

    /// Returns which hash of a message the body has, so that it can be made while the message is read.
    pub fn algorithm(&self) -> SignatureDigest {
        self.algorithm
    }

    /// Checks that the body is about `logged`: its content, its signature and what verifies it.
    ///
    /// # Errors
    ///
    /// [`BodyError`], with what the body has instead.
    pub fn check_about(&self, logged: &Logged<'_>) -> Result<(), BodyError> {
        self.check_hash(logged)?;
        let expected = logged.content.signature().as_bytes();
        if let Some(found) = self.signature.as_deref().filter(|found| *found != expected) {
            return Err(BodyError::Signature {
                expected: logged.content.signature().clone(),
                found: Signature::new(found.to_vec()),
            });
        }
        let expected = logged.verifier.as_der();
        if self.verifier != expected {
            return Err(BodyError::Verifier {
                expected: Digest::sha256(expected),
                found: Digest::sha256(&self.verifier),
            });
        }
        match &self.details {
            Some(details) => rekor_2::check_details(details, self.algorithm, logged.verifier.key()),
            None => Ok(()),
        }
    }

    fn check_hash(&self, logged: &Logged<'_>) -> Result<(), BodyError> {
        let expected = match (self.subject, logged.content) {
            (Subject::Bytes, Content::Message(_) | Content::SimpleSigning { .. }) | (Subject::Signed, _) => {
                logged.hash(self.algorithm)?
            }
            (Subject::Payload, Content::Envelope(signed)) => {
                self.check_payload_type(signed)?;
                hash(self.algorithm, signed.envelope().payload())
            }
            (Subject::Envelope, Content::Envelope(signed)) if self.algorithm == SignatureDigest::Sha256 => {
                signed.json_digest().ok_or(BodyError::EnvelopeUnknown)?.bytes()
            }
            (Subject::Envelope, Content::Envelope(_)) => return Err(BodyError::EnvelopeUnknown),
            (Subject::Bytes, Content::Envelope(_)) => return Err(BodyError::NoEnvelope),
            (Subject::Payload | Subject::Envelope, _) => return Err(BodyError::EnvelopeOnly),
        };
        if self.hash != expected {
            return Err(BodyError::Hash {
                algorithm: self.algorithm,
                expected: hex::encode(expected),
                found: Quoted::new(&hex::encode(&self.hash)),
            });
        }
        Ok(())
    }

    fn check_payload_type(&self, signed: &SignedEnvelope) -> Result<(), BodyError> {
        let expected = signed.envelope().payload_type();
        match &self.payload_type {
            Some(found) if found != expected => Err(BodyError::PayloadType {
                expected: Quoted::new(expected),
                found: Quoted::new(found),
            }),
            _ => Ok(()),
        }
    }
}

fn hash(algorithm: SignatureDigest, bytes: &[u8]) -> Vec<u8> {
    digest(algorithm.engine(), bytes).as_ref().to_vec()
}

fn json<'a, T: Deserialize<'a>>(member: &'static str, bytes: &'a [u8]) -> Result<T, BodyError> {
    serde_json::from_slice(bytes).map_err(|source| BodyError::Json { member, source })
}

fn base64(member: &'static str, text: &str) -> Result<Vec<u8>, BodyError> {
    crate::go_json::decode_bytes(text).map_err(|source| BodyError::Base64 {
        member,
        found: Quoted::new(text),
        source,
    })
}

/// The members that every body has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    api_version: std::borrow::Cow<'a, str>,
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    spec: &'a RawValue,
}

/// The kind that has the hash of what is signed.
pub(crate) const HASHEDREKORD: &str = "hashedrekord";
/// The version of that kind that Rekor 2 has.
pub(crate) const REKOR_2: &str = "0.0.2";

#[cfg(test)]
mod tests;
