//! Pages for people: lists, and the graph of what is attached to an artifact.

use countersign_core::Digest;
use countersign_server::BasicAuth;
use serde_json::json;

use crate::client::{IMAGE, INDEX, registry, registry_with};

#[tokio::test]
async fn an_artifact_is_shown_with_all_that_is_attached_to_it() {
    let registry = registry().await;
    let client = &registry.client;
    let image = client.push_image("a/b", "v1", b"layer").await;
    let referrer = async |subject: &Digest, annotations: serde_json::Value| {
        let config =
            json!({"mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": Digest::sha256(b"{}")});
        let text = json!({
            "schemaVersion": 2, "mediaType": IMAGE, "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "config": config, "layers": [], "annotations": annotations,
            "subject": {"mediaType": IMAGE, "size": 1, "digest": subject},
        })
        .to_string();
        let digest = Digest::sha256(text.as_bytes());
        client
            .put_manifest("a/b", digest.as_str(), IMAGE, &text)
            .await
            .expect(201);
        digest
    };
    let sign = json!({"dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1"});
    let signature = referrer(&image, sign.clone()).await;
    let counter = referrer(&signature, sign).await;
    // what is about the signatures of an artifact may be attached to the artifact, and says so
    let of = |predicate: &str| json!({"dev.sigstore.bundle.predicateType": predicate, "countersign.root": image});
    referrer(&image, of("https://sigstore.dev/cosign/sign/v1")).await;
    referrer(&image, of("https://slsa.dev/provenance/v1")).await;
    let hostile = "\"><script>alert(1)</script><x y='";
    referrer(&image, json!({"dev.sigstore.bundle.predicateType": hostile})).await;
    let tag = format!("{}.sig", image.as_str().replace(':', "-"));
    client.push_image("a/b", &tag, b"signature").await;
    for path in ["/ui/a/b/v1".to_owned(), format!("/ui/a/b/{image}")] {
        let page = client.get(&path).await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"),
            "{policy}"
        );
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        for (class, count) in [("a", 1), ("s", 2), ("c", 2), ("t", 1), ("o", 1)] {
            assert_eq!(
                text.matches(&format!("<g class=\"{class}\"")).count(),
                count,
                "{class}: {text}"
            );
        }
        for digest in [&image, &signature, &counter] {
            assert!(text.contains(&format!("<a href=\"/ui/a/b/{digest}\">")), "{text}");
        }
        assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
    }
    let beneath = client.get(&format!("/ui/a/b/{signature}")).await.expect(200);
    let text = String::from_utf8(beneath.body.to_vec()).unwrap();
    assert!(
        text.contains(counter.as_str()) && !text.contains(image.as_str()),
        "{text}"
    );
}

#[tokio::test]
async fn an_index_is_shown_with_its_images_and_what_buildkit_keeps_beside_them() {
    let registry = registry().await;
    let client = &registry.client;
    let [image, statements] = [
        client.push_image("a", "amd64", b"image").await,
        client.push_image("a", "statements", b"statements").await,
    ];
    let text = json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": IMAGE, "size": 1, "digest": image, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            {"mediaType": IMAGE, "size": 1, "digest": statements, "platform": {"os": "unknown", "architecture": "unknown"},
             "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image}},
        ],
    });
    client
        .put_manifest("a", "v1", INDEX, &text.to_string())
        .await
        .expect(201);
    let page = client.get("/ui/a/v1").await.expect(200);
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for expected in [
        "linux/arm/v7",
        "BuildKit attestations",
        image.as_str(),
        statements.as_str(),
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn lists_lead_to_artifacts() {
    let registry = registry().await;
    let client = &registry.client;
    client.push_image("b/c", "v2", b"layer").await;
    client.push_image("b/c", "v1", b"layer").await;
    let text = async |path: &str| String::from_utf8(client.get(path).await.expect(200).body.to_vec()).unwrap();
    assert!(text("/ui/").await.contains("<li><a href=\"/ui/b/c/\">b/c</a></li>"));
    let tags = "<li><a href=\"/ui/b/c/v1\">v1</a></li><li><a href=\"/ui/b/c/v2\">v2</a></li>";
    assert!(text("/ui/b/c/").await.contains(tags));
}

#[tokio::test]
async fn a_page_of_nothing_is_not_found_and_none_is_written() {
    let registry = registry().await;
    let client = &registry.client;
    client.push_image("a", "v1", b"layer").await;
    client.get("/ui/a/v2").await.expect_error(404, "MANIFEST_UNKNOWN");
    client.get("/ui/b/v1").await.expect_error(404, "MANIFEST_UNKNOWN");
    client.get("/ui/b/").await.expect_error(404, "NAME_UNKNOWN");
    client.get("/ui/A/v1").await.expect_error(400, "NAME_INVALID");
    client.delete("/ui/a/v1").await.expect(405);
    client.get("/v2/a/manifests/v1").await.expect(200);
}

#[tokio::test]
async fn pages_are_for_who_may_read() {
    let user = BasicAuth::user("user", &countersign_core::Secret::new("password".to_owned())).unwrap();
    let registry = registry_with(|options| options.auth(user)).await;
    for path in ["/ui/", "/ui/a/", "/ui/a/v1"] {
        registry.client.get(path).await.expect_error(401, "UNAUTHORIZED");
    }
}
