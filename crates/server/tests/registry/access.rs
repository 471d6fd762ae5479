//! Who may do what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_core::{Digest, Secret};
use countersign_server::{Access, BasicAuth, Server, ServerOptions};

use crate::client::{Client, IMAGE, image, registry, registry_with};

#[tokio::test]
async fn nothing_is_told_or_taken_without_the_right_password() {
    let auth = BasicAuth::user("ann", &Secret::new("secret".to_owned())).unwrap();
    let registry = registry_with(|options| options.auth(auth)).await;
    let basic = |pair: &str| {
        registry
            .client
            .with("authorization", &format!("Basic {}", STANDARD.encode(pair)))
    };
    for path in ["/v2/", "/v2/a/tags/list", "/v2/_catalog", "/metrics", "/nothing"] {
        let answer = registry.client.get(path).await;
        assert_eq!(
            answer.header("www-authenticate"),
            "Basic realm=\"countersign\", charset=\"UTF-8\""
        );
        answer.expect_error(401, "UNAUTHORIZED");
        basic("ann:wrong").get(path).await.expect_error(401, "UNAUTHORIZED");
    }
    registry.client.get("/healthz").await.expect(200);
    let body = vec![0; 500_000];
    let post = format!("/v2/a/blobs/uploads/?digest={}", Digest::sha256(&body));
    registry
        .client
        .post(&post, body.clone())
        .await
        .expect_error(401, "UNAUTHORIZED");
    basic("ann:secret").post(&post, body).await.expect(201);
    registry
        .client
        .with("authorization", "Bearer x")
        .get("/v2/")
        .await
        .expect(401);
    basic("ann:secret").get("/v2/").await.expect(200);
}

#[tokio::test]
async fn read_only_registry_is_read_only() {
    let writable = registry().await;
    let digest = writable.client.push_image("a", "v1", b"layer").await;
    let location = writable.client.begin("a").await;
    writable.running.stop().await.unwrap();
    let options = ServerOptions::new(writable.folder.path()).access(Access::ReadOnly);
    let running = Server::start(options).await.unwrap();
    let client = Client::new(running.address().to_string());
    client.get("/v2/a/manifests/v1").await.expect(200);
    client.get("/v2/a/tags/list").await.expect(200);
    client
        .put_manifest("a", "v2", IMAGE, &image(b"layer"))
        .await
        .expect_error(405, "UNSUPPORTED");
    client
        .post("/v2/a/blobs/uploads/", "")
        .await
        .expect_error(405, "UNSUPPORTED");
    client.patch(&location, "x").await.expect_error(405, "UNSUPPORTED");
    client
        .delete(&format!("/v2/a/manifests/{digest}"))
        .await
        .expect_error(405, "UNSUPPORTED");
    client.get("/v2/a/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn folder_has_one_server() {
    let registry = registry().await;
    let second = Server::start(ServerOptions::new(registry.folder.path())).await;
    assert!(matches!(
        second,
        Err(countersign_server::ServerError::Store(
            countersign_server::StoreError::Locked { .. }
        ))
    ));
}
