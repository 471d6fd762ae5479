//! Logs in a temporary folder, a client that hides nothing, and somebody who trusts the logs and nobody else.

use std::path::Path;

use bytes::Bytes;
use countersign_core::bundle::{Bundle, Format, Version};
use countersign_core::envelope::Envelope;
use countersign_core::go_json::decode_bytes;
use countersign_core::key::{KeyAlgorithm, PrivateKey, SignatureDigest};
use countersign_core::log::checkpoint::Checkpoint;
use countersign_core::log::merkle::{TreeHash, TreeHead, root_of};
use countersign_core::log::{LogEntry, Logged, ProvenEntry, Verifier, prove};
use countersign_core::message::Message;
use countersign_core::protocol::rekor::{Kept, Proposal, Verifier as Proposed};
use countersign_core::signer::Signer;
use countersign_core::trust::{TransparencyLog, Validity};
use countersign_server::{Durability, Running, Server, ServerOptions, ServiceOptions};
use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use crate::answer::Answer;
use crate::answer::send;

pub(crate) const ORIGIN: &str = "log.test";

/// Logs that are gone with their folder when the test ends.
pub(crate) struct Logs {
    _running: Running,
    _folder: TempDir,
    pub(crate) client: Client,
    pub(crate) trust: Trust,
}

pub(crate) async fn logs() -> Logs {
    let folder = tempfile::tempdir().unwrap();
    let running = serve(folder.path(), Durability::ProcessCrash).await;
    Logs {
        client: Client::new(running.address().to_string()),
        trust: Trust::of(folder.path()),
        _running: running,
        _folder: folder,
    }
}

/// Serves the logs of a folder.
pub(crate) async fn serve(folder: &Path, durability: Durability) -> Running {
    let options = ServerOptions::new(folder)
        .durability(durability)
        .services(ServiceOptions::default().origin(ORIGIN));
    Server::start(options).await.unwrap()
}

/// The key that the server of the folder keeps under this name, where it is made if there is none.
fn key(folder: &Path, name: &str, algorithm: KeyAlgorithm) -> PrivateKey {
    let folder = folder.join("keys");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.pem"));
    if let Ok(pem) = std::fs::read(&path) {
        return PrivateKey::import(&pem, None).unwrap();
    }
    let key = PrivateKey::generate(algorithm).unwrap();
    std::fs::write(path, key.to_unencrypted_pem().unwrap().expose()).unwrap();
    key
}

/// The logs as a client trusts them.
pub(crate) struct Trust {
    pub(crate) rekor_1: TransparencyLog,
    pub(crate) rekor_2: TransparencyLog,
    pub(crate) certificates: TransparencyLog,
}

impl Trust {
    pub(crate) fn of(folder: &Path) -> Self {
        let validity = Validity::new(Some(Timestamp::UNIX_EPOCH), None);
        let log = |name, algorithm, at: &str| {
            let key = key(folder, name, algorithm).public_key().to_pem();
            TransparencyLog::from_pem(at.to_owned(), key.as_bytes(), validity).unwrap()
        };
        Self {
            rekor_1: log("rekor1", KeyAlgorithm::EcdsaP256, "https://log.test"),
            rekor_2: log("rekor2", KeyAlgorithm::Ed25519, "https://log.test").with_origin(ORIGIN),
            certificates: log("ctlog", KeyAlgorithm::EcdsaP256, "https://log.test/ct"),
        }
    }
}

/// A signature over a text or an envelope, by a key.
pub(crate) struct Signed {
    pub(crate) key: PrivateKey,
    pub(crate) digest: SignatureDigest,
    pub(crate) bundle: Bundle,
    pub(crate) message: Message,
}

impl Signed {
    pub(crate) fn text(text: &[u8]) -> Self {
        Self::text_by(
            PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
            SignatureDigest::Sha256,
            text,
        )
    }

    pub(crate) fn text_by(key: PrivateKey, digest: SignatureDigest, text: &[u8]) -> Self {
        let message = Message::of(text, &key.needs());
        let signature = key.sign_message(&message).unwrap();
        let bundle = Bundle::of_message(&message, digest, signature, key.public_key()).unwrap();
        Self {
            key,
            digest,
            bundle,
            message,
        }
    }

    pub(crate) fn envelope(payload_type: &str, payload: &[u8]) -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let envelope = Envelope::seal(payload_type, payload.to_vec(), &key).unwrap();
        let bundle = Bundle::assemble(envelope, key.public_key()).unwrap();
        Self {
            message: Message::of(b"", &key.needs()),
            key,
            digest: SignatureDigest::Sha256,
            bundle,
        }
    }

    /// Asks a log for an entry.
    pub(crate) fn proposal(&self) -> Proposal<'_> {
        Proposal {
            content: self.bundle.content(),
            digest: self.digest,
            verifier: Proposed::Key(self.key.public_key()),
            kept: Kept::default(),
        }
    }

    /// Verifies as a client does that an entry of a trusted log is about this.
    pub(crate) fn prove(&self, entry: &LogEntry, log: &TransparencyLog) -> ProvenEntry {
        let logged = Logged::new(
            self.bundle.content(),
            &self.message,
            Verifier::Key(self.key.public_key()),
        );
        let logs = std::slice::from_ref(log);
        prove(entry, &logged, Format::Bundle(Version::V03), logs, &[]).unwrap()
    }
}

/// Checks that a trusted log signed a tree with the entry in it, whatever the entry says; and returns that tree.
pub(crate) fn check_included(entry: &LogEntry, log: &TransparencyLog) -> TreeHead {
    let proof = entry.proof().unwrap();
    let checkpoint = Checkpoint::parse(proof.checkpoint().unwrap()).unwrap();
    checkpoint.check_signed_by(log).unwrap();
    let path: Vec<_> = proof.hashes().iter().copied().map(TreeHash::new).collect();
    let head = *checkpoint.head();
    let leaf = TreeHash::of_leaf(entry.body());
    assert_eq!(root_of(leaf, proof.log_index(), head.size, &path), Ok(head.root));
    assert_eq!(entry.log_id(), log.id());
    head
}

/// Sends each request on a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    address: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The message of a refusal with this status.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> String {
        let message = self.json()["message"].as_str().unwrap_or_default().to_owned();
        self.expect(status);
        message
    }
}

impl Client {
    pub(crate) fn new(address: String) -> Self {
        Self { address }
    }

    /// Sends a request; an error where the server broke off.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        send(&self.address, method, path, &[], body.into()).await
    }

    /// Says that a body of this length follows, sends none of it, and returns what the server says to that.
    pub(crate) async fn announce(&self, path: &str, length: usize) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, body).await
    }
}

/// A file that a real client or log wrote, in `core/tests/data`.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/../core/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The body of the first entry in a bundle of a real client.
pub(crate) fn logged_body(file: &str) -> Vec<u8> {
    let bundle: Value = serde_json::from_slice(&data(file)).unwrap();
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    decode_bytes(entry["canonicalizedBody"].as_str().unwrap()).unwrap()
}
