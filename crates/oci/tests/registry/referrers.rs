//! The list of referrers: both places, all pages, and never an outage read as nothing.

use std::sync::Mutex;

use countersign_core::Digest;
use countersign_oci::media_type::OCI_INDEX;
use countersign_oci::store::{Condition, Store};
use countersign_oci::{Descriptor, StoreError};

use crate::content::{artifact, image};
use crate::scripted::{Reply, Scripted, Seen, answer, client, status};

fn entry(text: &str) -> Descriptor {
    Descriptor::of("application/vnd.oci.image.manifest.v1+json", text.as_bytes())
}

fn index(entries: &[Descriptor]) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":{}}}"#,
        serde_json::to_string(entries).unwrap()
    )
}

fn listed(entries: &[Descriptor], next: Option<&str>) -> Reply {
    let link = next.map(|next| format!("<{next}>; rel=\"next\""));
    let mut headers = vec![("content-type", OCI_INDEX.to_owned())];
    headers.extend(link.map(|link| ("link", link)));
    Reply::Answer(200, headers, index(entries).into_bytes())
}

async fn referrers(server: &Scripted) -> Result<Vec<Digest>, StoreError> {
    let found = client()
        .referrers(&server.repository(), &Digest::sha256(b"subject"))
        .await?;
    Ok(found.into_iter().map(|entry| entry.digest).collect())
}

#[tokio::test]
async fn all_pages_and_the_fallback_tag_are_joined() {
    let server = Scripted::start(|seen: &Seen| match seen.target.as_str() {
        target if target.ends_with("page=2") => listed(&[entry("2")], None),
        target if target.contains("/referrers/") => listed(&[entry("1")], Some("?page=2")),
        _ => listed(&[entry("2"), entry("3")], None),
    })
    .await;
    let expected = ["1", "2", "3"].map(|text| entry(text).digest);
    assert_eq!(referrers(&server).await.unwrap(), expected);
}

#[tokio::test]
async fn neither_list_is_nothing() {
    let server = Scripted::start(|_: &Seen| status(404)).await;
    assert_eq!(referrers(&server).await.unwrap(), []);
}

