//! What is asked of the authority (`fulcio.proto`, `fulcio_legacy.proto`): a certificate of a key that the asker shows to hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::certificate::encoding::Element;
use countersign_core::key::{PublicKeyAlgorithm, PublicKeyError, Signature, SignatureMismatch};
use countersign_core::{PublicKey, Secret};
use der::Tag;
use serde::Deserialize;

use super::csr::{self, CsrError};

/// A request for a certificate; *untrusted*.
#[derive(Debug)]
pub(crate) struct Request {
    /// The identity token, where it is in the request and not beside it.
    pub(crate) token: Option<Secret<String>>,
    key: PublicKey,
    proof: Proof,
}

/// What shows that the key is held.
#[derive(Debug)]
enum Proof {
    /// The request is signed by the key, which is verified.
    Whole,
    /// A signature over who is said to hold it.
    Challenge(Signature),
}

impl Request {
    /// Reads a request of version 2.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let wire: WireRequest = serde_json::from_slice(body)?;
        let token = wire.credentials.and_then(|credentials| credentials.oidc_identity_token);
        let token = token.filter(|token| !token.is_empty()).map(Secret::new);
        match (wire.public_key_request, wire.certificate_signing_request) {
            (Some(request), None) => {
                let content = request.public_key.map(|key| key.content).unwrap_or_default();
                Self::of_key(token, content.as_bytes(), request.proof_of_possession.as_deref())
            }
            (None, Some(request)) => Self::of_csr(token, &request),
            (None, None) => Err(RequestError::NoKey),
            (Some(_), Some(_)) => Err(RequestError::TwoKeys),
        }
    }

    /// Reads a request of version 1, whose token is beside it.
    pub(crate) fn parse_legacy(body: &[u8]) -> Result<Self, RequestError> {
        let wire: WireLegacy = serde_json::from_slice(body)?;
        match (wire.public_key, wire.certificate_signing_request) {
            (Some(key), None) => {
                let content = bytes("publicKey.content", &key.content)?;
                Self::of_key(None, &content, wire.signed_email_address.as_deref())
            }
            (None, Some(request)) => Self::of_csr(None, &request),
            (None, None) => Err(RequestError::NoKey),
            (Some(_), Some(_)) => Err(RequestError::TwoKeys),
        }
    }

    fn of_key(token: Option<Secret<String>>, content: &[u8], proof: Option<&str>) -> Result<Self, RequestError> {
        let key = match content.trim_ascii_start().first() {
            Some(b'-') => PublicKey::from_pem(content),
            _ => PublicKey::from_der(content),
        }?;
        check_strength(&key)?;
        let proof = proof.filter(|proof| !proof.is_empty()).ok_or(RequestError::NoProof)?;
        let proof = Proof::Challenge(Signature::new(bytes("proofOfPossession", proof)?));
        Ok(Self { token, key, proof })
    }

    fn of_csr(token: Option<Secret<String>>, request: &str) -> Result<Self, RequestError> {
        let key = csr::key(&bytes("certificateSigningRequest", request)?)?;
        check_strength(&key)?;
        let proof = Proof::Whole;
        Ok(Self { token, key, proof })
    }

    /// Returns the key, if what came with it shows that whoever is meant by `challenge` holds it.
    pub(crate) fn proven_key(&self, challenge: &str) -> Result<&PublicKey, RequestError> {
        match &self.proof {
            Proof::Whole => {}
            Proof::Challenge(signature) => self.key.verify(challenge.as_bytes(), signature, None)?,
        }
        Ok(&self.key)
    }
}

/// Refuses RSA keys that are longer than is certified, or have another exponent (Fulcio, certificate-specification).
fn check_strength(key: &PublicKey) -> Result<(), RequestError> {
    let PublicKeyAlgorithm::Rsa { bits } = key.algorithm() else {
        return Ok(());
    };
    if bits > RSA_BITS || bits % 8 != 0 {
        return Err(RequestError::RsaSize { found: bits });
    }
    let exponent = Element::only(Tag::Sequence, key.as_der()).and_then(|info| {
        let mut fields = info.elements();
        fields.expect(Tag::Sequence)?;
        let numbers = fields.expect(Tag::BitString)?.whole_bits()?;
        let mut numbers = Element::only(Tag::Sequence, numbers)?.elements();
        numbers.expect(Tag::Integer)?;
        numbers.expect(Tag::Integer)
    });
    match exponent {
        Ok(exponent) if exponent.contents == F4 => Ok(()),
        _ => Err(RequestError::RsaExponent),
    }
}

fn bytes(member: &'static str, text: &str) -> Result<Vec<u8>, RequestError> {
    STANDARD
        .decode(text)
        .map_err(|source| RequestError::Base64 { member, source })
}

/// Why a request is none, or proves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RequestError {
    #[error("{member} is not base64")]
    Base64 {
        member: &'static str,
        #[source]
        source: base64::DecodeError,
    },
    #[error(transparent)]
    Csr(#[from] CsrError),
    // what serde says of a text that it does not expect holds that text, which may be the token
    #[error("request is not the JSON of a certificate request (line {}, column {})", .0.line(), .0.column())]
    Json(serde_json::Error),
    #[error("{0}")]
    Key(#[from] PublicKeyError),
    #[error("request has neither publicKeyRequest nor certificateSigningRequest")]
    NoKey,
    #[error("request has no proofOfPossession, a signature by the key over who holds it")]
    NoProof,
    #[error("proof of possession: {0}")]
    Proof(#[from] SignatureMismatch),
    #[error("RSA key's public exponent is not 65537")]
    RsaExponent,
    #[error("RSA key has {found} bits, expected 2048 to {RSA_BITS}, a multiple of 8")]
    RsaSize { found: usize },
    #[error("request has both publicKeyRequest and certificateSigningRequest, expected one")]
    TwoKeys,
}

impl From<serde_json::Error> for RequestError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest {
    credentials: Option<WireCredentials>,
    #[serde(alias = "public_key_request")]
    public_key_request: Option<WireKeyRequest>,
    #[serde(alias = "certificate_signing_request")]
    certificate_signing_request: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCredentials {
    #[serde(alias = "oidc_identity_token")]
    oidc_identity_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKeyRequest {
    #[serde(alias = "public_key")]
    public_key: Option<WireKey>,
    #[serde(alias = "proof_of_possession")]
    proof_of_possession: Option<String>,
}

#[derive(Deserialize)]
struct WireKey {
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLegacy {
    #[serde(alias = "public_key")]
    public_key: Option<WireKey>,
    #[serde(alias = "signed_email_address")]
    signed_email_address: Option<String>,
    #[serde(alias = "certificate_signing_request")]
    certificate_signing_request: Option<String>,
}

/// The longest RSA key that is certified.
const RSA_BITS: usize = 4096;
/// 65537, as DER has it.
const F4: [u8; 3] = [1, 0, 1];
