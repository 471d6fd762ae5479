//! Pushing, reading and deleting manifests and tags.

use countersign_core::{Algorithm, Digest};
use countersign_server::MissingContent;

use crate::client::{IMAGE, INDEX, descriptor, image, image_with, registry, registry_with};

#[tokio::test]
async fn manifest_is_read_back_as_it_was_pushed() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = client.push_image("a", "v1", b"layer").await;
    for reference in ["v1", digest.as_str()] {
        let path = format!("/v2/a/manifests/{reference}");
        let answer = client.get(&path).await.expect(200);
        assert_eq!(answer.body, image(b"layer"));
        assert_eq!(answer.header("content-type"), IMAGE);
        assert_eq!(answer.header("docker-content-digest"), digest.as_str());
        assert_eq!(answer.header("etag"), format!("\"{digest}\""));
        let head = client.head(&path).await.expect(200);
        assert_eq!(head.header("content-length"), answer.body.len().to_string());
        let cached = client.with("if-none-match", answer.header("etag"));
        assert!(cached.get(&path).await.expect(304).body.is_empty());
    }
}

#[tokio::test]
async fn manifest_is_pushed_by_either_digest_with_tags() {
    let registry = registry().await;
    let client = &registry.client;
    client.push_image("a", "v1", b"layer").await;
    let manifest = image(b"layer");
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let digest = Digest::of(algorithm, manifest.as_bytes());
        let answer = client
            .put_manifest("a", &format!("{digest}?tag=x&tag=y"), IMAGE, &manifest)
            .await
            .expect(201);
        let tags: Vec<_> = answer.headers.get_all("oci-tag").iter().collect();
        assert_eq!(tags, ["x", "y"]);
        assert_eq!(
            client.get("/v2/a/manifests/y").await.header("docker-content-digest"),
            digest.as_str()
        );
    }
    let other = Digest::sha256(b"other");
    client
        .put_manifest("a", other.as_str(), IMAGE, &manifest)
        .await
        .expect_error(400, "DIGEST_INVALID");
    let many: String = (0..65).map(|i| format!("&tag=t{i}")).collect();
    let digest = Digest::sha256(manifest.as_bytes());
    client
        .put_manifest("a", &format!("{digest}?x{many}"), IMAGE, &manifest)
        .await
        .expect_error(400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn what_is_no_manifest_is_refused() {
    let registry = registry().await;
    let client = &registry.client;
    client.push_image("a", "v1", b"layer").await;
    let deep = format!(
        r#"{{"schemaVersion":2,"x":{}1{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let good = image(b"layer");
    let both = image_with(b"layer", r#""manifests":[],"#);
    let unknown_algorithm = good.replace("sha256:", "sha3:");
    for (media_type, bytes) in [
        (IMAGE, ""),
        (IMAGE, "nonsense"),
        (IMAGE, "[]"),
        (IMAGE, "{}"),
        (IMAGE, &good[..good.len() - 2]),
        (IMAGE, &deep),
        (IMAGE, &both),
        (IMAGE, &unknown_algorithm),
        (INDEX, &good),
        ("application/json", &good.replace(IMAGE, "application/json")),
        ("text", r#"{"schemaVersion":2}"#),
        (IMAGE, r#"{"schemaVersion":1,"config":null,"layers":[]}"#),
        (
            INDEX,
            r#"{"schemaVersion":2,"manifests":[{"mediaType":"x/y","size":-1,"digest":"sha256:00"}]}"#,
        ),
    ] {
        client
            .put_manifest("a", "bad", media_type, bytes)
            .await
            .expect_error(400, "MANIFEST_INVALID");
    }
    client
        .get("/v2/a/manifests/bad")
        .await
        .expect_error(404, "MANIFEST_UNKNOWN");
    client
        .put_manifest("a", ".bad", IMAGE, &good)
        .await
        .expect_error(400, "MANIFEST_INVALID");
    client
        .put_manifest("a", "sha256:00", IMAGE, &good)
        .await
        .expect_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn content_type_may_be_left_to_the_manifest() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    registry
        .client
        .put("/v2/a/manifests/v2", image(b"layer"))
        .await
        .expect(201);
    let answer = registry.client.get("/v2/a/manifests/v2").await;
    assert_eq!(answer.header("content-type"), IMAGE);
}

#[tokio::test]
async fn manifest_of_what_is_not_there_is_refused_unless_that_is_wanted() {
    let strict = registry().await;
    strict.client.push_blob("a", b"{}").await;
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, descriptor(IMAGE, b"none"));
    let image = image(b"missing");
    for (media_type, manifest) in [(IMAGE, &image), (INDEX, &index)] {
        let answer = strict.client.put_manifest("a", "v1", media_type, manifest).await;
        answer.expect_error(400, "MANIFEST_BLOB_UNKNOWN");
    }
    // In another repository it does not count.
    strict.client.push_blob("b", b"missing").await;
    strict
        .client
        .put_manifest("a", "v1", IMAGE, &image)
        .await
        .expect_error(400, "MANIFEST_BLOB_UNKNOWN");
    let sparse = registry_with(|options| options.missing(MissingContent::Accepted)).await;
    for (media_type, manifest) in [(IMAGE, &image), (INDEX, &index)] {
        sparse
            .client
            .put_manifest("a", "v1", media_type, manifest)
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn layer_that_is_elsewhere_need_not_be_there() {
    let registry = registry().await;
    registry.client.push_blob("a", b"{}").await;
    let manifest = image(b"x").replace(
        "application/octet-stream",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    );
    registry
        .client
        .put_manifest("a", "v1", IMAGE, &manifest)
        .await
        .expect(201);
}

#[tokio::test]
async fn index_of_what_is_there_is_taken() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#,
        descriptor(IMAGE, image(b"layer").as_bytes())
    );
    registry
        .client
        .put_manifest("a", "all", INDEX, &index)
        .await
        .expect(201);
}

#[tokio::test]
async fn deleted_tag_leaves_its_manifest() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = client.push_image("a", "v1", b"layer").await;
    client.delete("/v2/a/manifests/v1").await.expect(202);
    client
        .delete("/v2/a/manifests/v1")
        .await
        .expect_error(404, "MANIFEST_UNKNOWN");
    client
        .get("/v2/a/manifests/v1")
        .await
        .expect_error(404, "MANIFEST_UNKNOWN");
    client.get(&format!("/v2/a/manifests/{digest}")).await.expect(200);
}

#[tokio::test]
async fn deleted_manifest_takes_its_tags_along() {
    let registry = registry().await;
    let client = &registry.client;
    let digest = client.push_image("a", "v1", b"layer").await;
    client.push_image("a", "v2", b"layer").await;
    client.push_image("a", "other", b"another").await;
    client.push_image("b", "v1", b"layer").await;
    client.delete(&format!("/v2/a/manifests/{digest}")).await.expect(202);
    client
        .delete(&format!("/v2/a/manifests/{digest}"))
        .await
        .expect_error(404, "MANIFEST_UNKNOWN");
    client.get("/v2/a/manifests/v1").await.expect(404);
    assert_eq!(
        client.get("/v2/a/tags/list").await.json()["tags"],
        serde_json::json!(["other"])
    );
    client.get("/v2/b/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn conditions_are_kept_on_tags() {
    let registry = registry().await;
    let client = &registry.client;
    let first = client.push_image("a", "v1", b"one").await;
    let second = client.push_image("a", "v2", b"two").await;
    let manifest = image(b"two");
    let path = "/v2/a/manifests/v1";
    let quoted = |digest: &Digest| format!("\"{digest}\"");
    let typed = client.with("content-type", IMAGE);
    for (name, value, path) in [
        ("if-none-match", "*".to_owned(), path),
        ("if-match", quoted(&second), path),
        ("if-match", "\"another server's\"".to_owned(), path),
        ("if-none-match", quoted(&first), path),
        ("if-match", "*".to_owned(), "/v2/a/manifests/new"),
    ] {
        let answer = typed.with(name, &value).put(path, manifest.clone()).await;
        answer.expect_error(412, "DENIED");
    }
    client
        .with("if-match", &quoted(&second))
        .delete(path)
        .await
        .expect_error(412, "DENIED");
    assert_eq!(client.get(path).await.header("docker-content-digest"), first.as_str());
    typed
        .with("if-none-match", "*")
        .put("/v2/a/manifests/new", manifest.clone())
        .await
        .expect(201);
    let either = format!("{}, {}", quoted(&second), quoted(&first));
    typed
        .with("if-match", &either)
        .put(path, manifest.clone())
        .await
        .expect(201);
    typed
        .with("if-match", "first")
        .put(path, manifest.clone())
        .await
        .expect_error(400, "MANIFEST_INVALID");
    assert_eq!(client.get(path).await.header("docker-content-digest"), second.as_str());
    client.with("if-match", &quoted(&second)).delete(path).await.expect(202);
}
