//! Finding entries by what they are about and who signed them (rekor, `POST /api/v1/index/retrieve`).

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use countersign_core::certificate::Certificate;
use countersign_core::envelope::Envelope;
use countersign_core::go_json::decode_bytes;
use countersign_core::key::PublicKey;
use countersign_core::payload::statement::PAYLOAD_TYPE;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Where entries are, by what they are found by. It is made when it is first asked, and goes on from there.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// How many entries are in it.
    pub(super) size: u64,
    /// The start of the hash of what an entry is found by, and its place; in order.
    places: Vec<([u8; 16], u64)>,
}

impl Index {
    /// Adds the next entry.
    pub(super) fn push(&mut self, body: &[u8], found_by: &[String]) {
        let mut names = found_by.to_vec();
        if let Ok(body) = serde_json::from_slice::<Value>(body) {
            collect(&body, &mut names);
        }
        self.places
            .extend(names.iter().map(|name| (start_of_hash(name), self.size)));
        self.size += 1;
    }

    /// Puts what was added where it can be found.
    pub(super) fn sort(&mut self) {
        self.places.sort_unstable();
        self.places.dedup();
    }

    /// The places of the entries that are found by a name, from the first.
    pub(super) fn find(&self, name: &str) -> Vec<u64> {
        let wanted = start_of_hash(name);
        let first = self.places.partition_point(|(hash, _)| *hash < wanted);
        let found = self.places[first..].iter().take_while(|(hash, _)| *hash == wanted);
        found.map(|(_, place)| *place).collect()
    }
}

fn start_of_hash(name: &str) -> [u8; 16] {
    let hash = digest(&SHA256, name.to_lowercase().as_bytes());
    *hash.as_ref().first_chunk().expect("a SHA-256 has 32 bytes")
}

/// Finds the hashes and the verifiers in a body, whatever its kind.
fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let (Some(Value::String(algorithm)), Some(Value::String(hash))) =
                (members.get("algorithm"), members.get("value"))
            {
                names.push(format!("{algorithm}:{hash}"));
            }
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("content" | "verifier" | "publicKey", Value::String(text)) => {
                        names.extend(decode_bytes(text).ok().map(|pem| names_of(&pem)).unwrap_or_default());
                    }
                    _ => collect(member, names),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| collect(member, names)),
        _ => {}
    }
}

/// What a key or a certificate in PEM is found by: the hash of its PEM, and whom it names. A signature has none.
pub(super) fn names_of(pem: &[u8]) -> Vec<String> {
    let named = |pem: String, names: Vec<String>| {
        let hash = hex::encode(digest(&SHA256, pem.as_bytes()));
        [vec![format!("sha256:{hash}"), hash], names].concat()
    };
    if let Ok(certificate) = Certificate::from_pem(pem) {
        let names = certificate.names().iter().map(ToString::to_string).collect();
        return named(certificate.to_pem(), names);
    }
    match PublicKey::from_pem(pem) {
        Ok(key) => named(key.to_pem(), Vec::new()),
        Err(_) => Vec::new(),
    }
}

/// The digests of what a statement is about, and of what that was made of; none of an envelope with something else.
pub(super) fn subjects(envelope: &Envelope) -> Vec<String> {
    if envelope.payload_type() != PAYLOAD_TYPE {
        return Vec::new();
    }
    let Ok(statement) = serde_json::from_slice::<Statement<'_>>(envelope.payload()) else {
        return Vec::new();
    };
    let predicate = statement
        .predicate
        .and_then(|predicate| serde_json::from_str::<Predicate>(predicate.get()).ok());
    let materials = predicate.map(|predicate| predicate.materials).unwrap_or_default();
    statement
        .subject
        .iter()
        .chain(&materials)
        .flat_map(|resource| &resource.digest)
        .filter(|(algorithm, hash)| is_plain(algorithm) && is_plain(hash))
        .map(|(algorithm, hash)| format!("{algorithm}:{hash}"))
        .take(DIGESTS)
        .collect()
}

fn is_plain(text: &str) -> bool {
    text.len() <= 128
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The most digests by which an entry is found.
const DIGESTS: usize = 64;

#[derive(Deserialize)]
struct Statement<'a> {
    #[serde(default)]
    subject: Vec<Resource>,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Predicate {
    #[serde(default)]
    materials: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    digest: BTreeMap<String, String>,
}
