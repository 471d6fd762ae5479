//! Signatures over metadata, and how many of them are enough (TUF specification §4.2.1, §5.3.4).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::key::Key;
use super::members::Members;
use super::{Refusal, canonical};
use crate::quoted::Quoted;

/// A file of metadata whose signatures were not looked at yet.
pub(super) struct Signed {
    signatures: BTreeMap<String, Vec<u8>>,
    body: Value,
    message: Vec<u8>,
}

impl Signed {
    /// Reads a file of at most `limit` bytes.
    pub(super) fn read(bytes: &[u8], limit: u64) -> Result<Self, Refusal> {
        let found = bytes.len().try_into().unwrap_or(u64::MAX);
        if found > limit {
            return Err(Refusal::Oversized { limit, found });
        }
        let mut file: Value = serde_json::from_slice(bytes).map_err(|error| Refusal::Json {
            reason: Quoted::new(&error.to_string()),
        })?;
        let members = Members::of("metadata", &file)?;
        let signatures = signatures(members)?;
        members.object("signed")?;
        let body = file.get_mut("signed").map(Value::take).unwrap_or_default();
        let message = canonical(&body)?;
        Ok(Self {
            signatures,
            body,
            message,
        })
    }

    /// What is said; not believed yet.
    pub(super) fn body(&self) -> Result<Members<'_>, Refusal> {
        Members::of("signed", &self.body)
    }

    /// Checks that enough of a role's keys signed; a key counts once, whatever it is called.
    pub(super) fn check(&self, role: &Role, keys: &Keys, signer: &'static str) -> Result<(), Refusal> {
        let mut signers = BTreeSet::new();
        for id in &role.key_ids {
            if let (Some(key), Some(signature)) = (keys.0.get(id), self.signatures.get(id))
                && key.signed(&self.message, signature)
            {
                signers.insert(key.identity());
            }
        }
        let found = signers.len().try_into().unwrap_or(u64::MAX);
        if found < role.threshold {
            return Err(Refusal::Threshold {
                signer,
                threshold: role.threshold,
                found,
            });
        }
        Ok(())
    }
}

fn signatures(file: Members<'_>) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
    let mut signatures = BTreeMap::new();
    for signature in file.list("signatures", SIGNATURES)? {
        let signature = Members::of("signatures", signature)?;
        let (id, text) = (signature.text("keyid")?, signature.text("sig")?);
        // One that is no signature at all is no reason to refuse those of others.
        let bytes = hex::decode(text).unwrap_or_default();
        if signatures.insert(id.to_owned(), bytes).is_some() {
            return Err(Refusal::DuplicateKeyId { id: Quoted::new(id) });
        }
    }
    Ok(signatures)
}

/// The keys that some metadata tells of, by their names, which say nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(BTreeMap<String, Key>);

impl Keys {
    pub(super) fn read(owner: Members<'_>) -> Result<Self, Refusal> {
        let mut keys = BTreeMap::new();
        for (id, value) in owner.object("keys")?.entries("keys", KEYS)? {
            if let Some(key) = Key::read(value)? {
                keys.insert(id.clone(), key);
            }
        }
        Ok(Self(keys))
    }
}

/// Whose signatures a role's metadata needs.
#[derive(Clone, Debug)]
pub(super) struct Role {
    key_ids: BTreeSet<String>,
    threshold: u64,
}

impl Role {
    pub(super) fn read(role: Members<'_>) -> Result<Self, Refusal> {
        let mut key_ids = BTreeSet::new();
        for id in role.texts("keyids", KEYS)? {
            if key_ids.contains(&id) {
                return Err(Refusal::DuplicateKeyId { id: Quoted::new(&id) });
            }
            key_ids.insert(id);
        }
        let threshold = role.number("threshold", 1)?;
        Ok(Self { key_ids, threshold })
    }
}

/// The most signatures of a file.
const SIGNATURES: usize = 256;

/// The most keys that a file tells of.
const KEYS: usize = 256;
