//! Entries for Rekor 1 (`openapi.yaml`, `POST /api/v1/log/entries`) and Rekor 2 (`rekor_service.proto`, `POST
//! /api/v2/log/entries`).

mod answer;
mod intoto;

use aws_lc_rs::digest::digest;
use serde::Serialize;

use crate::bundle::{Content, SignedEnvelope};
use crate::certificate::Certificate;
use crate::go_json::encode_bytes;
use crate::key::{Curve, PublicKey, PublicKeyAlgorithm, SignatureDigest};

pub use answer::{LIMIT, LoggedError, entries_of_rekor_1, entry_of_rekor_1, entry_of_rekor_2};

/// The path of the requests of Rekor 1.
pub const PATH_1: &str = "api/v1/log/entries";

/// The path at which Rekor 1 is asked for entries that it has.
pub const SEARCH_1: &str = "api/v1/log/entries/retrieve";

/// The path of the requests of Rekor 2.
pub const PATH_2: &str = "api/v2/log/entries";

/// What verifies a signature that is to be logged.
#[derive(Clone, Copy, Debug)]
pub enum Verifier<'a> {
    /// The key that a certificate is for.
    Certificate(&'a Certificate),
    /// A key.
    Key(&'a PublicKey),
}

/// A signature that is to be logged.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// What is signed, and the signature.
    pub content: &'a Content,
    /// The digest that was signed; ignored where the key has its own.
    pub digest: SignatureDigest,
    /// What verifies it.
    pub verifier: Verifier<'a>,
    /// What Rekor 1 keeps of an envelope.
    pub kept: Kept,
}

/// What Rekor 1 keeps of an envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kept {
    /// Hashes, in an entry of kind `dsse`.
    #[default]
    Hashes,
    /// The same, of the envelope as cosign 2 writes it, to find what that has logged.
    HashesOfCosign2,
    /// The envelope too, up to the log's own limit, in an entry of kind `intoto`, which readers of old ones know.
    Envelope,
    /// What cosign 2 has logged where it was asked to keep the envelope: an entry of kind `intoto` 0.0.1, to find it.
    EnvelopeOfCosign2,
}

impl Kept {
    const ALL: [Self; 4] = [
        Self::Hashes,
        Self::HashesOfCosign2,
        Self::Envelope,
        Self::EnvelopeOfCosign2,
    ];

    /// The envelope that is hashed.
    fn text(self, signed: &SignedEnvelope) -> String {
        let json = match self {
            Self::HashesOfCosign2 | Self::EnvelopeOfCosign2 => signed.envelope().to_json_of_cosign_2(),
            Self::Hashes | Self::Envelope => signed.envelope().to_json(),
        };
        String::from_utf8(json).expect("JSON is text")
    }
}

