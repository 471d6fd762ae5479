//! Rekor 2: entries for signatures over hashes, answered with the proof that the log includes them (rekor-tiles,
//! `rekor_service.proto`).

mod request;

use std::path::Path;
use std::sync::Arc;

use countersign_core::go_json::encode_bytes;
use countersign_core::key::PrivateKey;
use countersign_core::log::LogId;
use countersign_core::log::merkle::TreeHash;
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::body::RequestBody;
use crate::log::{Appended, CheckpointSigner, Form, Log, LogError, Proposal};
use crate::logs::{Failure, collect, read};
use crate::options::Durability;
use crate::reply::{JSON, Reply};

/// A log that speaks as Rekor 2 does.
#[derive(Debug)]
pub(crate) struct Rekor2 {
    log: Log,
    id: LogId,
}

impl Rekor2 {
    /// Opens the log in a folder, or makes it there at `now`.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        origin: &str,
        key: Arc<PrivateKey>,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let signer = CheckpointSigner::new(key, origin.to_owned(), Form::Note)?;
        let leaf_of = |body: &[u8]| Some(TreeHash::of_leaf(body));
        let log = Log::open(folder, durability, signer, leaf_of, now)?;
        let id = trusted(&log, String::new()).id();
        Ok(Self { log, id })
    }

    /// The log as a client trusts it; the origin is what it looks for in the address.
    pub(crate) fn trusted(&self, url: &str) -> TransparencyLog {
        trusted(&self.log, url.to_owned())
    }

    /// The host name that the log goes by.
    pub(crate) fn origin(&self) -> &str {
        self.log.origin()
    }

    /// Answers a request for what follows `/api/v2/`.
    pub(crate) async fn answer(&self, path: &str, head: &Parts, body: &mut RequestBody) -> Reply {
        match self.dispatch(path, head, body).await {
            Ok(reply) => reply,
            Err(failure) => refuse(&failure),
        }
    }

    async fn dispatch(&self, path: &str, head: &Parts, body: &mut RequestBody) -> Result<Reply, Failure> {
        if path == "log/entries" {
            if head.method != Method::POST {
                return Err(Failure::Method { allowed: "POST" });
            }
            let bytes = collect(body, request::LIMIT).await?;
            return self.append(&bytes, Timestamp::now()).await;
        }
        read(&self.log, path, head, "entries", true)?.ok_or(Failure::Path)
    }

    async fn append(&self, bytes: &[u8], now: Timestamp) -> Result<Reply, Failure> {
        let body = request::body(bytes).map_err(|error| Failure::Request {
            what: "invalid request",
            source: error.into(),
        })?;
        let leaf = TreeHash::of_leaf(&body);
        let entry = body.clone();
        let proposal = Proposal {
            identity: *leaf.as_bytes(),
            time: now,
            make: Box::new(move |_| entry),
        };
        let appended = self.log.append(proposal).await?;
        if !appended.is_new {
            let place = format!("index {}", appended.index);
            return Err(Failure::Exists { place, appended });
        }
        let entry = self.entry(&appended, leaf, &body)?;
        Ok(Reply::new(StatusCode::CREATED, JSON, entry.to_string()))
    }

    /// What a bundle holds of an entry (protobuf-specs, `TransparencyLogEntry`), in protobuf's JSON.
    fn entry(&self, appended: &Appended, leaf: TreeHash, body: &[u8]) -> Result<Value, Failure> {
        let head = &appended.published.head;
        let path = self.log.inclusion(appended.index, leaf, head)?;
        let hashes: Vec<_> = path.iter().map(|hash| encode_bytes(hash.as_bytes())).collect();
        Ok(json!({
            "logIndex": appended.index.to_string(),
            "logId": { "keyId": encode_bytes(self.id.as_bytes()) },
            "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "integratedTime": "0",
            "inclusionProof": {
                "logIndex": appended.index.to_string(),
                "rootHash": encode_bytes(head.root.as_bytes()),
                "treeSize": head.size.to_string(),
                "hashes": hashes,
                "checkpoint": { "envelope": appended.published.note },
            },
            "canonicalizedBody": encode_bytes(body),
        }))
    }
}

fn trusted(log: &Log, url: String) -> TransparencyLog {
    let validity = Validity::new(Some(log.since()), None);
    let key = ServiceKey::usual(log.public_key().clone());
    TransparencyLog::new(url, key, LogId::new([0; 32]), validity).with_origin(log.origin())
}

/// Says no as Rekor 2 does, which is how gRPC does (`google/rpc/status.proto`).
fn refuse(failure: &Failure) -> Reply {
    let code = match failure.status() {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => 3,
        StatusCode::NOT_FOUND => 5,
        StatusCode::CONFLICT => 6,
        StatusCode::PAYLOAD_TOO_LARGE => 8,
        StatusCode::METHOD_NOT_ALLOWED => 12,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        _ => 13,
    };
    let body = json!({ "code": code, "message": failure.message(), "details": [] });
    let mut reply = failure.reply(JSON, body.to_string());
    if let Failure::Exists { appended, .. } = failure {
        let index = HeaderValue::from(appended.index);
        reply.response.headers_mut().insert(LOG_INDEX, index);
    }
    reply
}

/// The door for the fuzz target, and the test that is like it.
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing {
    pub(crate) fn body(request: &[u8]) -> Option<Vec<u8>> {
        super::request::body(request).ok()
    }
}

/// Where an entry is that was there before.
const LOG_INDEX: HeaderName = HeaderName::from_static("x-log-index");
