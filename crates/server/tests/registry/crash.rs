//! SIGKILL amid pushes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_core::Digest;
use countersign_server::{Server, ServerOptions};
use tokio::task::JoinSet;

use crate::client::{Client, IMAGE, image_with, subject};
use crate::process;

const PUSHES: usize = 100;
const ROUNDS: usize = 4;

/// The server of the other process; nothing where the tests run.
#[tokio::test]
async fn serve_until_killed() {
    if let Some(folder) = process::folder() {
        process::wait(&Server::start(ServerOptions::new(folder)).await.unwrap()).await;
    }
}

fn start(folder: &Path) -> (Child, Client) {
    let (child, address) = process::start("crash::serve_until_killed", folder);
    (child, Client::new(address))
}

/// What was pushed, by tag: the manifest and its layer.
type Pushed = BTreeMap<String, (String, Vec<u8>)>;

/// Pushes an image with a subject; an error where the server is gone.
async fn push(
    client: &Client,
    number: usize,
    layer: &[u8],
    manifest: &str,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let digest = Digest::sha256(layer);
    let uploads = "/v2/a/blobs/uploads/";
    if number.is_multiple_of(3) {
        let path = format!("{uploads}?digest={digest}");
        client
            .try_send(http::Method::POST, &path, layer.to_vec())
            .await?
            .expect(201);
    } else {
        let begun = client.try_send(http::Method::POST, uploads, "").await?.expect(202);
        let location = begun.header("location");
        let cut = if number % 3 == 1 { 0 } else { layer.len() / 2 };
        if cut > 0 {
            let chunk = layer[..cut].to_vec();
            client.try_send(http::Method::PATCH, location, chunk).await?.expect(202);
        }
        let path = format!("{location}?digest={digest}");
        client
            .try_send(http::Method::PUT, &path, layer[cut..].to_vec())
            .await?
            .expect(201);
    }
    let path = format!("/v2/a/manifests/tag-{number}");
    let typed = client.with("content-type", IMAGE);
    typed
        .try_send(http::Method::PUT, &path, manifest.to_owned())
        .await?
        .expect(201);
    Ok(())
}

/// Pushes from several tasks until the server is killed, which happens after so many pushes.
async fn push_until_killed(
    client: &Client,
    child: &mut Child,
    first: usize,
    kill_after: usize,
    to: &Digest,
) -> (Pushed, Pushed) {
    let acknowledged = Arc::new(Mutex::new(Pushed::new()));
    let tried = Arc::new(Mutex::new(Pushed::new()));
    let next = Arc::new(AtomicUsize::new(first));
    let mut writers = JoinSet::new();
    for _ in 0..4 {
        let (client, next, to) = (client.clone(), Arc::clone(&next), to.clone());
        let (acknowledged, tried) = (Arc::clone(&acknowledged), Arc::clone(&tried));
        writers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= first + PUSHES {
                    return;
                }
                let layer = number.to_le_bytes().repeat(1 + number * 7919 % 40_000);
                let manifest = image_with(&layer, &subject(&to, &format!("a/number-{number}")));
                let (tag, pushed) = (format!("tag-{number}"), (manifest.clone(), layer.clone()));
                tried.lock().unwrap().insert(tag.clone(), pushed.clone());
                if push(&client, number, &layer, &manifest).await.is_err() {
                    return;
                }
                acknowledged.lock().unwrap().insert(tag, pushed);
            }
        });
    }
    while acknowledged.lock().unwrap().len() < kill_after {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    writers.join_all().await;
    let take = |pushed: &Mutex<Pushed>| std::mem::take(&mut *pushed.lock().unwrap());
    (take(&acknowledged), take(&tried))
}

async fn check_whole(client: &Client, tag: &str, pushed: &(String, Vec<u8>)) {
    let (manifest, layer) = pushed;
    let answer = client.get(&format!("/v2/a/manifests/{tag}")).await.expect(200);
    assert_eq!(answer.body, manifest, "{tag}");
    let blob = client
        .get(&format!("/v2/a/blobs/{}", Digest::sha256(layer)))
        .await
        .expect(200);
    assert_eq!(blob.body, layer, "{tag}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_server_has_every_acknowledged_push_whole_and_none_half() {
    let folder = tempfile::tempdir().unwrap();
    let to = Digest::sha256(b"subject");
    let mut acknowledged = Pushed::new();
    let mut tried = Pushed::new();
    for round in 0..ROUNDS {
        let (mut child, client) = start(folder.path());
        client.push_blob("a", b"{}").await;
        let kill_after = 10 + round * 10;
        let (more, all) = push_until_killed(&client, &mut child, round * PUSHES, kill_after, &to).await;
        assert!(more.len() >= kill_after && all.len() < PUSHES, "the kill came too late");
        acknowledged.extend(more);
        tried.extend(all);

        let (mut child, client) = start(folder.path());
        let list = client.get(&format!("/v2/a/referrers/{to}")).await.expect(200).body;
        let list = String::from_utf8_lossy(&list);
        // What was not acknowledged is there whole, or not at all.
        for (tag, pushed) in &tried {
            let digest = Digest::sha256(pushed.0.as_bytes());
            let by_tag = client.head(&format!("/v2/a/manifests/{tag}")).await.status == 200;
            let by_digest = client.head(&format!("/v2/a/manifests/{digest}")).await.status == 200;
            if by_tag {
                check_whole(&client, tag, pushed).await;
            }
            assert!(by_tag || !acknowledged.contains_key(tag), "{tag} is lost");
            assert!(by_digest || !by_tag, "{tag} points at nothing");
            assert_eq!(
                list.contains(digest.as_str()),
                by_digest,
                "{tag} is listed, or is there, but not both"
            );
        }
        check_contents(&folder.path().join("blobs/sha256"));
        assert_eq!(crate::uploads::files_in(&folder.path().join("aside")), 0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Every file has the digest that it is named after.
fn check_contents(folder: &Path) {
    for shard in std::fs::read_dir(folder).unwrap() {
        for content in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            let path = content.unwrap().path();
            let digest = Digest::sha256(&std::fs::read(&path).unwrap());
            assert_eq!(path.file_name().unwrap().to_str(), Some(digest.hex()));
        }
    }
}
