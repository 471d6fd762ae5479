//! What the server bears.

use std::time::{Duration, Instant};

use countersign_core::Digest;
use countersign_server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{IMAGE, Registry, image, registry_with};
use crate::uploads::files_in;

async fn limited(adjust: impl FnOnce(&mut Limits)) -> Registry {
    let mut limits = Limits::default();
    adjust(&mut limits);
    registry_with(|options| options.limits(limits)).await
}

#[tokio::test]
async fn long_manifest_is_refused_however_it_comes() {
    let registry = limited(|limits| limits.manifest_bytes = 1000).await;
    registry.client.push_blob("a", b"{}").await;
    registry.client.push_blob("a", b"x").await;
    let fits = format!("{}{}", image(b"x"), " ".repeat(1000 - image(b"x").len()));
    registry.client.put_manifest("a", "v1", IMAGE, &fits).await.expect(201);
    let long = format!("{fits} ");
    registry
        .client
        .put_manifest("a", "v2", IMAGE, &long)
        .await
        .expect_error(413, "MANIFEST_INVALID");
    let chunked = format!(
        "PUT /v2/a/manifests/v2 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    assert!(raw(&registry, &chunked).await.starts_with("HTTP/1.1 413 "));
    registry.client.get("/v2/a/manifests/v2").await.expect(404);
}

#[tokio::test]
async fn long_blob_is_refused_and_leaves_nothing() {
    let registry = limited(|limits| limits.blob_bytes = 10).await;
    let client = &registry.client;
    let post = format!("/v2/a/blobs/uploads/?digest={}", Digest::sha256(b"elevenbytes"));
    client
        .post(&post, "elevenbytes")
        .await
        .expect_error(413, "SIZE_INVALID");
    let location = client.begin("a").await;
    client.patch(&location, "12345678").await.expect(202);
    client.patch(&location, "901").await.expect_error(413, "SIZE_INVALID");
    let chunked = format!(
        "PATCH {location} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\n901\r\n0\r\n\r\n"
    );
    assert!(raw(&registry, &chunked).await.starts_with("HTTP/1.1 413 "));
    let digest = Digest::sha256(b"1234567890");
    client
        .put(&format!("{location}?digest={digest}"), "90")
        .await
        .expect(201);
    assert_eq!(files_in(&registry.folder.path().join("repositories/a/_uploads")), 0);
}

#[tokio::test]
async fn uploads_are_counted() {
    let registry = limited(|limits| limits.uploads = 2).await;
    let first = registry.client.begin("a").await;
    registry.client.begin("b").await;
    registry
        .client
        .post("/v2/a/blobs/uploads/", "")
        .await
        .expect_error(429, "TOOMANYREQUESTS");
    registry.client.delete(&first).await.expect(204);
    registry.client.begin("a").await;
}

#[tokio::test]
async fn client_that_stops_sending_is_cut_off() {
    let registry = limited(|limits| limits.stall = Duration::from_millis(200)).await;
    let location = registry.client.begin("a").await;
    let started = Instant::now();
    for request in [
        "PUT /v2/a/manifests/v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{".to_owned(),
        format!("PATCH {location} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc"),
    ] {
        assert!(raw(&registry, &request).await.starts_with("HTTP/1.1 408 "));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    // What came of the chunk is kept: the client goes on from there.
    assert_eq!(registry.client.get(&location).await.header("range"), "0-2");
}

#[tokio::test]
async fn connection_that_says_nothing_is_closed() {
    let registry = limited(|limits| limits.idle = Duration::from_millis(200)).await;
    for start in ["", "GET /v2/ HTT"] {
        let answer = tokio::time::timeout(Duration::from_secs(5), raw(&registry, start)).await;
        assert!(answer.is_ok(), "{start:?} holds its connection");
    }
}

#[tokio::test]
async fn client_that_takes_nothing_is_cut_off() {
    let registry = limited(|limits| limits.stall = Duration::from_millis(200)).await;
    let digest = registry.client.push_blob("a", &vec![7; 32 << 20]).await;
    let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
    let request = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let started = Instant::now();
    loop {
        let metrics = registry.client.get("/metrics").await.body;
        // The one in flight is the request for the metrics.
        if String::from_utf8_lossy(&metrics).contains("requests_in_flight 1\n")
            && started.elapsed() > Duration::from_millis(300)
        {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "the download is still there"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn connections_wait_for_a_place() {
    let registry = limited(|limits| limits.connections = 1).await;
    let holder = TcpStream::connect(registry.running.address()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let client = registry.client.clone();
    let waiting = tokio::spawn(async move { client.get("/v2/").await.status });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    drop(holder);
    assert_eq!(waiting.await.unwrap(), 200);
}

#[tokio::test]
async fn endless_head_is_refused() {
    let registry = limited(|_| {}).await;
    let long = format!("GET /v2/ HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    let answer = raw(&registry, &long).await;
    assert!(answer.starts_with("HTTP/1.1 431 ") || answer.is_empty(), "{answer}");
    let many = format!("GET /v2/ HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(500));
    assert!(raw(&registry, &many).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn broken_off_upload_in_one_request_leaves_nothing() {
    let registry = limited(|_| {}).await;
    let post = format!("/v2/a/blobs/uploads/?digest={}", Digest::sha256(b"x"));
    let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
    let request = format!("POST {post} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc");
    stream.write_all(request.as_bytes()).await.unwrap();
    let folder = registry.folder.path().join("repositories/a/_uploads");
    wait_for(|| files_in(&folder) == 1).await;
    drop(stream);
    wait_for(|| files_in(&folder) == 0).await;
}

async fn wait_for(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(5), "this did not come about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends bytes as they are, and reads until the server closes or answers.
async fn raw(registry: &Registry, request: &str) -> String {
    let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
    // The server may have closed already.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}
