//! Many writers at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_core::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::client::{Client, IMAGE, INDEX, image_with, registry, registry_with, subject};

const WRITERS: usize = 50;

/// Adds an entry to an index under a tag, as long as it takes.
async fn add(client: Client, entry: String) {
    loop {
        let found = client.get("/v2/a/manifests/list").await;
        let mut entries = BTreeSet::from([entry.clone()]);
        let condition = if found.status == 404 {
            ("if-none-match", "*".to_owned())
        } else {
            let annotations = found.json()["annotations"].clone();
            entries.extend(annotations.as_object().unwrap().keys().cloned());
            ("if-match", found.header("etag").to_owned())
        };
        let annotations: Vec<String> = entries.iter().map(|entry| format!(r#""{entry}":"""#)).collect();
        let index = format!(
            r#"{{"schemaVersion":2,"manifests":[],"annotations":{{{}}}}}"#,
            annotations.join(",")
        );
        let answer = client
            .with(condition.0, &condition.1)
            .put_manifest("a", "list", INDEX, &index)
            .await;
        if answer.status == 201 {
            return;
        }
        answer.expect_error(412, "DENIED");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditional_writers_lose_nothing() {
    let registry = registry().await;
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        writers.spawn(add(registry.client.clone(), format!("writer-{number:02}")));
    }
    writers.join_all().await;
    let list = registry.client.get("/v2/a/manifests/list").await.json();
    assert_eq!(list["annotations"].as_object().unwrap().len(), WRITERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_referrer_pushed_at_the_same_time_is_listed() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    let to = Digest::sha256(b"x");
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let client = registry.client.clone();
        let manifest = image_with(b"layer", &subject(&to, &format!("a/number-{number}")));
        writers.spawn(async move {
            let digest = Digest::sha256(manifest.as_bytes()).to_string();
            client.put_manifest("a", &digest, IMAGE, &manifest).await.expect(201);
            digest
        });
    }
    let pushed: BTreeSet<String> = writers.join_all().await.into_iter().collect();
    let list = registry.client.get(&format!("/v2/a/referrers/{to}")).await.json();
    let manifests = list["manifests"].as_array().unwrap();
    let listed = manifests
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap().to_owned());
    assert_eq!(listed.collect::<BTreeSet<_>>(), pushed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn same_blob_from_many_is_one_blob() {
    let registry = registry().await;
    let bytes = vec![5; 300_000];
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let client = registry.client.clone();
        let bytes = bytes.clone();
        writers.spawn(async move { client.push_blob(&format!("a{}", number % 5), &bytes).await });
    }
    let digest = writers.join_all().await.pop().unwrap();
    for number in 0..5 {
        let answer = registry
            .client
            .get(&format!("/v2/a{number}/blobs/{digest}"))
            .await
            .expect(200);
        assert_eq!(answer.body, bytes);
    }
}

#[tokio::test]
async fn connections_are_served_on_every_runtime_in_turn() {
    let worker = Builder::new_current_thread().enable_all().build().unwrap();
    let handle = worker.handle().clone();
    let (end, ended) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || worker.block_on(ended));
    let registry = registry_with(|options| options.runtimes(vec![handle.clone()])).await;
    let mut connections = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
        stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 "));
        connections.push(stream);
    }
    assert_eq!(handle.metrics().num_alive_tasks(), 2);
    registry.running.stop().await.unwrap();
    // a task that has ended is waited for before its runtime, on another thread, has forgotten it
    let forgotten = async {
        while handle.metrics().num_alive_tasks() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let forgotten = tokio::time::timeout(Duration::from_secs(10), forgotten).await;
    assert!(
        forgotten.is_ok(),
        "{} tasks are left",
        handle.metrics().num_alive_tasks()
    );
    end.send(()).unwrap();
    thread.join().unwrap().unwrap();
}
