//! Metadata, written and signed (TUF specification §4).

use std::path::Path;

use bytes::Bytes;
use countersign_core::key::KeyAlgorithm;
use countersign_core::signer::Signer;
use countersign_core::tuf::canonical;
use countersign_core::{Digest, PrivateKey};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Target, TufError, Usage, files};
use crate::keys::Keys;

/// A top-level role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Root,
    Targets,
    Snapshot,
    Timestamp,
}

impl Role {
    pub(super) const ALL: [Self; 4] = [Self::Root, Self::Targets, Self::Snapshot, Self::Timestamp];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        }
    }

    /// How long what it signs counts, in days.
    pub(super) fn days(self) -> i64 {
        match self {
            Self::Root | Self::Targets => 365,
            Self::Snapshot => 90,
            Self::Timestamp => 7,
        }
    }
}

/// The keys of the four roles.
#[derive(Debug)]
pub(super) struct Roles([RoleKey; 4]);

#[derive(Debug)]
struct RoleKey {
    key: PrivateKey,
    /// As metadata tells it.
    public: Value,
    id: String,
}

impl Roles {
    /// Opens the keys, and makes those that are not there.
    pub(super) fn open(folder: &Path) -> Result<Self, TufError> {
        let keys = Keys::open(folder)?;
        let open = |role: Role| {
            let key = keys.key(role.name(), KeyAlgorithm::EcdsaP256)?;
            let public = json!({
                "keytype": "ecdsa",
                "scheme": "ecdsa-sha2-nistp256",
                "keyval": {"public": key.public_key().to_pem()},
            });
            let id = Digest::sha256(&canonical(&public)?).hex().to_owned();
            Ok::<_, TufError>(RoleKey { key, public, id })
        };
        let [root, targets, snapshot, timestamp] = Role::ALL;
        Ok(Self([open(root)?, open(targets)?, open(snapshot)?, open(timestamp)?]))
    }

    pub(super) fn id(&self, role: Role) -> &str {
        &self.of(role).id
    }

    /// Who signs what, as a root tells it.
    pub(super) fn told(&self) -> (Value, Value) {
        let mut keys = Map::new();
        let mut roles = Map::new();
        for role in Role::ALL {
            let key = self.of(role);
            keys.insert(key.id.clone(), key.public.clone());
            roles.insert(role.name().to_owned(), json!({"keyids": [key.id], "threshold": 1}));
        }
        (keys.into(), roles.into())
    }

    /// Writes a version of a role's metadata, and signs it.
    pub(super) fn sign(&self, role: Role, version: u64, content: Value, now: Timestamp) -> Result<Bytes, TufError> {
        let mut signed = json!({
            "_type": role.name(),
            "spec_version": "1.0.31",
            "version": version,
            "expires": expiry(role, now).to_string(),
        });
        if let (Value::Object(signed), Value::Object(content)) = (&mut signed, content) {
            signed.extend(content);
        }
        let key = self.of(role);
        let signature = key.key.sign(&canonical(&signed)?)?;
        let file = json!({
            "signatures": [{"keyid": key.id, "sig": hex::encode(signature.as_bytes())}],
            "signed": signed,
        });
        Ok(Bytes::from(file.to_string()))
    }

    fn of(&self, role: Role) -> &RoleKey {
        let [root, targets, snapshot, timestamp] = &self.0;
        match role {
            Role::Root => root,
            Role::Targets => targets,
            Role::Snapshot => snapshot,
            Role::Timestamp => timestamp,
        }
    }
}

/// When what a role signs now expires, in whole seconds, as the specification has it.
fn expiry(role: Role, now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() + role.days() * DAY).unwrap_or(Timestamp::MAX)
}

/// What targets metadata says of a target.
pub(super) fn described_target(target: &Target) -> Value {
    let mut described = json!({
        "length": target.bytes.len(),
        "hashes": {"sha256": Digest::sha256(&target.bytes).hex()},
    });
    if let (Some((usage, uri)), Value::Object(described)) = (&target.service, &mut described) {
        let usage = match usage {
            Usage::Ctfe => "CTFE",
            Usage::Fulcio => "Fulcio",
            Usage::Rekor => "Rekor",
            Usage::Tsa => "TSA",
        };
        let custom = json!({"sigstore": {"status": "Active", "usage": usage, "uri": uri}});
        described.insert("custom".to_owned(), custom);
    }
    described
}

/// Where the bytes of a target are.
pub(super) fn target_path(name: &str, hash: &str) -> String {
    format!("{}{hash}.{name}", files::TARGETS_PREFIX)
}

/// What metadata says of other metadata.
pub(super) fn described(version: u64, bytes: &[u8]) -> Value {
    json!({
        "version": version,
        "length": bytes.len(),
        "hashes": {"sha256": Digest::sha256(bytes).hex()},
    })
}

/// A day in seconds.
pub(super) const DAY: i64 = 24 * 60 * 60;
