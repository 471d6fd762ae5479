//! Uploads that break, are refused, or end with other bytes than they began.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign_core::Digest;
use countersign_oci::blob::{Meter, Source, UploadOutcome};
use countersign_oci::store::{Condition, Store};
use countersign_oci::{BlobStream, StoreError, Upload};
use futures_util::stream;

use crate::content::{image, noise};
use crate::scripted::{Reply, Scripted, Seen, answer, client, status};

/// A registry's uploads: one blob that grows.
struct Uploads {
    bytes: Arc<Mutex<Vec<u8>>>,
    server: Scripted,
}

/// `cut`: breaks the first `PATCH` after so many bytes, and keeps them. `most`: refuses longer requests with 413.
async fn uploads(cut: Option<usize>, most: usize) -> Uploads {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let (kept, cuts) = (Arc::clone(&bytes), Arc::new(Mutex::new(cut)));
    let handler = move |seen: &Seen| -> Reply {
        let mut kept = kept.lock().unwrap();
        let range = format!("0-{}", kept.len().saturating_sub(1));
        match seen.method.as_str() {
            _ if seen.body.len() > most => status(413),
            "HEAD" => status(404),
            "POST" => {
                kept.clear();
                answer(202, &[("location", "/v2/team/app/blobs/uploads/1?state=a")], "")
            }
            "GET" => answer(
                204,
                &[("range", &range), ("location", "/v2/team/app/blobs/uploads/1?state=b")],
                "",
            ),
            "PATCH" => {
                let start = seen
                    .header("content-range")
                    .and_then(|range| range.split('-').next()?.parse().ok());
                if start.is_some_and(|start: usize| start != kept.len()) {
                    return status(416);
                }
                kept.extend_from_slice(&seen.body);
                answer(202, &[("location", "/v2/team/app/blobs/uploads/1?state=c")], "")
            }
            _ => {
                kept.extend_from_slice(&seen.body);
                let digest = seen.target.split("digest=").nth(1).unwrap_or_default();
                if Digest::sha256(&kept).as_str() == digest {
                    status(201)
                } else {
                    status(400)
                }
            }
        }
    };
    let kept = Arc::clone(&bytes);
    let cutting = move |seen: &Seen| {
        let cut = cuts.lock().unwrap().take_if(|_| seen.method == "PATCH")?;
        kept.lock().unwrap().extend_from_slice(&noise(cut));
        Some(cut)
    };
    Uploads {
        bytes,
        server: Scripted::start_cutting(handler, cutting).await,
    }
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

#[tokio::test]
async fn a_large_file_is_read_once_and_hashed_on_the_way() {
    let content = noise(3_000_000);
    let uploads = uploads(None, usize::MAX).await;
    let file = file(&content);
    let meter = Meter::default();
    let upload = Upload {
        meter: Some(meter.clone()),
        ..Upload::file(file.path().to_owned(), 3_000_000)
    };
    let uploaded = client().push_blob(&uploads.server.repository(), &upload).await.unwrap();
    assert_eq!((uploaded.digest, uploaded.size), (Digest::sha256(&content), 3_000_000));
    assert_eq!(uploaded.how, UploadOutcome::Sent);
    assert_eq!(meter.total(), 3_000_000);
    assert!(*uploads.bytes.lock().unwrap() == content);
    let methods: Vec<_> = uploads.server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["POST", "PATCH", "PUT"]);
}

#[tokio::test]
async fn an_upload_that_breaks_is_continued_where_it_broke() {
    let content = noise(3_000_000);
    let uploads = uploads(Some(1_000_000), usize::MAX).await;
    let file = file(&content);
    let meter = Meter::default();
    let upload = Upload {
        meter: Some(meter.clone()),
        ..Upload::file(file.path().to_owned(), 3_000_000)
    };
    let uploaded = client().push_blob(&uploads.server.repository(), &upload).await.unwrap();
    assert_eq!(uploaded.digest, Digest::sha256(&content));
    assert!(*uploads.bytes.lock().unwrap() == content);
    assert_eq!(meter.total(), 3_000_000, "bytes sent twice count once");
    let seen = uploads.server.seen();
    let methods: Vec<_> = seen.iter().map(|seen| seen.method.as_str()).collect();
    assert_eq!(methods, ["POST", "PATCH", "GET", "PATCH", "PUT"]);
    assert_eq!(seen[3].header("content-range"), Some("1000000-2999999"));
    assert_eq!(seen[3].body.len(), 2_000_000);
}

