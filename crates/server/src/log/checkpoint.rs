//! Checkpoints, signed: as C2SP has them, as Rekor 1 has them, and as logs of certificates have them.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::key::{Curve, PrivateKey, PublicKey, PublicKeyAlgorithm, Signature};
use countersign_core::log::LogId;
use countersign_core::log::checkpoint::Checkpoint;
use countersign_core::log::merkle::TreeHead;
use countersign_core::log::note::KeyId;
use countersign_core::signer::Signer;
use countersign_core::trust::ServiceKey;
use jiff::Timestamp;

use super::LogError;

/// Who signs a log's checkpoints, and how.
#[derive(Debug)]
pub(crate) struct CheckpointSigner {
    key: Arc<PrivateKey>,
    origin: String,
    form: Form,
}

/// What is signed of a checkpoint, and how the key is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The note, by the log's name (C2SP signed-note, tlog-checkpoint).
    Note,
    /// The note, by the host that the origin begins with (Rekor 1).
    Rekor1,
    /// A `TreeHeadSignature` of RFC 6962 (C2SP static-ct-api).
    Certificates,
}

impl CheckpointSigner {
    /// Takes a key for the log of this name.
    pub(crate) fn new(key: Arc<PrivateKey>, origin: String, form: Form) -> Result<Self, LogError> {
        let expected = match (key.public_key().algorithm(), form) {
            (PublicKeyAlgorithm::Ecdsa(Curve::P256), _) | (PublicKeyAlgorithm::Ed25519, Form::Note) => None,
            (_, Form::Note) => Some("ecdsa-p256 or ed25519"),
            _ => Some("ecdsa-p256"),
        };
        match expected {
            None => Ok(Self { key, origin, form }),
            Some(expected) => Err(LogError::Key {
                expected,
                found: key.public_key().algorithm().to_string(),
            }),
        }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn key(&self) -> &Arc<PrivateKey> {
        &self.key
    }

    pub(crate) fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Signs a tree head.
    pub(super) fn sign(&self, head: &TreeHead, time: Timestamp) -> Result<String, LogError> {
        let text = format!(
            "{}\n{}\n{}\n",
            self.origin,
            head.size,
            STANDARD.encode(head.root.as_bytes())
        );
        let mut blob = self.key_id().as_bytes().to_vec();
        if self.form == Form::Certificates {
            let time = u64::try_from(time.as_millisecond()).unwrap_or_default();
            let signature = self.key.sign(&tree_head(head, time))?;
            blob.extend(time.to_be_bytes());
            blob.extend(digitally_signed(&signature));
        } else {
            blob.extend(self.key.sign(text.as_bytes())?.as_bytes());
        }
        Ok(format!("{text}\n— {} {}\n", self.name(), STANDARD.encode(blob)))
    }

    /// Says whether a checkpoint is of this log and by this key.
    pub(super) fn has_signed(&self, checkpoint: &Checkpoint<'_>) -> bool {
        let id = self.key_id();
        checkpoint.origin() == self.origin
            && checkpoint.note().signatures().iter().any(|found| {
                found.name() == self.name() && found.key_id() == id && self.verifies(checkpoint, found.signature())
            })
    }

    fn verifies(&self, checkpoint: &Checkpoint<'_>, signature: &Signature) -> bool {
        let key = ServiceKey::usual(self.public_key().clone());
        if self.form != Form::Certificates {
            return key.verifies(checkpoint.note().text().as_bytes(), signature);
        }
        let Some((time, signed)) = signature.as_bytes().split_first_chunk() else {
            return false;
        };
        let signed = signed
            .strip_prefix(&ECDSA_SHA256)
            .and_then(|rest| rest.split_first_chunk::<2>());
        signed.is_some_and(|(_, signature)| {
            let head = tree_head(checkpoint.head(), u64::from_be_bytes(*time));
            key.verifies(&head, &Signature::new(signature.to_vec()))
        })
    }

    fn name(&self) -> &str {
        match self.form {
            Form::Rekor1 => self.origin.split(" - ").next().unwrap_or(&self.origin),
            Form::Note | Form::Certificates => &self.origin,
        }
    }

    fn key_id(&self) -> KeyId {
        let key = self.public_key();
        match self.form {
            Form::Note => KeyId::of_log(key, &self.origin),
            Form::Rekor1 => KeyId::of_key(key),
            Form::Certificates => {
                let log = log_id(key);
                let named = [self.origin.as_bytes(), b"\n", &[CERTIFICATES], log.as_bytes()].concat();
                let id = digest(&SHA256, &named);
                KeyId::new(*id.as_ref().first_chunk().expect("a SHA-256 has 32 bytes"))
            }
        }
    }
}

/// What a log of certificates signs of its tree (RFC 6962 §3.5).
fn tree_head(head: &TreeHead, time: u64) -> Vec<u8> {
    let mut bytes = vec![VERSION_1, TREE_HASH];
    bytes.extend(time.to_be_bytes());
    bytes.extend(head.size.to_be_bytes());
    bytes.extend(head.root.as_bytes());
    bytes
}

/// The id of a log that is known by its key alone (RFC 6962 §3.2), as is Rekor 1.
pub(crate) fn log_id(key: &PublicKey) -> LogId {
    let hash = digest(&SHA256, key.as_der());
    LogId::new(hash.as_ref().try_into().expect("a SHA-256 has 32 bytes"))
}

/// A signature as TLS has it (RFC 5246 §4.7), by an ECDSA key over SHA-256.
pub(crate) fn digitally_signed(signature: &Signature) -> Vec<u8> {
    let length = u16::try_from(signature.as_bytes().len()).expect("a signature of ECDSA has 72 bytes at most");
    let mut bytes = ECDSA_SHA256.to_vec();
    bytes.extend(length.to_be_bytes());
    bytes.extend(signature.as_bytes());
    bytes
}

/// The type of signatures over tree heads of RFC 6962 (C2SP static-ct-api).
const CERTIFICATES: u8 = 5;
const VERSION_1: u8 = 0;
const TREE_HASH: u8 = 1;
/// The algorithms' numbers in TLS (RFC 5246 §7.4.1.4.1).
const ECDSA_SHA256: [u8; 2] = [4, 3];