impl Proposal<'_> {
    /// Asks Rekor 1 for an entry: `dsse` 0.0.1 or `intoto` 0.0.2 of an envelope, else `hashedrekord` 0.0.1.
    ///
    /// # Errors
    ///
    /// [`ProposalError`], for what that log would not take.
    pub fn to_rekor_1(&self) -> Result<Vec<u8>, ProposalError> {
        let verifier = encode_bytes(self.verifier.to_pem().as_bytes());
        let wire = match self.content {
            Content::Envelope(signed) if self.kept == Kept::Envelope => intoto::wire(signed, &verifier),
            Content::Envelope(signed) if self.kept == Kept::EnvelopeOfCosign2 => {
                intoto::wire_of_cosign_2(self.kept.text(signed), verifier)
            }
            Content::Envelope(signed) => {
                let envelope = self.kept.text(signed);
                Wire1::new(
                    "dsse",
                    Spec1::Dsse {
                        proposed_content: WireProposed {
                            envelope,
                            verifiers: [verifier],
                        },
                    },
                )
            }
            Content::Message(_) | Content::SimpleSigning { .. } => {
                self.check_is_hashed()?;
                Wire1::new(
                    "hashedrekord",
                    Spec1::HashedRekord {
                        data: WireData {
                            hash: WireHash {
                                algorithm: self.digest.name(),
                                value: hex::encode(self.hash()?),
                            },
                        },
                        signature: WireSignature1 {
                            content: self.content.signature().to_base64(),
                            public_key: WireContent { content: verifier },
                        },
                    },
                )
            }
        };
        Ok(serde_json::to_vec(&wire).expect("texts in structures have a JSON form"))
    }

    /// Asks Rekor 1 for the entries that it has of the signature, of every kind that [it would be asked](Self::to_rekor_1) to
    /// make and whatever is kept of an envelope.
    ///
    /// # Errors
    ///
    /// [`ProposalError`], for what that log would not have taken.
    pub fn to_rekor_1_search(&self) -> Result<Vec<u8>, ProposalError> {
        let kinds = match self.content {
            Content::Envelope(_) => &Kept::ALL[..],
            Content::Message(_) | Content::SimpleSigning { .. } => &[Kept::Hashes],
        };
        let mut entries = Vec::new();
        for kept in kinds {
            let entry = Proposal { kept: *kept, ..*self }.to_rekor_1()?;
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        Ok([&br#"{"entries":["#[..], entries.join(&b","[..]).as_slice(), b"]}"].concat())
    }

    /// Asks Rekor 2 for an entry, `hashedrekord` 0.0.2; of an envelope it has the hash of what is signed.
    ///
    /// # Errors
    ///
    /// [`ProposalError`], for what that log would not take.
    pub fn to_rekor_2(&self) -> Result<Vec<u8>, ProposalError> {
        let key = self.verifier.key()?;
        let details = key_details(key.algorithm(), self.digest).ok_or_else(|| self.not_logged(key))?;
        let raw = WireRaw {
            raw_bytes: encode_bytes(self.verifier.as_der()),
        };
        let (certificate, public_key) = match self.verifier {
            Verifier::Certificate(_) => (Some(raw), None),
            Verifier::Key(_) => (None, Some(raw)),
        };
        let wire = Wire2 {
            request: WireRequest2 {
                digest: encode_bytes(&self.hash()?),
                signature: WireSignature2 {
                    content: self.content.signature().to_base64(),
                    verifier: WireVerifier2 {
                        certificate,
                        public_key,
                        key_details: details,
                    },
                },
            },
        };
        Ok(serde_json::to_vec(&wire).expect("texts in structures have a JSON form"))
    }

    /// The hash of the bytes that the signature covers.
    fn hash(&self) -> Result<Vec<u8>, ProposalError> {
        let of = |bytes: &[u8]| digest(self.digest.engine(), bytes).as_ref().to_vec();
        match self.content {
            Content::Envelope(signed) => Ok(of(&signed.envelope().pae())),
            Content::SimpleSigning { payload, .. } => Ok(of(payload)),
            Content::Message(message) => message
                .digest()
                .filter(|named| named.signature_digest() == Some(self.digest))
                .map(|named| named.as_bytes().to_vec())
                .ok_or(ProposalError::HashUnknown { digest: self.digest }),
        }
    }

    /// A hash alone does not verify a signature of pure Ed25519, so no log takes it.
    fn check_is_hashed(&self) -> Result<(), ProposalError> {
        let key = self.verifier.key()?;
        match key.algorithm() {
            PublicKeyAlgorithm::Ed25519 => Err(self.not_logged(key)),
            PublicKeyAlgorithm::Ecdsa(_) | PublicKeyAlgorithm::Rsa { .. } => Ok(()),
        }
    }

    fn not_logged(&self, key: &PublicKey) -> ProposalError {
        ProposalError::NotLogged {
            algorithm: key.algorithm(),
            digest: self.digest,
        }
    }
}

impl<'a> Verifier<'a> {
    fn key(&self) -> Result<&'a PublicKey, ProposalError> {
        match self {
            Self::Certificate(certificate) => certificate.public_key().map_err(|_| ProposalError::NoKey),
            Self::Key(key) => Ok(key),
        }
    }

    fn as_der(&self) -> &[u8] {
        match self {
            Self::Certificate(certificate) => certificate.as_der(),
            Self::Key(key) => key.as_der(),
        }
    }

    fn to_pem(self) -> String {
        match self {
            Self::Certificate(certificate) => certificate.to_pem(),
            Self::Key(key) => key.to_pem(),
        }
    }
}

/// How Rekor 2 names a key that signs this digest, if it takes such signatures (protobuf-specs, `PublicKeyDetails`).
fn key_details(key: PublicKeyAlgorithm, digest: SignatureDigest) -> Option<&'static str> {
    use SignatureDigest::{Sha256, Sha384, Sha512};
    Some(match (key, digest) {
        (PublicKeyAlgorithm::Ecdsa(Curve::P256), Sha256) => "PKIX_ECDSA_P256_SHA_256",
        (PublicKeyAlgorithm::Ecdsa(Curve::P384), Sha384) => "PKIX_ECDSA_P384_SHA_384",
        (PublicKeyAlgorithm::Ecdsa(Curve::P521), Sha512) => "PKIX_ECDSA_P521_SHA_512",
        (PublicKeyAlgorithm::Rsa { bits: 2048 }, Sha256) => "PKIX_RSA_PKCS1V15_2048_SHA256",
        (PublicKeyAlgorithm::Rsa { bits: 3072 }, Sha256) => "PKIX_RSA_PKCS1V15_3072_SHA256",
        (PublicKeyAlgorithm::Rsa { bits: 4096 }, Sha256) => "PKIX_RSA_PKCS1V15_4096_SHA256",
        _ => return None,
    })
}

