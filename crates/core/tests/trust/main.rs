//! What is trusted is read, written and made; `data/trust/ORIGIN.md` says where the files are from.

#[macro_use]
#[path = "../data/read.rs"]
mod read;

mod keys;
mod making;
mod published;
mod reading;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::trust::{TransparencyLog, TrustError, TrustedRoot};
use serde_json::Value;

const CREATED: &str = include_str!("../data/trust/created-by-cosign.json");
const PUBLIC_GOOD: &str = include_str!("../data/trust/public-good.json");
const STAGING: &str = include_str!("../data/trust/staging.json");

fn encode_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn parse(root: &Value) -> Result<TrustedRoot, TrustError> {
    TrustedRoot::parse(root.to_string().as_bytes())
}

/// The root of the private instance with a change to it.
fn changed(change: impl FnOnce(&mut Value)) -> Result<TrustedRoot, TrustError> {
    let mut root = serde_json::from_str(CREATED).unwrap();
    change(&mut root);
    parse(&root)
}

fn urls(logs: &[TransparencyLog]) -> Vec<&str> {
    logs.iter().map(TransparencyLog::url).collect()
}
