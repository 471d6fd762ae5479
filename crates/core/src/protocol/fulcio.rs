//! Certificates from Fulcio (`fulcio.proto`, `POST /api/v2/signingCert`).

use serde::{Deserialize, Serialize};

use crate::bounded::Bounded;
use crate::bundle::CERTIFICATES;
use crate::certificate::{Certificate, CertificateError};
use crate::go_json::{decode_bytes, encode_bytes};
use crate::key::{PublicKey, PublicKeyAlgorithm, Signature};

/// The path of the request.
pub const PATH: &str = "api/v2/signingCert";

/// The longest answer that is read, in bytes: a chain has a few certificates of a few KB.
pub const LIMIT: usize = 512 * 1024;

/// Asks for a certificate of `key`; `proof` is a signature by the key over who is said to hold it.
pub fn request(key: &PublicKey, proof: &Signature) -> Vec<u8> {
    let wire = WireRequest {
        public_key_request: WireKeyRequest {
            public_key: WireKey {
                algorithm: match key.algorithm() {
                    PublicKeyAlgorithm::Ecdsa(_) => "ECDSA",
                    PublicKeyAlgorithm::Ed25519 => "ED25519",
                    PublicKeyAlgorithm::Rsa { .. } => "RSA_PSS",
                },
                content: key.to_pem(),
            },
            proof_of_possession: encode_bytes(proof.as_bytes()),
        },
    };
    serde_json::to_vec(&wire).expect("texts in structures have a JSON form")
}

/// A certificate as Fulcio issued it; *untrusted*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    certificate: Certificate,
    issuers: Vec<Certificate>,
    detached_sct: Option<Vec<u8>>,
}

impl Issued {
    /// Parses an answer, which must be about `key`.
    ///
    /// # Errors
    ///
    /// [`IssuedError`].
    pub fn parse(answer: &[u8], key: &PublicKey) -> Result<Self, IssuedError> {
        if answer.len() > LIMIT {
            return Err(IssuedError::TooLong {
                limit: LIMIT,
                found: answer.len(),
            });
        }
        let wire: WireAnswer = serde_json::from_slice(answer)?;
        let (chain, sct) = match (wire.embedded, wire.detached) {
            (Some(embedded), None) => (embedded.chain, None),
            (None, Some(detached)) => (detached.chain, Some(detached.sct)),
            (Some(_), Some(_)) | (None, None) => return Err(IssuedError::NoCertificate),
        };
        let chain = chain.certificates.within_limit();
        let chain = chain.map_err(|found| IssuedError::TooMany {
            limit: CERTIFICATES,
            found,
        })?;
        let mut chain = chain.iter().map(|pem| Certificate::from_pem(pem.as_bytes()));
        let certificate = chain.next().ok_or(IssuedError::NoCertificate)??;
        if certificate.public_key() != Ok(key) {
            return Err(IssuedError::OtherKey);
        }
        Ok(Self {
            certificate,
            issuers: chain.collect::<Result<_, _>>()?,
            detached_sct: sct.map(|text| decode_bytes(&text)).transpose()?,
        })
    }

    /// Returns the certificate of the key.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Returns the certificate's issuer, that one's issuer and so on, as far as Fulcio sent them.
    pub fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }

    /// Returns the promise of a certificate log, where it is not in the certificate itself.
    pub fn detached_sct(&self) -> Option<&[u8]> {
        self.detached_sct.as_deref()
    }
}

/// Why an answer holds no certificate for the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuedError {
    /// The promise of the certificate log is not base64.
    #[error("signedCertificateTimestamp is not base64")]
    Base64(#[from] base64::DecodeError),
    /// A certificate is none.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The answer is not JSON of the right shape.
    #[error("answer is malformed")]
    Json(#[from] serde_json::Error),
    /// There is no certificate, or there are two answers in one.
    #[error("answer does not hold exactly one chain of certificates")]
    NoCertificate,
    /// The certificate is for another key.
    #[error("certificate is for another key than was asked for")]
    OtherKey,
    /// The answer is longer than is read.
    #[error("answer has {found} bytes, the limit is {limit}")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
        /// The length found.
        found: usize,
    },
    /// The chain is longer than is read.
    #[error("chain has {found} certificates, the limit is {limit}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// The number found.
        found: usize,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest {
    public_key_request: WireKeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireKeyRequest {
    public_key: WireKey,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct WireKey {
    algorithm: &'static str,
    content: String,
}

#[derive(Deserialize)]
struct WireAnswer {
    #[serde(rename = "signedCertificateEmbeddedSct")]
    embedded: Option<WireEmbedded>,
    #[serde(rename = "signedCertificateDetachedSct")]
    detached: Option<WireDetached>,
}

#[derive(Deserialize)]
struct WireEmbedded {
    chain: WireChain,
}

#[derive(Deserialize)]
struct WireDetached {
    chain: WireChain,
    #[serde(rename = "signedCertificateTimestamp")]
    sct: String,
}

#[derive(Deserialize)]
struct WireChain {
    certificates: Bounded<String, CERTIFICATES>,
}

#[cfg(test)]
mod tests;
