//! Lists of what refers to a manifest.

use countersign_core::Digest;

use crate::client::{Client, IMAGE, INDEX, descriptor, image_with, registry, registry_with, subject};

async fn refer(client: &Client, to: &Digest, artifact_type: &str, more: &str) -> Digest {
    let manifest = image_with(b"layer", &(subject(to, artifact_type) + more));
    let digest = Digest::sha256(manifest.as_bytes());
    let answer = client
        .put_manifest("a", digest.as_str(), IMAGE, &manifest)
        .await
        .expect(201);
    assert_eq!(answer.header("oci-subject"), to.as_str());
    digest
}

fn digests(list: &serde_json::Value) -> Vec<String> {
    let manifests = list["manifests"].as_array().unwrap();
    manifests
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn nothing_refers_to_what_is_unknown() {
    let registry = registry().await;
    let path = format!("/v2/nowhere/referrers/{}", Digest::sha256(b""));
    let answer = registry.client.get(&path).await.expect(200);
    assert_eq!(answer.header("content-type"), INDEX);
    assert_eq!(
        answer.json(),
        serde_json::json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
    );
    registry
        .client
        .get("/v2/a/referrers/v1")
        .await
        .expect_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn referrer_is_listed_with_its_type_and_annotations_also_for_an_absent_subject() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    let to = Digest::sha256(b"absent");
    let digest = refer(
        &registry.client,
        &to,
        "application/x-test",
        r#""annotations":{"k":"v"},"#,
    )
    .await;
    let list = registry.client.get(&format!("/v2/a/referrers/{to}")).await.json();
    let entry = &list["manifests"][0];
    assert_eq!(
        (
            &entry["mediaType"],
            &entry["digest"],
            &entry["artifactType"],
            &entry["annotations"]["k"]
        ),
        (
            &IMAGE.into(),
            &digest.as_str().into(),
            &"application/x-test".into(),
            &"v".into()
        )
    );
}

#[tokio::test]
async fn artifact_type_falls_back_to_the_configurations() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    let to = Digest::sha256(b"x");
    let image = image_with(b"layer", &subject(&to, ""));
    registry
        .client
        .put_manifest("a", "image", IMAGE, &image)
        .await
        .expect(201);
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[],"subject":{}}}"#,
        descriptor(IMAGE, b"x")
    );
    registry
        .client
        .put_manifest("a", "index", INDEX, &index)
        .await
        .expect(201);
    let list = registry.client.get(&format!("/v2/a/referrers/{to}")).await.json();
    let types: std::collections::BTreeSet<_> = (0..2).map(|i| list["manifests"][i]["artifactType"].as_str()).collect();
    assert_eq!(types, [None, Some("application/vnd.oci.empty.v1+json")].into());
}

#[tokio::test]
async fn list_is_filtered_by_artifact_type() {
    let registry = registry().await;
    registry.client.push_image("a", "v1", b"layer").await;
    let to = Digest::sha256(b"x");
    let wanted = refer(&registry.client, &to, "a/b+c", "").await;
    refer(&registry.client, &to, "a/other", "").await;
    let all = registry.client.get(&format!("/v2/a/referrers/{to}")).await;
    assert_eq!((digests(&all.json()).len(), all.header("oci-filters-applied")), (2, ""));
    let filtered = registry
        .client
        .get(&format!("/v2/a/referrers/{to}?artifactType=a%2Fb%2Bc"))
        .await;
    assert_eq!(filtered.header("oci-filters-applied"), "artifactType");
    assert_eq!(digests(&filtered.json()), [wanted.as_str()]);
}

#[tokio::test]
async fn deleted_referrer_is_not_listed() {
    let registry = registry().await;
    let client = &registry.client;
    client.push_image("a", "v1", b"layer").await;
    let to = Digest::sha256(b"x");
    let first = refer(client, &to, "a/first", "").await;
    let second = refer(client, &to, "a/second", "").await;
    for (gone, left) in [(first, vec![second.to_string()]), (second, vec![])] {
        client.delete(&format!("/v2/a/manifests/{gone}")).await.expect(202);
        assert_eq!(
            digests(&client.get(&format!("/v2/a/referrers/{to}")).await.json()),
            left
        );
    }
}

#[tokio::test]
async fn long_list_comes_in_pages() {
    let registry = registry_with(|options| {
        options.limits(countersign_server::Limits {
            page: 4,
            ..Default::default()
        })
    })
    .await;
    let client = &registry.client;
    client.push_image("a", "v1", b"layer").await;
    let to = Digest::sha256(b"x");
    let mut pushed = Vec::new();
    for number in 0..11 {
        let annotations = format!(r#""annotations":{{"number":"{number}"}},"#);
        pushed.push(refer(client, &to, "a/b+c", &annotations).await.to_string());
        // A second push of the same is no second entry.
        refer(client, &to, "a/b+c", &annotations).await;
    }
    pushed.sort();
    for start in ["", "?n=3", "?artifactType=a%2Fb%2Bc&n=100"] {
        let mut path = format!("/v2/a/referrers/{to}{start}");
        let mut listed = Vec::new();
        let mut pages = 0;
        loop {
            let answer = client.get(&path).await.expect(200);
            listed.extend(digests(&answer.json()));
            pages += 1;
            let Some(next) = answer.header("link").strip_prefix('<') else {
                break;
            };
            path = next.split_once('>').unwrap().0.to_owned();
        }
        assert_eq!(listed, pushed);
        assert_eq!(pages, if start == "?n=3" { 4 } else { 3 });
    }
}
