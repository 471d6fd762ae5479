//! SIGKILL amid the issuing of certificates.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_core::TrustedRoot;
use countersign_core::certificate::Certificate;
use countersign_core::certificate::path::{Purpose, verify_path};
use countersign_core::certificate::sct::verify_embedded;
use countersign_core::log::merkle::TreeHash;
use countersign_server::{Durability, Server, ServerOptions, ServiceOptions};
use http::Method;
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::answer::{Answer, send};
use crate::process;
use crate::scene::{WHO, chain, key, request};
use crate::tree::root;

const ROUNDS: usize = 4;
const WRITERS: usize = 4;

/// The server of the other process; nothing where the tests run.
#[tokio::test]
async fn serve_until_killed() {
    if let Some(folder) = process::folder() {
        let options = ServerOptions::new(folder).durability(Durability::PowerCut);
        let running = Server::start(options.services(ServiceOptions::default()))
            .await
            .unwrap();
        process::wait(&running).await;
    }
}

/// What the authority and the log told their clients.
#[derive(Default)]
struct Told {
    /// The roots of the trees that the log signed, by their sizes.
    roots: BTreeMap<u64, TreeHash>,
    /// The certificates that were issued.
    certificates: Vec<Certificate>,
}

impl Told {
    fn note_checkpoint(&mut self, text: &str) -> u64 {
        let (size, root) = checkpoint(text);
        let before = self.roots.insert(size, root);
        assert!(
            before.is_none_or(|before| before == root),
            "the log signed two trees of one size"
        );
        size
    }
}

fn checkpoint(text: &str) -> (u64, TreeHash) {
    let lines: Vec<_> = text.lines().collect();
    let root = countersign_core::go_json::decode_bytes(lines[2]).unwrap();
    (lines[1].parse().unwrap(), TreeHash::new(root.try_into().unwrap()))
}

async fn get(address: &str, path: &str) -> Option<Answer> {
    send(address, Method::GET, path, &[], Default::default()).await.ok()
}

/// Has certificates issued, one after another, until the server is gone.
async fn issue(address: String, told: Arc<Mutex<Told>>) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let json = [("content-type", "application/json")];
    let body = format!("email={}", WHO.replace('@', "%40"));
    let minted = send(&address, Method::POST, "/oidc/mint", &form, body.into()).await;
    let Ok(minted) = minted else { return };
    let token = minted.expect(200).text();
    loop {
        let body = request(&token, &key(), WHO).to_string();
        let answer = send(&address, Method::POST, "/api/v2/signingCert", &json, body.into()).await;
        let Ok(answer) = answer else { return };
        let issued = chain(&answer.expect(200).json()).swap_remove(0);
        told.lock().unwrap().certificates.push(issued);
        let Some(answer) = get(&address, "/ct/checkpoint").await else {
            return;
        };
        told.lock().unwrap().note_checkpoint(&answer.expect(200).text());
    }
}

async fn issue_until_killed(folder: &Path, told: &Arc<Mutex<Told>>, kill_after: Duration) {
    let (mut child, address) = start(folder);
    let before = told.lock().unwrap().certificates.len();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(issue(address.clone(), Arc::clone(told)));
    }
    while told.lock().unwrap().certificates.len() < before + WRITERS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(kill_after).await;
    child.kill().unwrap();
    child.wait().unwrap();
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
}

fn start(folder: &Path) -> (Child, String) {
    process::start("crash::serve_until_killed", folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_authority_has_logged_every_certificate_it_issued_in_trees_that_continue() {
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 0..ROUNDS {
        issue_until_killed(folder.path(), &told, Duration::from_millis(5 + 23 * round as u64)).await;
        let (mut child, address) = start(folder.path());
        let mut now = std::mem::take(&mut *told.lock().unwrap());
        check(&address, folder.path(), &mut now).await;
        *told.lock().unwrap() = now;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(told.lock().unwrap().certificates.len() >= ROUNDS * WRITERS);
}

/// Reads the whole log, makes every tree anew that it signed, and looks for every certificate.
async fn check(address: &str, folder: &Path, told: &mut Told) {
    let text = get(address, "/ct/checkpoint").await.unwrap().expect(200).text();
    let size = told.note_checkpoint(&text);
    let mut leaves = Vec::new();
    let mut data = Vec::new();
    for tile in 0..size.div_ceil(256) {
        let width = (size - tile * 256).min(256);
        let part = if width == 256 {
            String::new()
        } else {
            format!(".p/{width}")
        };
        let path = format!("/ct/tile/data/{tile:03}{part}");
        let tile = get(address, &path).await.unwrap().expect(200).body;
        leaves.extend(entries(&tile).iter().map(|entry| TreeHash::of_leaf(entry)));
        data.extend_from_slice(&tile);
    }
    assert_eq!(leaves.len() as u64, size);
    for (size, expected) in &told.roots {
        assert_eq!(root(&leaves[..usize::try_from(*size).unwrap()]), *expected);
    }
    let trusted = TrustedRoot::parse(&std::fs::read(folder.join("sigstore/trusted_root.json")).unwrap()).unwrap();
    let authorities = trusted.certificate_authorities();
    for certificate in &told.certificates {
        let issuers = authorities[0].chain();
        let path = verify_path(certificate, &[], issuers, Purpose::CodeSigning, Timestamp::now()).unwrap();
        let seen = verify_embedded(&path, trusted.certificate_logs()).unwrap();
        assert_eq!((seen.logs().len(), seen.refusals().len()), (1, 0));
        let key = certificate.public_key().unwrap().as_der().to_vec();
        assert!(
            data.windows(key.len()).any(|window| window == key),
            "a certificate that was issued is not in the log"
        );
    }
}

/// The leaves of the tree (RFC 6962 §3.4) that a tile of data holds (static-ct-api, "Log entries").
fn entries(tile: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = tile;
    while !rest.is_empty() {
        assert_eq!(rest[8..10], [0, 1], "every entry is of a precertificate");
        let certificate = 10 + 32 + 3 + number(&rest[42..45]);
        let end = certificate + 2 + number(&rest[certificate..certificate + 2]);
        // version 1, timestamped entry
        found.push([&[0, 0], &rest[..end]].concat());
        let precertificate = end + 3 + number(&rest[end..end + 3]);
        let fingerprints = precertificate + 2 + number(&rest[precertificate..precertificate + 2]);
        rest = &rest[fingerprints..];
    }
    found
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}
