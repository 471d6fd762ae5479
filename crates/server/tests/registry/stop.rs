//! Ending.

use std::time::{Duration, Instant};

use countersign_core::Digest;
use countersign_server::{Limits, Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{registry, registry_with};

#[tokio::test]
async fn request_under_way_is_answered_before_the_server_ends() {
    let registry = registry().await;
    let digest = Digest::sha256(b"abcdef");
    let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
    let head = format!("POST /v2/a/blobs/uploads/?digest={digest} HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let stopping = tokio::spawn(registry.running.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!stopping.is_finished());
    stream.write_all(b"def").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    stopping.await.unwrap().unwrap();
}

#[tokio::test]
async fn idle_connection_does_not_hold_the_server() {
    let registry = registry().await;
    let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
    stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 1024];
    assert!(stream.read(&mut answer).await.unwrap() > 0);
    let started = Instant::now();
    registry.running.stop().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn request_that_does_not_end_is_broken_off() {
    let limits = Limits {
        drain: Duration::from_millis(100),
        ..Limits::default()
    };
    let registry = registry_with(|options| options.limits(limits)).await;
    let mut stream = TcpStream::connect(registry.running.address()).await.unwrap();
    stream
        .write_all(b"PUT /v2/a/manifests/v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nabc")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    registry.running.stop().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    // The folder was given back.
    Server::start(ServerOptions::new(registry.folder.path())).await.unwrap();
}
