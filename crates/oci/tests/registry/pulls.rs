//! Names and blobs, from registries that answer in their own ways.

use countersign_core::Digest;
use countersign_oci::StoreError;
use countersign_oci::store::Store;

use crate::content::{image, noise};
use crate::scripted::{Reply, Scripted, Seen, answer, client, status};

#[tokio::test]
async fn a_digest_is_resolved_without_a_request() {
    let server = Scripted::start(|_: &Seen| status(500)).await;
    let digest = Digest::sha256(b"x");
    let pinned = client()
        .resolve(&server.repository().digest(digest.clone()))
        .await
        .unwrap();
    assert_eq!(pinned.digest(), &digest);
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_head_that_says_too_little_is_followed_by_a_get() {
    for head in [(|| status(405)) as fn() -> Reply, || status(200)] {
        let server = Scripted::start(move |seen: &Seen| match seen.method.as_str() {
            "HEAD" => head(),
            _ => answer(200, &[], image("x").0.bytes()),
        })
        .await;
        let pinned = client().resolve(&server.repository().tag("v1").unwrap()).await.unwrap();
        assert_eq!(pinned.digest(), image("x").0.digest());
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Scripted::start(|_: &Seen| status(404)).await;
    let (repository, registry) = (server.repository(), client());
    let tag = repository.tag("v1").unwrap();
    assert!(matches!(registry.resolve(&tag).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(registry.head(&tag).await, Ok(None)));
    let blob = registry.blob(&repository, &Digest::sha256(b""), None).await.map(|_| ());
    assert!(matches!(blob, Err(StoreError::NotFound { .. })));
}

/// Serves `content` with ranges or without, breaking off `breaks` times.
async fn broken(content: Vec<u8>, has_ranges: bool, breaks: usize) -> Scripted {
    Scripted::start(move |seen: &Seen| {
        let start = seen
            .header("range")
            .filter(|_| has_ranges)
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let rest = &content[start.unwrap_or(0)..];
        if seen.number < breaks {
            return match start {
                Some(start) => {
                    let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
                    Reply::Answer(
                        206,
                        vec![("content-range", range), ("content-length", "9999999".to_owned())],
                        rest[..rest.len() / 2].to_vec(),
                    )
                }
                None => Reply::Truncated(Vec::new(), rest[..rest.len() / 2].to_vec(), rest.len()),
            };
        }
        match start {
            Some(start) => {
                let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
                answer(206, &[("content-range", &range)], rest)
            }
            None => answer(200, &[], rest),
        }
    })
    .await
}

#[tokio::test]
async fn a_blob_that_breaks_off_is_continued() {
    let content = noise(600_000);
    let digest = Digest::sha256(&content);
    for has_ranges in [true, false] {
        let server = broken(content.clone(), has_ranges, 1).await;
        let blob = client()
            .blob(&server.repository(), &digest, Some(600_000))
            .await
            .unwrap();
        assert_eq!(blob.read(1_000_000).await.unwrap(), content);
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert!(seen[1].header("range").is_some());
    }
}

#[tokio::test]
async fn a_blob_that_always_breaks_off_is_an_error() {
    let content = noise(1000);
    let digest = Digest::sha256(&content);
    let server = broken(content, false, usize::MAX).await;
    let blob = client().blob(&server.repository(), &digest, Some(1000)).await.unwrap();
    assert!(matches!(blob.read(2000).await, Err(StoreError::Connection { .. })));
}

#[tokio::test]
async fn a_blob_of_another_content_or_size_is_refused() {
    let server = Scripted::start(|_: &Seen| answer(200, &[], "other")).await;
    let registry = client();
    let digest = Digest::sha256(b"right");
    let blob = registry.blob(&server.repository(), &digest, Some(5)).await.unwrap();
    assert!(matches!(blob.read(100).await, Err(StoreError::DigestMismatch { .. })));
    let blob = registry.blob(&server.repository(), &digest, Some(4)).await.map(|_| ());
    assert!(matches!(
        blob,
        Err(StoreError::SizeMismatch {
            expected: 4,
            found: 5,
            ..
        })
    ));
    let blob = registry.blob(&server.repository(), &digest, None).await.unwrap();
    assert!(matches!(blob.read(4).await, Err(StoreError::TooLarge { .. })));
}

#[tokio::test]
async fn tags_are_read_to_the_last_page() {
    let server = Scripted::start(|seen: &Seen| match seen.target.as_str() {
        "/v2/team/app/tags/list?n=1000" => answer(
            200,
            &[("link", "</v2/team/app/tags/list?last=b&n=2>; rel=\"next\"")],
            r#"{"tags":["a","b"]}"#,
        ),
        _ => answer(200, &[], r#"{"tags":["c"]}"#),
    })
    .await;
    assert_eq!(client().tags(&server.repository()).await.unwrap(), ["a", "b", "c"]);
}

#[tokio::test]
async fn tags_that_are_cut_without_a_word_are_asked_for_with_the_last() {
    let names: Vec<String> = (0..1500).map(|number| format!("t{number:05}")).collect();
    let server = Scripted::start(move |seen: &Seen| {
        let after = seen.target.split("last=").nth(1).unwrap_or("");
        let page: Vec<_> = names.iter().filter(|name| name.as_str() > after).take(1000).collect();
        answer(
            200,
            &[],
            format!("{{\"tags\":{}}}", serde_json::to_string(&page).unwrap()),
        )
    })
    .await;
    assert_eq!(client().tags(&server.repository()).await.unwrap().len(), 1500);
}

#[tokio::test]
async fn a_registry_that_does_not_delete_says_so() {
    let server = Scripted::start(|_: &Seen| answer(405, &[], r#"{"errors":[{"code":"UNSUPPORTED"}]}"#)).await;
    let deleted = client().delete(&server.repository().tag("v1").unwrap()).await;
    assert!(matches!(deleted, Err(StoreError::NotAllowed { .. })));
}
