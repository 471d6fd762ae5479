//! A folder that something else has damaged.

use countersign_core::Digest;

use crate::client::{IMAGE, image, registry};

#[tokio::test]
async fn damaged_tag_is_an_error_and_not_an_absence() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    std::fs::write(registry.folder.path().join("repositories/a/_tags/v1"), "nonsense").unwrap();
    let answer = registry.client.get("/v2/a/manifests/v1").await;
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!told.contains("repositories"), "{told} names a file of the server");
    answer.expect_error(500, "UNKNOWN");
    registry
        .client
        .put_manifest("a", "v1", IMAGE, &image(b"layer"))
        .await
        .expect(201);
    registry.client.get("/v2/a/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn damaged_list_of_referrers_is_an_error_and_not_an_absence() {
    let registry = registry().await;
    let to = Digest::sha256(b"x");
    let folder = registry.folder.path().join("repositories/a/_referrers/sha256");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(to.hex()), "{\"mediaType\":").unwrap();
    registry
        .client
        .get(&format!("/v2/a/referrers/{to}"))
        .await
        .expect_error(500, "UNKNOWN");
}

#[tokio::test]
async fn pushing_again_heals_content_that_was_cut() {
    let registry = registry().await;
    let digest = registry.client.push_blob("a", b"abcdef").await;
    let shard = registry.folder.path().join("blobs/sha256").join(&digest.hex()[..2]);
    std::fs::write(shard.join(digest.hex()), "abc").unwrap();
    registry.client.push_blob("a", b"abcdef").await;
    let answer = registry.client.get(&format!("/v2/a/blobs/{digest}")).await;
    assert_eq!(answer.body, "abcdef");
}

#[tokio::test]
async fn folder_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("format"), "something else").unwrap();
    let started = countersign_server::Server::start(countersign_server::ServerOptions::new(folder.path())).await;
    assert!(matches!(
        started,
        Err(countersign_server::ServerError::Store(countersign_server::StoreError::Format { found, .. })) if found == "something else"
    ));
}
