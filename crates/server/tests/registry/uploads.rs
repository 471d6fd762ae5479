//! Pushing blobs, whole and in chunks.

use countersign_core::{Algorithm, Digest};
use countersign_server::{Server, ServerOptions};

use crate::client::{Client, registry};

#[tokio::test]
async fn chunks_make_a_blob() {
    let registry = registry().await;
    let client = &registry.client;
    let location = client.begin("a").await;
    let answer = client
        .with("content-range", "0-3")
        .patch(&location, "abcd")
        .await
        .expect(202);
    assert_eq!(answer.header("range"), "0-3");
    let location = answer.header("location");
    let answer = client.get(location).await.expect(204);
    assert_eq!(answer.header("range"), "0-3");
    client.patch(location, "ef").await.expect(202);
    let digest = Digest::sha256(b"abcdefgh");
    let answer = client
        .with("content-range", "6-7")
        .put(&format!("{location}?digest={digest}"), "gh")
        .await
        .expect(201);
    assert_eq!(answer.header("docker-content-digest"), digest.as_str());
    assert_eq!(client.get(answer.header("location")).await.expect(200).body, "abcdefgh");
    client.get(location).await.expect_error(404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn chunk_out_of_order_is_refused_and_says_where_to_go_on() {
    let registry = registry().await;
    let client = &registry.client;
    let location = client.begin("a").await;
    client.patch(&location, "abcd").await.expect(202);
    for range in ["0-3", "5-8"] {
        let answer = client.with("content-range", range).patch(&location, "xxxx").await;
        assert_eq!(
            (answer.header("range"), answer.header("location")),
            ("0-3", location.as_str())
        );
        answer.expect_error(416, "BLOB_UPLOAD_INVALID");
    }
    let digest = Digest::sha256(b"abcdefgh");
    let put = format!("{location}?digest={digest}");
    client
        .with("content-range", "0-3")
        .put(&put, "efgh")
        .await
        .expect_error(416, "BLOB_UPLOAD_INVALID");
    client.with("content-range", "4-7").put(&put, "efgh").await.expect(201);
}

#[tokio::test]
async fn chunk_of_another_length_than_its_range_leaves_nothing() {
    let registry = registry().await;
    let client = &registry.client;
    let location = client.begin("a").await;
    client
        .with("content-range", "0-9")
        .patch(&location, "abcd")
        .await
        .expect_error(400, "SIZE_INVALID");
    client
        .with("content-range", "x")
        .patch(&location, "abcd")
        .await
        .expect_error(400, "BLOB_UPLOAD_INVALID");
    let digest = Digest::sha256(b"abcd");
    client
        .put(&format!("{location}?digest={digest}"), "abcd")
        .await
        .expect(201);
}

#[tokio::test]
async fn bytes_of_another_digest_are_refused() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = Digest::sha256(b"abc");
    let post = format!("/v2/a/blobs/uploads/?digest={digest}");
    client.post(&post, "abd").await.expect_error(400, "DIGEST_INVALID");
    let location = client.begin("a").await;
    client.put(&location, "abc").await.expect_error(400, "DIGEST_INVALID");
    client
        .put(&format!("{location}?digest=sha256:x"), "abc")
        .await
        .expect_error(400, "DIGEST_INVALID");
    client
        .put(&format!("{location}?digest={digest}"), "abd")
        .await
        .expect_error(400, "DIGEST_INVALID");
    client
        .get(&format!("/v2/a/blobs/{digest}"))
        .await
        .expect_error(404, "BLOB_UNKNOWN");
    client
        .put(&format!("{location}?digest={digest}"), "abc")
        .await
        .expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(files_in(&registry.folder.path().join("repositories/a/_uploads")), 0);
}

#[tokio::test]
async fn sha512_is_taken_in_every_way() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = Digest::of(Algorithm::Sha512, b"abcdef");
    for algorithm in ["", "?digest-algorithm=sha512"] {
        let location = client
            .post(&format!("/v2/a/blobs/uploads/{algorithm}"), "")
            .await
            .expect(202);
        let location = location.header("location");
        client.patch(location, "abc").await.expect(202);
        client
            .put(&format!("{location}?digest={digest}"), "def")
            .await
            .expect(201);
        assert_eq!(
            client.get(&format!("/v2/a/blobs/{digest}")).await.expect(200).body,
            "abcdef"
        );
        client.delete(&format!("/v2/a/blobs/{digest}")).await.expect(202);
    }
    client
        .post(&format!("/v2/a/blobs/uploads/?digest={digest}"), "abcdef")
        .await
        .expect(201);
}

#[tokio::test]
async fn cancelled_upload_is_gone() {
    let registry = registry().await;
    let location = registry.client.begin("a").await;
    registry.client.patch(&location, "abc").await.expect(202);
    registry.client.delete(&location).await.expect(204);
    registry
        .client
        .delete(&location)
        .await
        .expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    registry
        .client
        .patch(&location, "abc")
        .await
        .expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(files_in(&registry.folder.path().join("repositories/a/_uploads")), 0);
}

#[tokio::test]
async fn upload_belongs_to_its_repository() {
    let registry = registry().await;
    let location = registry.client.begin("a").await;
    let other = location.replace("/a/", "/b/");
    registry
        .client
        .patch(&other, "abc")
        .await
        .expect_error(404, "BLOB_UPLOAD_UNKNOWN");
    registry
        .client
        .get(&other)
        .await
        .expect_error(404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn upload_goes_on_after_a_restart() {
    let registry = registry().await;
    let location = registry.client.begin("a").await;
    registry.client.patch(&location, "abcd").await.expect(202);
    registry.running.stop().await.unwrap();
    let running = Server::start(ServerOptions::new(registry.folder.path())).await.unwrap();
    let client = Client::new(running.address().to_string());
    assert_eq!(client.get(&location).await.expect(204).header("range"), "0-3");
    client
        .with("content-range", "4-5")
        .patch(&location, "ef")
        .await
        .expect(202);
    let digest = Digest::sha256(b"abcdefgh");
    client
        .put(&format!("{location}?digest={digest}"), "gh")
        .await
        .expect(201);
    assert_eq!(
        client.get(&format!("/v2/a/blobs/{digest}")).await.expect(200).body,
        "abcdefgh"
    );
}

pub(crate) fn files_in(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
