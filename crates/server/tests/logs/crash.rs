//! SIGKILL amid appends.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_core::log::LogEntry;
use countersign_core::log::checkpoint::Checkpoint;
use countersign_core::log::merkle::{TreeHash, TreeHead, check_consistency};
use countersign_core::protocol::rekor::{entry_of_rekor_1, entry_of_rekor_2};
use countersign_core::trust::TransparencyLog;
use countersign_server::Durability;
use http::Method;
use tokio::task::JoinSet;

use crate::client::{Client, Signed, Trust, check_included, serve};
use crate::process;
use crate::tree::root;

const ROUNDS: usize = 5;
const WRITERS: usize = 6;

/// The server of the other process; nothing where the tests run.
#[tokio::test]
async fn serve_until_killed() {
    if let Some(folder) = process::folder() {
        process::wait(&serve(&folder, Durability::PowerCut).await).await;
    }
}

fn start(folder: &Path) -> (Child, Client) {
    let (child, address) = process::start("crash::serve_until_killed", folder);
    (child, Client::new(address))
}

/// What a log told its clients, by its API.
#[derive(Default)]
struct Told {
    /// The trees it signed, by their sizes.
    heads: BTreeMap<u64, TreeHead>,
    /// The entries it acknowledged, by their places.
    entries: BTreeMap<u64, Vec<u8>>,
}

impl Told {
    fn note(&mut self, entry: &LogEntry, log: &TransparencyLog) {
        self.note_head(check_included(entry, log));
        let before = self.entries.insert(entry.log_index(), entry.body().to_vec());
        assert_eq!(before, None, "two entries are at the same place");
    }

    fn note_head(&mut self, head: TreeHead) {
        let known = self.heads.insert(head.size, head);
        assert!(
            known.is_none_or(|known| known == head),
            "the log signed two trees of one size"
        );
    }
}

/// Appends from several tasks until the server is killed, which happens so long after the first answer.
async fn append_until_killed(
    client: &Client,
    child: &mut Child,
    trust: &Arc<Trust>,
    told: &[Arc<Mutex<Told>>; 2],
    kill_after: Duration,
) {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (client, trust, told, answered) = (client.clone(), Arc::clone(trust), told.clone(), Arc::clone(&answered));
        writers.spawn(async move {
            loop {
                let signed = Signed::text(b"content");
                let proposal = signed.proposal();
                let request = proposal.to_rekor_2().unwrap();
                let Ok(answer) = client.try_send(Method::POST, "/api/v2/log/entries", request).await else {
                    return;
                };
                let entry = entry_of_rekor_2(&answer.expect(201).body).unwrap();
                told[1].lock().unwrap().note(&entry, &trust.rekor_2);
                let request = proposal.to_rekor_1().unwrap();
                let Ok(answer) = client.try_send(Method::POST, "/api/v1/log/entries", request).await else {
                    return;
                };
                let entry = entry_of_rekor_1(&answer.expect(201).body).unwrap();
                signed.prove(&entry, &trust.rekor_1);
                told[0].lock().unwrap().note(&entry, &trust.rekor_1);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while answered.load(Ordering::Relaxed) < WRITERS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(kill_after).await;
    child.kill().unwrap();
    child.wait().unwrap();
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_log_continues_every_tree_it_signed_and_has_every_acknowledged_entry() {
    let folder = tempfile::tempdir().unwrap();
    let trust = Arc::new(Trust::of(folder.path()));
    let told: [Arc<Mutex<Told>>; 2] = Default::default();
    for round in 0..ROUNDS {
        let (mut child, client) = start(folder.path());
        let kill_after = Duration::from_millis(7 + 31 * round as u64);
        append_until_killed(&client, &mut child, &trust, &told, kill_after).await;

        let (mut child, client) = start(folder.path());
        let [mut rekor_1, mut rekor_2] = told.each_ref().map(|told| std::mem::take(&mut *told.lock().unwrap()));
        check_rekor_1(&client, &trust, &mut rekor_1).await;
        check_rekor_2(&client, &trust, &mut rekor_2).await;
        *told[0].lock().unwrap() = rekor_1;
        *told[1].lock().unwrap() = rekor_2;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(
        told.iter()
            .all(|told| told.lock().unwrap().entries.len() >= ROUNDS * WRITERS)
    );
}

/// Asks for what was acknowledged, and for proofs.
async fn check_rekor_1(client: &Client, trust: &Trust, told: &mut Told) {
    let state = client.get("/api/v1/log").await.expect(200).json();
    let checkpoint = Checkpoint::parse(state["signedTreeHead"].as_str().unwrap()).unwrap();
    checkpoint.check_signed_by(&trust.rekor_1).unwrap();
    let now = *checkpoint.head();
    for head in told.heads.values() {
        let path = format!("/api/v1/log/proof?firstSize={}&lastSize={}", head.size, now.size);
        let proof = client.get(&path).await.expect(200).json();
        let hashes = proof["hashes"].as_array().unwrap().iter().map(|hash| {
            let hash = hex::decode(hash.as_str().unwrap()).unwrap();
            TreeHash::new(hash.try_into().unwrap())
        });
        assert_eq!(check_consistency(head, &now, &hashes.collect::<Vec<_>>()), Ok(()));
    }
    for (index, body) in &told.entries {
        let answer = client
            .get(&format!("/api/v1/log/entries?logIndex={index}"))
            .await
            .expect(200);
        let entry = entry_of_rekor_1(&answer.body).unwrap();
        assert_eq!(entry.body(), body);
        assert_eq!(check_included(&entry, &trust.rekor_1), now);
    }
    told.note_head(now);
}

/// Reads the whole log, and makes every tree anew that it signed.
async fn check_rekor_2(client: &Client, trust: &Trust, told: &mut Told) {
    let note = client.get("/api/v2/checkpoint").await.expect(200).text();
    let checkpoint = Checkpoint::parse(&note).unwrap();
    checkpoint.check_signed_by(&trust.rekor_2).unwrap();
    let now = *checkpoint.head();
    let mut leaves = Vec::new();
    let mut bodies = Vec::new();
    for tile in 0..now.size.div_ceil(256) {
        let width = (now.size - tile * 256).min(256);
        let part = if width == 256 {
            String::new()
        } else {
            format!(".p/{width}")
        };
        let hashes = client
            .get(&format!("/api/v2/tile/0/{tile:03}{part}"))
            .await
            .expect(200)
            .body;
        leaves.extend(
            hashes
                .chunks_exact(32)
                .map(|hash| TreeHash::new(hash.try_into().unwrap())),
        );
        let bundle = client
            .get(&format!("/api/v2/tile/entries/{tile:03}{part}"))
            .await
            .expect(200)
            .body;
        let mut rest = &bundle[..];
        while let Some((length, after)) = rest.split_first_chunk() {
            let (body, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            bodies.push(body.to_vec());
            rest = after;
        }
    }
    let hashed: Vec<_> = bodies.iter().map(|body| TreeHash::of_leaf(body)).collect();
    assert_eq!(hashed, leaves);
    told.note_head(now);
    for head in told.heads.values() {
        assert_eq!(root(&leaves[..usize::try_from(head.size).unwrap()]), head.root);
    }
    for (index, body) in &told.entries {
        assert_eq!(&bodies[usize::try_from(*index).unwrap()], body);
    }
}
