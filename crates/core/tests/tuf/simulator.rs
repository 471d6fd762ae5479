//! A TUF repository of a test's own, whose every member can be wrong, and a client that is nothing but its files.

use std::collections::BTreeMap;

use countersign_core::key::{KeyAlgorithm, PrivateKey};
use countersign_core::signer::Signer;
use countersign_core::tuf::{Reach, Source, TufError, Update, canonical};
use countersign_core::{Digest, tuf};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What makes a signature of a message.
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key, as metadata tells it and as it signs.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pub(crate) public: Value,
    pub(crate) sign: Sign,
}

impl SigningKey {
    pub(crate) fn new() -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let public = json!({
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp256",
            "keyval": {"public": key.public_key().to_pem()},
        });
        Self::of(public, move |message| key.sign(message).unwrap().as_bytes().to_vec())
    }

    pub(crate) fn of(public: Value, sign: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Self {
        Self {
            id: Digest::sha256(&canonical(&public).unwrap()).hex().to_owned(),
            public,
            sign: Box::new(sign),
        }
    }
}

/// A repository: what its roles say, who signs for them, and what is published.
pub(crate) struct Repository {
    pub(crate) said: BTreeMap<String, Value>,
    pub(crate) signers: BTreeMap<String, Vec<SigningKey>>,
    pub(crate) published: BTreeMap<String, Vec<u8>>,
}

const TOP: [&str; 4] = ["root", "targets", "snapshot", "timestamp"];

impl Repository {
    /// The first version of each role is published.
    pub(crate) fn new() -> Self {
        let mut repository = Self {
            said: BTreeMap::new(),
            signers: BTreeMap::new(),
            published: BTreeMap::new(),
        };
        for role in TOP {
            repository.say(role, role);
        }
        repository.said("root")["consistent_snapshot"] = json!(true);
        repository.said("root")["keys"] = json!({});
        for role in TOP {
            repository.said("root")["roles"][role] = json!({"keyids": [], "threshold": 1});
        }
        for role in TOP {
            repository.add_key(role, SigningKey::new());
        }
        repository.said("targets")["targets"] = json!({});
        repository.said("snapshot")["meta"] = json!({});
        repository.said("timestamp")["meta"] = json!({});
        repository.publish(&TOP);
        repository
    }

    fn say(&mut self, role: &str, kind: &str) {
        let said = json!({"_type": kind, "spec_version": "1.0.31", "version": 0, "expires": "2030-01-01T00:00:00Z"});
        self.said.insert(role.to_owned(), said);
    }

    pub(crate) fn said(&mut self, role: &str) -> &mut Value {
        self.said.get_mut(role).unwrap()
    }

    /// Lets a key sign for a top-level role.
    pub(crate) fn add_key(&mut self, role: &str, key: SigningKey) {
        let root = self.said("root");
        root["keys"][&key.id] = key.public.clone();
        root["roles"][role]["keyids"]
            .as_array_mut()
            .unwrap()
            .push(json!(key.id));
        self.signers.entry(role.to_owned()).or_default().push(key);
    }

    /// Takes away the keys of a top-level role and gives it another.
    pub(crate) fn rotate(&mut self, role: &str) {
        self.said("root")["roles"][role]["keyids"] = json!([]);
        self.signers.insert(role.to_owned(), Vec::new());
        self.add_key(role, SigningKey::new());
    }

    /// Delegates to a role that nobody delegated to before, with a key of its own.
    pub(crate) fn delegate(&mut self, delegator: &str, name: &str, scope: Value, is_terminating: bool) {
        if !self.said.contains_key(name) {
            self.say(name, "targets");
            self.said(name)["targets"] = json!({});
        }
        let key = SigningKey::new();
        let delegations = &mut self.said(delegator)["delegations"];
        if delegations.is_null() {
            *delegations = json!({"keys": {}, "roles": []});
        }
        delegations["keys"][&key.id] = key.public.clone();
        let mut role = json!({"name": name, "keyids": [key.id], "threshold": 1, "terminating": is_terminating});
        for (member, value) in scope.as_object().unwrap() {
            role[member] = value.clone();
        }
        delegations["roles"].as_array_mut().unwrap().push(role);
        self.signers.entry(name.to_owned()).or_default().push(key);
    }

    /// Lists a target and puts its bytes where clients look for them.
    pub(crate) fn add_target(&mut self, role: &str, path: &str, bytes: &[u8]) {
        let digest = Digest::sha256(bytes);
        self.said(role)["targets"][path] = json!({"length": bytes.len(), "hashes": {"sha256": digest.hex()}});
        let address = tuf::target_address(path, Some(&digest));
        self.published.insert(format!("targets/{address}"), bytes.to_vec());
    }

