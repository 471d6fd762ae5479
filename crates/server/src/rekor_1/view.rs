//! The tree and its entries, as Rekor 1 shows them (rekor, `openapi.yaml`, `LogInfo`, `LogEntry`, `ConsistencyProof`).

use countersign_core::go_json::encode_bytes;
use countersign_core::log::merkle::TreeHash;
use countersign_core::signer::Signer;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Shared, body_of, number};
use crate::log::{Entry, LogError, Published};
use crate::logs::Failure;
use crate::registry::route::Parameters;
use crate::reply::Reply;

impl Shared {
    /// How an entry is named: by the tree and the hash of its leaf.
    pub(super) fn id_of(&self, leaf: &TreeHash) -> String {
        format!("{:016x}{leaf}", self.tree)
    }

    pub(super) fn state(&self) -> Value {
        let published = self.log.published();
        json!({
            "inactiveShards": [],
            "rootHash": published.head.root.to_string(),
            "signedTreeHead": published.note,
            "treeID": self.tree.to_string(),
            "treeSize": published.head.size,
        })
    }

    pub(super) fn public_key(&self, parameters: &Parameters) -> Result<Reply, Failure> {
        self.check_tree(parameters)?;
        let pem = self.log.public_key().to_pem();
        Ok(Reply::new(StatusCode::OK, "application/x-pem-file", pem))
    }

    pub(super) fn proof(&self, parameters: &Parameters) -> Result<Value, Failure> {
        self.check_tree(parameters)?;
        let head = self.log.published().head;
        let first = number(parameters, "firstSize")?.unwrap_or(1);
        let last = number(parameters, "lastSize")?.ok_or_else(|| Failure::parameter("lastSize", "", "a number"))?;
        if first == 0 || first > last || last > head.size {
            let size = head.size;
            return Err(Failure::NoSuchTree { first, last, size });
        }
        let (_, path) = self.log.consistency(first, last)?;
        let hashes: Vec<_> = path.iter().map(ToString::to_string).collect();
        Ok(json!({ "rootHash": head.root.to_string(), "hashes": hashes }))
    }

    pub(super) fn check_tree(&self, parameters: &Parameters) -> Result<(), Failure> {
        match parameters.first("treeID") {
            Some(id) if id != self.tree.to_string() => {
                Err(Failure::parameter("treeID", id, "the id of the one tree there is"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn entry(&self, index: u64) -> Result<Option<Value>, Failure> {
        // In this order: the checkpoint may cover more than the entry, and not less.
        let entry = self.log.entry(index)?;
        let published = self.log.published();
        entry.map(|entry| self.describe(&entry, &published)).transpose()
    }

    pub(super) fn entry_named(&self, id: &str) -> Result<Option<Value>, Failure> {
        let malformed = || Failure::parameter("entryUUID", id, "64 or 80 hexadecimal digits");
        let (tree, leaf) = match id.len() {
            64 => (None, id),
            80 => id
                .split_at_checked(16)
                .map(|(tree, leaf)| (Some(tree), leaf))
                .ok_or_else(malformed)?,
            _ => return Err(malformed()),
        };
        let mut hash = [0; 32];
        hex::decode_to_slice(leaf, &mut hash).map_err(|_| malformed())?;
        if let Some(tree) = tree
            && u64::from_str_radix(tree, 16).map_err(|_| malformed())? != self.tree
        {
            return Ok(None);
        }
        self.log.find(&hash)?.map_or(Ok(None), |index| self.entry(index))
    }

    /// An entry with the log's promise and the proof, under its name (rekor, `LogEntry`).
    pub(super) fn describe(&self, entry: &Entry, published: &Published) -> Result<Value, Failure> {
        let head = &published.head;
        let path = self.log.inclusion(entry.index, entry.leaf, head)?;
        let hashes: Vec<_> = path.iter().map(ToString::to_string).collect();
        let body = encode_bytes(body_of(&entry.bytes));
        let (index, time) = (entry.index, entry.time.as_second());
        let log = hex::encode(self.id.as_bytes());
        // Canonical (RFC 8785), for the members are in order and need no escapes.
        let promised = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{log}","logIndex":{index}}}"#);
        let promise = self.log.key().sign(promised.as_bytes()).map_err(LogError::from)?;
        let described = json!({
            "body": body,
            "integratedTime": time,
            "logID": log,
            "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": published.note,
                    "hashes": hashes,
                    "logIndex": index,
                    "rootHash": head.root.to_string(),
                    "treeSize": head.size,
                },
                "signedEntryTimestamp": promise.to_base64(),
            },
        });
        Ok(json!({ self.id_of(&entry.leaf): described }))
    }
}
