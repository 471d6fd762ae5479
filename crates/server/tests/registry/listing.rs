//! Lists of tags and repositories.

use crate::client::registry;

#[tokio::test]
async fn tags_are_listed_in_order_and_in_pages() {
    let registry = registry().await;
    let client = &registry.client;
    for tag in ["b", "a", "C", "v1.10", "v1.9"] {
        client.push_image("a/b", tag, b"layer").await;
    }
    let all = client.get("/v2/a/b/tags/list").await.expect(200);
    assert_eq!(
        all.json(),
        serde_json::json!({"name": "a/b", "tags": ["C", "a", "b", "v1.10", "v1.9"]})
    );
    assert_eq!(all.header("link"), "");
    let mut path = "/v2/a/b/tags/list?n=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = client.get(&path).await.expect(200);
        pages.push(answer.json()["tags"].clone());
        let Some(next) = answer.header("link").strip_prefix('<') else {
            break;
        };
        let (next, parameters) = next.split_once('>').unwrap();
        assert_eq!(parameters, "; rel=\"next\"");
        path = next.to_owned();
    }
    assert_eq!(
        serde_json::Value::from(pages),
        serde_json::json!([["C", "a"], ["b", "v1.10"], ["v1.9"]])
    );
    let none = client.get("/v2/a/b/tags/list?n=0").await.expect(200);
    assert_eq!(
        (none.json()["tags"].clone(), none.header("link")),
        (serde_json::json!([]), "")
    );
    client
        .get("/v2/a/b/tags/list?n=x")
        .await
        .expect_error(400, "UNSUPPORTED");
    client
        .get("/v2/unknown/tags/list")
        .await
        .expect_error(404, "NAME_UNKNOWN");
    client.get("/v2/a/tags/list").await.expect_error(404, "NAME_UNKNOWN");
    client.get("/v2/UP/tags/list").await.expect_error(400, "NAME_INVALID");
}

#[tokio::test]
async fn repositories_are_listed_in_pages() {
    let registry = registry().await;
    for name in ["b/c", "a", "b"] {
        registry.client.push_blob(name, b"x").await;
    }
    registry.client.begin("a0").await; // nothing came of it
    let first = registry.client.get("/v2/_catalog?n=2").await.expect(200);
    assert_eq!(first.json(), serde_json::json!({"repositories": ["a", "b"]}));
    assert_eq!(first.header("link"), "</v2/_catalog?n=2&last=b>; rel=\"next\"");
    let second = registry.client.get("/v2/_catalog?n=2&last=b").await.expect(200);
    assert_eq!(second.json(), serde_json::json!({"repositories": ["b/c"]}));
}

#[tokio::test]
async fn base_says_which_protocol_is_spoken() {
    let registry = registry().await;
    for path in ["/v2/", "/v2"] {
        let answer = registry.client.get(path).await.expect(200);
        assert_eq!(answer.header("docker-distribution-api-version"), "registry/2.0");
    }
    registry.client.post("/v2/", "").await.expect_error(405, "UNSUPPORTED");
}