    /// Publishes another version of roles, in the order given; the snapshot and the timestamp name what is the last then.
    pub(crate) fn publish(&mut self, roles: &[&str]) {
        for role in roles {
            self.bump(role);
            self.write(role);
        }
    }

    pub(crate) fn bump(&mut self, role: &str) {
        let version = self.said(role)["version"].as_u64().unwrap() + 1;
        self.said(role)["version"] = json!(version);
        let named = match role {
            "snapshot" => {
                let roles = self
                    .said
                    .iter()
                    .filter(|(name, _)| !["root", "snapshot", "timestamp"].contains(&name.as_str()));
                let meta = roles.map(|(name, said)| (format!("{name}.json"), json!({"version": said["version"]})));
                Some(Value::Object(meta.collect()))
            }
            "timestamp" => Some(json!({"snapshot.json": {"version": self.said["snapshot"]["version"]}})),
            _ => None,
        };
        if let Some(meta) = named {
            self.said(role)["meta"] = meta;
        }
    }

    /// Signs what a role says now, and publishes it under its version.
    pub(crate) fn write(&mut self, role: &str) {
        let bytes = self.signed(role);
        let version = &self.said[role]["version"];
        let path = match role {
            "timestamp" => "timestamp.json".to_owned(),
            _ => format!("{version}.{}.json", tuf::encode(role)),
        };
        self.published.insert(path, bytes);
    }

    /// What a role says now, signed.
    pub(crate) fn signed(&self, role: &str) -> Vec<u8> {
        let said = &self.said[role];
        let message = canonical(said).unwrap();
        let signatures = self.signers[role].iter().map(|key| {
            let signature = (key.sign)(&message);
            json!({"keyid": key.id, "sig": signature.iter().map(|byte| format!("{byte:02x}")).collect::<String>()})
        });
        json!({"signatures": signatures.collect::<Vec<_>>(), "signed": said})
            .to_string()
            .into_bytes()
    }
}

/// A client: the root it began with, and what it keeps.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) anchor: Vec<u8>,
    pub(crate) kept: BTreeMap<String, Vec<u8>>,
    /// What was asked of the repository since the client was made or this was emptied.
    pub(crate) asked: Vec<String>,
    pub(crate) now: Timestamp,
    pub(crate) reach: Reach,
}

impl Client {
    /// Begins with the first root.
    pub(crate) fn new(repository: &Repository) -> Self {
        Self {
            anchor: repository.published["1.root.json"].clone(),
            kept: BTreeMap::new(),
            asked: Vec::new(),
            now: "2029-01-01T00:00:00Z".parse().unwrap(),
            reach: Reach::Published,
        }
    }

    pub(crate) fn refresh(&mut self, repository: &Repository) -> Result<Update, TufError> {
        let mut update = Update::begin(&self.anchor, self.reach, self.now)?;
        self.drive(&mut update, repository)?;
        Ok(update)
    }

    /// The bytes of a target.
    pub(crate) fn find(&mut self, path: &str, repository: &Repository) -> Result<Vec<u8>, TufError> {
        let mut update = self.refresh(repository)?;
        self.asked.clear();
        self.seek(&mut update, path, repository)
    }

    pub(crate) fn seek(
        &mut self,
        update: &mut Update,
        path: &str,
        repository: &Repository,
    ) -> Result<Vec<u8>, TufError> {
        update.seek(path)?;
        self.drive(update, repository)?;
        let target = update.found(path)?;
        let refused = |refusal| TufError {
            file: path.into(),
            refusal,
        };
        let address = tuf::target_address(path, Some(target.digest().map_err(refused)?));
        let bytes = &repository.published[&format!("targets/{address}")];
        target.check(bytes).map_err(refused)?;
        Ok(bytes.clone())
    }

    /// The version that is kept of a role.
    pub(crate) fn version(&self, role: &str) -> Option<u64> {
        let file: Value = serde_json::from_slice(self.kept.get(&format!("{role}.json"))?).unwrap();
        file["signed"]["version"].as_u64()
    }

    fn drive(&mut self, update: &mut Update, repository: &Repository) -> Result<(), TufError> {
        while let Some(ask) = update.ask() {
            let answer = match ask.source {
                Source::Kept => self.kept.get(&ask.path).cloned(),
                Source::Published => {
                    self.asked.push(ask.path.clone());
                    repository.published.get(&ask.path).cloned()
                }
            };
            for path in update.give(answer.as_deref())? {
                self.kept.insert(path, answer.clone().unwrap_or_default());
            }
        }
        Ok(())
    }
}