#[tokio::test]
async fn a_missing_list_is_remembered() {
    let server = Scripted::start(|_: &Seen| status(404)).await;
    let registry = client();
    for _ in 0..3 {
        let subject = Digest::sha256(b"subject");
        assert!(
            registry
                .referrers(&server.repository(), &subject)
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert_eq!(
        server
            .seen()
            .iter()
            .filter(|seen| seen.target.contains("/referrers/"))
            .count(),
        1
    );
}

#[tokio::test]
async fn an_outage_of_either_list_is_an_error() {
    for part in ["/referrers/", "/manifests/"] {
        let server = Scripted::start(move |seen: &Seen| {
            if seen.target.contains(part) {
                status(500)
            } else {
                status(404)
            }
        })
        .await;
        assert!(
            matches!(referrers(&server).await, Err(StoreError::Status { status: 500, .. })),
            "{part}"
        );
    }
    let server = Scripted::start(|seen: &Seen| match seen.target.contains("/referrers/") {
        true => answer(200, &[], "<html>"),
        false => status(404),
    })
    .await;
    assert!(matches!(referrers(&server).await, Err(StoreError::Malformed { .. })));
}

#[tokio::test]
async fn a_next_page_on_another_host_is_refused() {
    let server = Scripted::start(|seen: &Seen| match seen.target.contains("/referrers/") {
        true => listed(&[entry("1")], Some("http://127.0.0.1:9/v2/x")),
        false => status(404),
    })
    .await;
    assert!(matches!(referrers(&server).await, Err(StoreError::Redirect { .. })));
}

#[tokio::test]
async fn pages_without_end_are_too_many() {
    let server = Scripted::start(|seen: &Seen| match seen.target.contains("/referrers/") {
        true => listed(&[entry("1")], Some("?again")),
        false => status(404),
    })
    .await;
    assert!(matches!(referrers(&server).await, Err(StoreError::TooLarge { .. })));
}

#[tokio::test]
async fn an_image_in_the_tag_is_no_list() {
    let server = Scripted::start(|seen: &Seen| match seen.target.contains("/referrers/") {
        true => status(404),
        false => answer(200, &[], image("x").0.bytes()),
    })
    .await;
    assert_eq!(referrers(&server).await.unwrap(), []);
}

#[tokio::test]
async fn a_registry_that_lists_by_itself_is_not_given_a_tag() {
    let (subject, _) = image("subject");
    let (manifest, _) = artifact("a", &subject);
    let digest = manifest.digest().to_string();
    // With the header one request, without it one more that reads the list.
    for (has_header, requests) in [(true, 1), (false, 2)] {
        let (digest, entry) = (digest.clone(), manifest.descriptor());
        let server = Scripted::start(move |seen: &Seen| match seen.method.as_str() {
            "PUT" if has_header => answer(201, &[("docker-content-digest", &digest), ("oci-subject", "x")], ""),
            "PUT" => answer(201, &[("docker-content-digest", &digest)], ""),
            _ => listed(std::slice::from_ref(&entry), None),
        })
        .await;
        let name = server.repository().digest(manifest.digest().clone());
        client()
            .push_manifest(&name, &manifest, Condition::Always)
            .await
            .unwrap();
        assert_eq!(server.seen().len(), requests);
    }
}

#[tokio::test]
async fn an_acknowledged_manifest_that_is_not_there_is_an_error() {
    let server = Scripted::start(|seen: &Seen| if seen.method == "PUT" { status(201) } else { status(404) }).await;
    let (manifest, _) = image("x");
    let pushed = client()
        .push_manifest(&server.repository().tag("v1").unwrap(), &manifest, Condition::Always)
        .await;
    assert!(matches!(pushed, Err(StoreError::NotStored { .. })));
}

#[tokio::test]
async fn many_manifests_of_one_subject_are_listed_in_the_tag_with_one_change() {
    let (subject, _) = image("subject");
    let manifests: Vec<_> = (0..20)
        .map(|number| artifact(&number.to_string(), &subject).0)
        .collect();
    let tag = Mutex::new(None::<Vec<u8>>);
    let server = Scripted::start(move |seen: &Seen| {
        let mut tag = tag.lock().unwrap();
        let is_tag = seen.target.contains("/manifests/sha256-");
        let digest = |bytes: &[u8]| Digest::sha256(bytes).to_string();
        match (seen.method.as_str(), &*tag) {
            ("PUT", _) => {
                if is_tag {
                    *tag = Some(seen.body.clone());
                }
                answer(201, &[("docker-content-digest", &digest(&seen.body))], "")
            }
            (_, Some(bytes)) if is_tag => {
                let headers = [("content-type", OCI_INDEX), ("docker-content-digest", &digest(bytes))];
                answer(200, &headers, bytes)
            }
            _ => status(404),
        }
    })
    .await;
    let pushes: Vec<_> = manifests.iter().map(|manifest| (manifest.digest(), manifest)).collect();
    let registry = client();
    registry.push_manifests(&server.repository(), &pushes).await.unwrap();
    let seen = server.seen();
    let is_change = |seen: &&Seen| seen.is("PUT", "/manifests/sha256-");
    assert_eq!(seen.iter().filter(is_change).count(), 1);
    let listed = registry
        .referrers(&server.repository(), subject.digest())
        .await
        .unwrap();
    assert_eq!(listed.len(), 20);
    for entry in &listed {
        let manifest = manifests
            .iter()
            .find(|manifest| *manifest.digest() == entry.digest)
            .unwrap();
        assert_eq!(entry.artifact_type.as_deref(), manifest.artifact_type());
        assert_eq!(entry.annotations, manifest.content().annotations);
    }
}
