//! Logs that are trusted to witness: of signatures (Rekor) or of certificates (RFC 6962).

use super::Validity;
use super::key::ServiceKey;
use crate::digest::Digest;
use crate::key::{PublicKey, PublicKeyAlgorithm, PublicKeyError};
use crate::log::LogId;

/// A log, its key, and when it is to be believed (protobuf-specs, `TransparencyLogInstance`).
#[derive(Clone, Debug)]
pub struct TransparencyLog {
    url: String,
    key: ServiceKey,
    id: LogId,
    checkpoint_key_id: Option<[u8; 4]>,
    validity: Validity,
    operator: Option<String>,
}

impl TransparencyLog {
    /// Names a log by its address, its key and its id, and says when it is to be believed.
    pub fn new(url: String, key: ServiceKey, id: LogId, validity: Validity) -> Self {
        Self {
            url,
            key,
            id,
            checkpoint_key_id: None,
            validity,
            operator: None,
        }
    }

    /// Takes the log whose public key is in a PEM file, and whose id is the SHA-256 of that key.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`] when the file holds no key, or more than one.
    pub fn from_pem(url: String, key: &[u8], validity: Validity) -> Result<Self, PublicKeyError> {
        let key = PublicKey::from_pem(key)?;
        let id = id_of(&key);
        Ok(Self::new(url, ServiceKey::usual(key), id, validity))
    }

    /// Gives the log the id that its checkpoints have under this origin, as logs of Rekor 2 have it (rekor-v2-spec §4).
    #[must_use]
    pub fn with_origin(mut self, origin: &str) -> Self {
        self.id = checkpoint_id(origin, self.key.key());
        self
    }

    /// Says by which key id checkpoints name the log's key.
    #[must_use]
    pub fn with_checkpoint_key_id(mut self, id: Option<[u8; 4]>) -> Self {
        self.checkpoint_key_id = id;
        self
    }

    /// Says who runs the log.
    #[must_use]
    pub fn run_by(mut self, operator: Option<String>) -> Self {
        self.operator = operator;
        self
    }

    /// Returns the log's address, which names it in messages; the origin of its checkpoints is its host and path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the key that the log signs with.
    pub fn key(&self) -> &ServiceKey {
        &self.key
    }

    /// Returns the log's id.
    pub fn id(&self) -> LogId {
        self.id
    }

    /// Returns the key id of the log's checkpoints where the trusted root says it; otherwise the [id](Self::id) begins
    /// with it.
    pub fn checkpoint_key_id(&self) -> Option<[u8; 4]> {
        self.checkpoint_key_id
    }

    /// Returns when the log is to be believed.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns who runs the log, if that is known.
    pub fn operator(&self) -> Option<&str> {
        self.operator.as_deref()
    }
}

/// The id of a log in RFC 6962 §3.2: the SHA-256 of its key.
pub(super) fn id_of(key: &PublicKey) -> LogId {
    LogId::new(sha256(key.as_der()))
}

/// The id of a log of Rekor 2: the hash of which a checkpoint's key id is the start (C2SP, signed-note §Signatures).
pub(crate) fn checkpoint_id(origin: &str, key: &PublicKey) -> LogId {
    let named = |kind: &[u8], key: &[u8]| LogId::new(sha256(&[origin.as_bytes(), b"\n", kind, key].concat()));
    match key.algorithm() {
        PublicKeyAlgorithm::Ecdsa(_) => id_of(key),
        // the DER of an Ed25519 key ends with its 32 bytes (RFC 8410 §4)
        PublicKeyAlgorithm::Ed25519 => named(b"\x01", key.as_der().last_chunk::<32>().map_or(&[], |bytes| bytes)),
        PublicKeyAlgorithm::Rsa { .. } => named(b"\xffPKIX-RSA-PKCS#1v1.5", key.as_der()),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Digest::sha256(bytes)
        .bytes()
        .try_into()
        .expect("a SHA-256 has 32 bytes")
}
