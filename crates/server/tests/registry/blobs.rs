//! Reading, mounting and unlinking blobs.

use countersign_core::Digest;

use crate::client::registry;

#[tokio::test]
async fn pushed_blob_is_read_back() {
    let registry = registry().await;
    let client = &registry.client;
    for size in [0, 1, 128 * 1024, 128 * 1024 + 1, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|i: u32| i.to_le_bytes()[(i % 3) as usize]).collect();
        let digest = client.push_blob("a/b", &bytes).await;
        let path = format!("/v2/a/b/blobs/{digest}");
        let answer = client.get(&path).await.expect(200);
        assert_eq!(answer.body, bytes);
        assert_eq!(answer.header("docker-content-digest"), digest.as_str());
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        let answer = client.head(&path).await.expect(200);
        assert_eq!(answer.header("content-length"), size.to_string());
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn part_of_a_blob_is_read() {
    let registry = registry().await;
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| i.to_le_bytes()[1]).collect();
    let digest = registry.client.push_blob("a", &bytes).await;
    let path = format!("/v2/a/blobs/{digest}");
    for (range, start, end) in [
        ("bytes=10-19", 10, 20),
        ("bytes=999990-", 999_990, 1_000_000),
        ("bytes=1-700000", 1, 700_001),
    ] {
        let answer = registry.client.with("range", range).get(&path).await.expect(206);
        assert_eq!(answer.body, bytes[start..end]);
        assert_eq!(
            answer.header("content-range"),
            format!("bytes {start}-{}/1000000", end - 1)
        );
    }
    let answer = registry.client.with("range", "bytes=1000000-").get(&path).await;
    assert_eq!(answer.header("content-range"), "bytes */1000000");
    answer.expect_error(416, "SIZE_INVALID");
    let stale = registry.client.with("range", "bytes=0-1").with("if-range", "\"other\"");
    assert_eq!(stale.get(&path).await.expect(200).body.len(), bytes.len());
}

#[tokio::test]
async fn reader_who_has_a_blob_is_told_so() {
    let registry = registry().await;
    let digest = registry.client.push_blob("a", b"abc").await;
    let client = registry.client.with("if-none-match", &format!("\"{digest}\""));
    let answer = client.get(&format!("/v2/a/blobs/{digest}")).await.expect(304);
    assert_eq!(answer.header("etag"), format!("\"{digest}\""));
}

#[tokio::test]
async fn blob_is_seen_only_where_it_was_pushed_or_mounted() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = client.push_blob("from", b"abc").await;
    let path = format!("/v2/to/blobs/{digest}");
    client.get(&path).await.expect_error(404, "BLOB_UNKNOWN");
    client.head(&path).await.expect(404);
    let mount = |from: &str| format!("/v2/to/blobs/uploads/?mount={digest}{from}");
    client.post(&mount("&from=elsewhere"), "").await.expect(202);
    client.get(&path).await.expect(404);
    let answer = client.post(&mount("&from=from"), "").await.expect(201);
    assert_eq!(answer.header("location"), path);
    assert_eq!(client.get(&path).await.expect(200).body, "abc");
}

#[tokio::test]
async fn blob_is_mounted_without_a_source_where_any_repository_has_it() {
    let registry = registry().await;
    let digest = registry.client.push_blob("from", b"abc").await;
    let mount = |digest: &Digest| format!("/v2/to/blobs/uploads/?mount={digest}");
    registry.client.post(&mount(&digest), "").await.expect(201);
    registry.client.post(&mount(&Digest::sha256(b"")), "").await.expect(202);
}

#[tokio::test]
async fn unlinked_blob_is_gone_from_its_repository_only() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = client.push_blob("a", b"abc").await;
    client.push_blob("b", b"abc").await;
    client.delete(&format!("/v2/a/blobs/{digest}")).await.expect(202);
    client
        .delete(&format!("/v2/a/blobs/{digest}"))
        .await
        .expect_error(404, "BLOB_UNKNOWN");
    client.get(&format!("/v2/a/blobs/{digest}")).await.expect(404);
    client.get(&format!("/v2/b/blobs/{digest}")).await.expect(200);
    client.push_blob("a", b"abc").await;
    client.get(&format!("/v2/a/blobs/{digest}")).await.expect(200);
}

#[tokio::test]
async fn content_that_nobody_has_is_garbage() {
    let registry = registry().await;
    let client = &registry.client;
    let gone = client.push_blob("a", b"gone").await;
    client.push_image("a", "v1", b"kept").await;
    client.delete(&format!("/v2/a/blobs/{gone}")).await.expect(202);
    registry.running.stop().await.unwrap();
    let collected = countersign_server::collect_garbage(registry.folder.path()).unwrap();
    assert_eq!((collected.contents, collected.bytes), (1, 4));
    let running =
        countersign_server::Server::start(countersign_server::ServerOptions::new(registry.folder.path())).await;
    let running = running.unwrap();
    let client = crate::client::Client::new(running.address().to_string());
    client.get("/v2/a/manifests/v1").await.expect(200);
    client
        .get(&format!("/v2/a/blobs/{}", Digest::sha256(b"kept")))
        .await
        .expect(200);
    client
        .post(&format!("/v2/a/blobs/uploads/?mount={gone}"), "")
        .await
        .expect(202);
}

#[tokio::test]
async fn malformed_names_are_refused_with_their_codes() {
    let registry = registry().await;
    let client = &registry.client;
    client
        .get("/v2/a/blobs/sha256:00")
        .await
        .expect_error(400, "DIGEST_INVALID");
    client
        .get("/v2/a/blobs/md5:00")
        .await
        .expect_error(400, "DIGEST_INVALID");
    let digest = Digest::sha256(b"");
    client
        .get(&format!("/v2/A/blobs/{digest}"))
        .await
        .expect_error(400, "NAME_INVALID");
    client
        .get(&format!("/v2/a/%2e%2e/blobs/{digest}"))
        .await
        .expect_error(400, "NAME_INVALID");
    client
        .post("/v2/a/blobs/uploads/?mount=x", "")
        .await
        .expect_error(400, "DIGEST_INVALID");
    client
        .post(&format!("/v2/a/blobs/uploads/?mount={digest}&from=..",), "")
        .await
        .expect_error(400, "NAME_INVALID");
    client
        .post(&format!("/v2/a/blobs/{digest}"), "")
        .await
        .expect_error(405, "UNSUPPORTED");
    client.get("/v2/a/nothing/here").await.expect_error(404, "UNSUPPORTED");
}