#[tokio::test]
async fn a_registry_that_refuses_long_requests_gets_pieces() {
    let content = noise(20_000_000);
    let uploads = uploads(None, 17_000_000).await;
    let upload = Upload::bytes(content.clone());
    let uploaded = client().push_blob(&uploads.server.repository(), &upload).await.unwrap();
    assert_eq!(uploaded.digest, Digest::sha256(&content));
    assert!(*uploads.bytes.lock().unwrap() == content);
    let last = uploads
        .server
        .seen()
        .into_iter()
        .rev()
        .find(|seen| seen.method == "PATCH")
        .unwrap();
    assert_eq!(last.header("content-range"), Some("16777216-19999999"));
}

#[tokio::test]
async fn a_digest_that_is_not_that_of_the_bytes_is_refused() {
    for length in [5, 9_000_000] {
        let uploads = uploads(None, usize::MAX).await;
        let content = noise(length);
        let file = file(&content);
        let wrong = Upload {
            digest: Some(Digest::sha256(b"wrong")),
            ..Upload::file(file.path().to_owned(), length as u64)
        };
        let source = if length == 5 {
            Source::Bytes(content.into())
        } else {
            wrong.source.clone()
        };
        let pushed = client()
            .push_blob(&uploads.server.repository(), &Upload { source, ..wrong })
            .await;
        assert!(matches!(&pushed, Err(StoreError::DigestMismatch { .. })), "{pushed:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_what_it_should_be_is_never_whole_at_the_registry() {
    for length in [5, 70_000, 9_000_000] {
        let believing = Scripted::start(|seen: &Seen| match seen.method.as_str() {
            "HEAD" => status(404),
            "PUT" => status(201),
            _ => answer(202, &[("location", "/v2/team/app/blobs/uploads/1")], ""),
        })
        .await;
        let expected = Digest::sha256(b"expected");
        let (content, digest) = (Bytes::from(noise(length)), expected.clone());
        let upload = Upload {
            source: Source::Stream(Arc::new(move || {
                let chunks = stream::iter([content.slice(..3), content.slice(3..)].map(Ok));
                let blob = BlobStream::new(chunks, "blob".to_owned(), &digest, Some(length as u64));
                Box::pin(async move { Ok(blob) })
            })),
            digest: Some(expected),
            size: Some(length as u64),
            mount_from: None,
            meter: None,
        };
        let pushed = client().push_blob(&believing.repository(), &upload).await;
        assert!(matches!(&pushed, Err(StoreError::DigestMismatch { .. })), "{pushed:?}");
        assert!(believing.seen().iter().all(|seen| seen.method != "PUT"), "{length}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_an_error_of_the_file() {
    let uploads = uploads(None, usize::MAX).await;
    for size in [10, 10_000_000] {
        let upload = Upload::file("/nonexistent/file".into(), size);
        let pushed = client().push_blob(&uploads.server.repository(), &upload).await;
        assert!(
            matches!(&pushed, Err(StoreError::File { path, .. }) if path == "/nonexistent/file"),
            "{pushed:?}"
        );
    }
}

#[tokio::test]
async fn a_mount_that_is_not_done_goes_on_as_an_upload() {
    let uploads = uploads(None, usize::MAX).await;
    let repository = uploads.server.repository();
    let upload = Upload {
        mount_from: Some(format!("{}/other/app", repository.registry()).parse().unwrap()),
        ..Upload::bytes("content")
    };
    let uploaded = client().push_blob(&repository, &upload).await.unwrap();
    assert_eq!(uploaded.how, UploadOutcome::Sent);
    let seen = uploads.server.seen();
    let mount = seen.iter().find(|seen| seen.method == "POST").unwrap();
    assert!(mount.is("POST", "mount=sha256:") && mount.target.ends_with("&from=other/app"));
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_blob_that_is_there_is_found_while_it_is_mounted_and_the_upload_is_given_up() {
    let server = Scripted::start(|seen: &Seen| match seen.method.as_str() {
        "HEAD" => status(200),
        "POST" => answer(202, &[("location", "/v2/team/app/blobs/uploads/1")], ""),
        _ => status(204),
    })
    .await;
    let repository = server.repository();
    let upload = Upload {
        mount_from: Some(format!("{}/other/app", repository.registry()).parse().unwrap()),
        ..Upload::bytes("content")
    };
    let uploaded = client().push_blob(&repository, &upload).await.unwrap();
    assert_eq!((uploaded.how, uploaded.size), (UploadOutcome::Existed, 7));
    while server.seen().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(server.seen()[2].is("DELETE", "/v2/team/app/blobs/uploads/1"));
}

#[tokio::test]
async fn a_registry_that_mounted_is_asked_for_nothing_else() {
    let server = Scripted::start(|seen: &Seen| status(if seen.method == "POST" { 201 } else { 404 })).await;
    let (registry, repository) = (client(), server.repository());
    for (content, requests) in [("first", 2), ("second", 3)] {
        let upload = Upload {
            mount_from: Some(format!("{}/other/app", repository.registry()).parse().unwrap()),
            ..Upload::bytes(content)
        };
        let uploaded = registry.push_blob(&repository, &upload).await.unwrap();
        assert_eq!(uploaded.how, UploadOutcome::Mounted);
        assert_eq!(server.seen().len(), requests, "{content}");
    }
}

#[tokio::test]
async fn a_small_blob_goes_in_one_request_where_that_is_taken() {
    let server = Scripted::start(|_: &Seen| status(201)).await;
    let uploaded = client()
        .push_blob(&server.repository(), &Upload::bytes("content"))
        .await
        .unwrap();
    assert_eq!(uploaded.size, 7);
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].body.as_slice()), (1, &b"content"[..]));
}

#[tokio::test]
async fn a_blob_that_is_there_is_not_sent() {
    let server = Scripted::start(|_: &Seen| status(200)).await;
    let upload = Upload::bytes(noise(100_000));
    let uploaded = client().push_blob(&server.repository(), &upload).await.unwrap();
    assert_eq!((uploaded.how, uploaded.size), (UploadOutcome::Existed, 100_000));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_upload_without_a_place_is_malformed() {
    let server = Scripted::start(|_: &Seen| status(202)).await;
    let pushed = client()
        .push_blob(&server.repository(), &Upload::bytes("content"))
        .await;
    assert!(matches!(pushed, Err(StoreError::Malformed { .. })));
}

#[tokio::test]
async fn a_registry_that_stored_other_bytes_is_not_believed() {
    let lie = Digest::sha256(b"lie").to_string();
    let server = Scripted::start(move |_: &Seen| answer(201, &[("docker-content-digest", &lie)], "")).await;
    let (manifest, _) = image("x");
    let pushed = client()
        .push_manifest(&server.repository().tag("v1").unwrap(), &manifest, Condition::Always)
        .await;
    assert!(matches!(pushed, Err(StoreError::DigestMismatch { .. })));
}

#[tokio::test]
async fn an_immutable_tag_is_not_allowed() {
    let (manifest, _) = image("x");
    for (code, body) in [
        (
            400,
            r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the repository is immutable."}]}"#,
        ),
        (
            412,
            r#"{"errors":[{"code":"PRECONDITION","message":"Failed to process request due to 'app:v1' configured as immutable."}]}"#,
        ),
        (409, r#"{"errors":[{"code":"TAG_ALREADY_EXISTS"}]}"#),
    ] {
        let server = Scripted::start(move |_: &Seen| answer(code, &[], body)).await;
        let pushed = client()
            .push_manifest(&server.repository().tag("v1").unwrap(), &manifest, Condition::Always)
            .await;
        assert!(matches!(pushed, Err(StoreError::NotAllowed { .. })), "{code}");
    }
}

#[tokio::test]
async fn a_manifest_refused_for_a_digest_that_is_right_is_sent_again() {
    let refused = Arc::new(Mutex::new(false));
    let server = Scripted::start(move |seen: &Seen| {
        let mut refused = refused.lock().unwrap();
        if std::mem::replace(&mut *refused, true) {
            let digest = Digest::sha256(&seen.body).to_string();
            answer(201, &[("docker-content-digest", &digest)], "")
        } else {
            answer(400, &[], r#"{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}"#)
        }
    })
    .await;
    let manifest = image("text").0;
    let name = server.repository().digest(manifest.digest().clone());
    client()
        .push_manifest(&name, &manifest, Condition::Always)
        .await
        .unwrap();
    assert_eq!(server.seen().len(), 2);
}
