//! Rekor 1: entries for signatures and envelopes, with a promise and a proof (rekor, `openapi.yaml`).

mod proposal;
mod query;
mod search;
mod view;

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign_core::key::PrivateKey;
use countersign_core::log::LogId;
use countersign_core::log::merkle::TreeHash;
use countersign_core::trust::{ServiceKey, TransparencyLog, Validity};
use http::header::{ETAG, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use self::proposal::Proposed;
use self::search::Index;
use crate::body::RequestBody;
use crate::log::{CheckpointSigner, ENTRY_LIMIT, Form, Log, LogError, Proposal, log_id};
use crate::logs::{Failure, collect};
use crate::options::Durability;
use crate::registry::route::Parameters;
use crate::reply::{JSON, Reply, is_read};

/// A log that speaks as Rekor 1 does.
#[derive(Clone, Debug)]
pub(crate) struct Rekor1 {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    log: Log,
    tree: u64,
    id: LogId,
    index: Mutex<Index>,
    /// For long requests, of which only a few are in memory at a time.
    long: Semaphore,
}

impl Rekor1 {
    /// Opens the log in a folder, or makes it there at `now`.
    pub(crate) fn open(
        folder: &Path,
        durability: Durability,
        origin: &str,
        key: Arc<PrivateKey>,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        let (tree, id) = (tree_of(&key), log_id(key.public_key()));
        let signer = CheckpointSigner::new(key, format!("{origin} - {tree}"), Form::Rekor1)?;
        let leaf_of = |entry: &[u8]| Some(TreeHash::of_leaf(body_of(entry)));
        let shared = Shared {
            log: Log::open(folder, durability, signer, leaf_of, now)?,
            tree,
            id,
            index: Mutex::default(),
            long: Semaphore::new(LONG_AT_A_TIME),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The log as a client trusts it; the origin is what it looks for in the address.
    pub(crate) fn trusted(&self, url: &str) -> TransparencyLog {
        let log = &self.shared.log;
        let validity = Validity::new(Some(log.since()), None);
        let key = ServiceKey::usual(log.public_key().clone());
        TransparencyLog::new(url.to_owned(), key, self.shared.id, validity)
    }

    /// Answers a request for what follows `/api/v1/`.
    pub(crate) async fn answer(&self, path: &str, head: &Parts, body: &mut RequestBody) -> Reply {
        match self.dispatch(path, head, body).await {
            Ok(reply) => reply,
            Err(failure) => self.refuse(&failure),
        }
    }

    async fn dispatch(&self, path: &str, head: &Parts, body: &mut RequestBody) -> Result<Reply, Failure> {
        let parameters = Parameters::parse(head.uri.query()).map_err(|failure| Failure::Request {
            what: "invalid query",
            source: Box::new(failure),
        })?;
        let shared = &self.shared;
        match path {
            "log" => only_reads(head, || Ok(found(&shared.state()))),
            "log/publicKey" => only_reads(head, || shared.public_key(&parameters)),
            "log/proof" => only_reads(head, || shared.proof(&parameters).map(|proof| found(&proof))),
            "log/entries" if head.method == Method::POST => {
                let (bytes, _turn) = self.collect(body).await?;
                self.append(bytes, Timestamp::now).await
            }
            "log/entries" if is_read(&head.method) => {
                let index = number(&parameters, "logIndex")?;
                let index = index.ok_or_else(|| Failure::parameter("logIndex", "", "a number"))?;
                let entry = shared.entry(index)?.ok_or(Failure::Unknown)?;
                Ok(found(&entry))
            }
            "log/entries" => Err(Failure::Method {
                allowed: "GET, HEAD, POST",
            }),
            "log/entries/retrieve" | "index/retrieve" if head.method != Method::POST => {
                Err(Failure::Method { allowed: "POST" })
            }
            "log/entries/retrieve" => {
                let (bytes, _turn) = self.collect(body).await?;
                self.blocking(move |shared| shared.retrieve(&bytes)).await
            }
            "index/retrieve" => {
                let bytes = collect(body, QUERY_LIMIT).await?;
                self.blocking(move |shared| shared.search(&bytes)).await
            }
            _ => match path.strip_prefix("log/entries/") {
                Some(id) => only_reads(head, || {
                    let entry = shared.entry_named(id)?.ok_or(Failure::Unknown)?;
                    Ok(found(&entry))
                }),
                None => Err(Failure::Path),
            },
        }
    }

    /// Reads the body of a request with proposals. A long one waits for its turn, which it has until it is answered.
    async fn collect(&self, body: &mut RequestBody) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Failure> {
        let is_short = body.length().is_some_and(|length| length <= SHORT);
        let turn = match is_short {
            true => None,
            false => self.shared.long.acquire().await.ok(),
        };
        Ok((collect(body, proposal::LIMIT).await?, turn))
    }

    async fn append(&self, bytes: Bytes, now: impl FnOnce() -> Timestamp) -> Result<Reply, Failure> {
        let parsing = tokio::task::spawn_blocking(move || Proposed::parse(&bytes));
        let proposed = parsing.await?.map_err(|error| Failure::Request {
            what: "error processing entry",
            source: error.into(),
        })?;
        let leaf = TreeHash::of_leaf(&proposed.body);
        let entry = stored(proposed);
        let proposal = Proposal {
            identity: *leaf.as_bytes(),
            time: now(),
            make: Box::new(move |_| entry),
        };
        let shared = &self.shared;
        let appended = shared.log.append(proposal).await?;
        let id = shared.id_of(&leaf);
        if !appended.is_new {
            let place = format!("UUID {id}");
            return Err(Failure::Exists { place, appended });
        }
        let entry = shared.log.entry(appended.index)?.ok_or(Failure::Unknown)?;
        let answer = shared.describe(&entry, &appended.published)?;
        let mut reply = Reply::new(StatusCode::CREATED, JSON, answer.to_string());
        let headers = reply.response.headers_mut();
        headers.insert(LOCATION, location(&id));
        headers.insert(ETAG, header(&id));
        Ok(reply)
    }

    /// Runs what may take long on a thread that may.
    async fn blocking(
        &self,
        work: impl FnOnce(&Shared) -> Result<Value, Failure> + Send + 'static,
    ) -> Result<Reply, Failure> {
        let shared = Arc::clone(&self.shared);
        let answer = tokio::task::spawn_blocking(move || work(&shared)).await??;
        Ok(found(&answer))
    }

    /// Says no as Rekor 1 does.
    fn refuse(&self, failure: &Failure) -> Reply {
        let body = json!({ "code": failure.status().as_u16(), "message": failure.message() });
        let mut reply = failure.reply(JSON, body.to_string());
        if let Failure::Exists { place, .. } = failure {
            let id = place.rsplit(' ').next().unwrap_or(place);
            reply.response.headers_mut().insert(LOCATION, location(id));
        }
        reply
    }
}

/// What is stored of an entry: its body, and in further lines what it is found by, as far as there is room.
fn stored(proposed: Proposed) -> Vec<u8> {
    let mut bytes = proposed.body;
    for name in proposed.found_by {
        if bytes.len() + 1 + name.len() <= ENTRY_LIMIT {
            bytes.push(b'\n');
            bytes.extend(name.as_bytes());
        }
    }
    bytes
}

/// The body of an entry, which has no line ends, for it is canonical JSON.
fn body_of(entry: &[u8]) -> &[u8] {
    entry.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// The number of the tree, of which there is one for each key.
fn tree_of(key: &PrivateKey) -> u64 {
    let hash = TreeHash::of_leaf(key.public_key().as_der());
    let start = u64::from_be_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"));
    // It must be positive as a signed number, and not zero.
    (start >> 1) | 1
}

fn number(parameters: &Parameters, name: &'static str) -> Result<Option<u64>, Failure> {
    let Some(text) = parameters.first(name) else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|_| Failure::parameter(name, text, "a number"))
}

fn only_reads(head: &Parts, read: impl FnOnce() -> Result<Reply, Failure>) -> Result<Reply, Failure> {
    if is_read(&head.method) {
        read()
    } else {
        Err(Failure::Method { allowed: "GET, HEAD" })
    }
}

fn found(answer: &Value) -> Reply {
    Reply::json(StatusCode::OK, answer)
}

fn location(id: &str) -> HeaderValue {
    header(&format!("/api/v1/log/entries/{id}"))
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names of entries are hexadecimal digits")
}

/// Doors for the fuzz target, and the test that is like it.
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing {
    pub(crate) fn body(request: &[u8]) -> Option<Vec<u8>> {
        super::Proposed::parse(request).ok().map(|proposed| proposed.body)
    }

    pub(crate) fn questions(request: &[u8]) -> [bool; 2] {
        super::query::fuzzing::are_questions(request)
    }
}

/// The longest request in bytes that needs no turn.
const SHORT: u64 = 1024 * 1024;
/// How many longer ones are in memory at a time: each, with what is decoded of it, may take 150 MiB.
const LONG_AT_A_TIME: usize = 8;
/// The longest query in bytes: a key or a certificate in base64, and room.
const QUERY_LIMIT: usize = 128 * 1024;