/// Why a signature cannot be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalError {
    /// The message was not hashed with the digest that was signed.
    #[error("the {digest} of what is signed is not known")]
    HashUnknown {
        /// The digest.
        digest: SignatureDigest,
    },
    /// The certificate's key is of a kind that is not known.
    #[error("the certificate's key is of no kind that can be logged")]
    NoKey,
    /// The log takes no such signatures.
    #[error("the log takes no signatures by keys of type {algorithm} over {digest}")]
    NotLogged {
        /// The key's algorithm.
        algorithm: PublicKeyAlgorithm,
        /// The digest that it signed.
        digest: SignatureDigest,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire1 {
    api_version: &'static str,
    kind: &'static str,
    spec: Spec1,
}

impl Wire1 {
    fn new(kind: &'static str, spec: Spec1) -> Self {
        Self {
            api_version: "0.0.1",
            kind,
            spec,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Spec1 {
    #[serde(rename_all = "camelCase")]
    Dsse {
        proposed_content: WireProposed,
    },
    Intoto {
        content: intoto::WireContent,
    },
    #[serde(rename_all = "camelCase")]
    IntotoOfCosign2 {
        content: intoto::WireText,
        public_key: String,
    },
    HashedRekord {
        data: WireData,
        signature: WireSignature1,
    },
}

#[derive(Serialize)]
struct WireProposed {
    envelope: String,
    verifiers: [String; 1],
}

#[derive(Serialize)]
struct WireData {
    hash: WireHash,
}

#[derive(Serialize)]
struct WireHash {
    algorithm: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSignature1 {
    content: String,
    public_key: WireContent,
}

#[derive(Serialize)]
struct WireContent {
    content: String,
}

#[derive(Serialize)]
struct Wire2 {
    #[serde(rename = "hashedRekordRequestV002")]
    request: WireRequest2,
}

#[derive(Serialize)]
struct WireRequest2 {
    digest: String,
    signature: WireSignature2,
}

#[derive(Serialize)]
struct WireSignature2 {
    content: String,
    verifier: WireVerifier2,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireVerifier2 {
    #[serde(rename = "x509Certificate", skip_serializing_if = "Option::is_none")]
    certificate: Option<WireRaw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<WireRaw>,
    key_details: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRaw {
    raw_bytes: String,
}

#[cfg(test)]
mod tests;
