//! A key of every kind, as cosign keeps it.

use crate::{Peers, Run};

/// The names of the kinds; `interop/keys/NAME.pem` holds one of each.
pub const KINDS: [&str; 7] = [
    "ecdsa-p256",
    "ecdsa-p384",
    "ecdsa-p521",
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "ed25519",
];

/// A key pair in files.
#[derive(Clone)]
pub struct Key {
    /// Which kind.
    pub kind: &'static str,
    /// The path of the encrypted private key; its password is empty.
    pub private: String,
    /// The path of the public key.
    pub public: String,
}

/// One key of each kind.
pub struct Keys(Vec<Key>);

impl Keys {
    /// Imports every key with `tool`.
    ///
    /// # Panics
    /// When the tool refuses one.
    pub fn import(peers: &Peers, tool: &str) -> Self {
        Self(KINDS.iter().map(|kind| import(peers, tool, kind)).collect())
    }

    /// Returns all of them.
    pub fn all(&self) -> &[Key] {
        &self.0
    }
}

/// Imports the key of one kind with `tool`.
///
/// # Panics
/// When the tool refuses it.
pub fn import(peers: &Peers, tool: &str, kind: &'static str) -> Key {
    let plain = format!("{}/keys/{kind}.pem", env!("CARGO_MANIFEST_DIR"));
    let prefix = peers.path(&format!("{tool}-{kind}"));
    let ended = Run::new(peers, tool, &["import-key-pair", "--key", &plain, "-o", &prefix, "-y"]).end();
    drop(ended.expect_success());
    Key {
        kind,
        private: format!("{prefix}.key"),
        public: format!("{prefix}.pub"),
    }
}

/// Makes a key pair called `name` with `tool`.
///
/// # Panics
/// When the tool does not make one.
pub fn generate(peers: &Peers, tool: &str, name: &str) -> Key {
    let prefix = peers.path(name);
    drop(
        Run::new(peers, tool, &["generate-key-pair", "--output-key-prefix", &prefix])
            .end()
            .expect_success(),
    );
    Key {
        kind: "ecdsa-p256",
        private: format!("{prefix}.key"),
        public: format!("{prefix}.pub"),
    }
}
