//! What is asked or begun ahead of time is not asked again, and is never needed.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use countersign_core::Digest;
use countersign_oci::blob::UploadOutcome;
use countersign_oci::media_type::OCI_INDEX;
use countersign_oci::store::{Condition, Expected, Store};
use countersign_oci::{Registry, StoreError, Upload};

use crate::content::{artifact, image};
use crate::scripted::{Reply, Scripted, Seen, answer, client, status};

const EMPTY_LIST: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

/// The requests that arrived, `METHOD last-part-of-path`.
fn requests(server: &Scripted) -> Vec<String> {
    let path = |seen: &Seen| seen.target.split('?').next().unwrap_or_default().to_owned();
    let shown = |seen: Seen| {
        let kind = ["uploads", "referrers", "manifests/sha256:", "manifests"];
        let kind = kind.into_iter().find(|kind| path(&seen).contains(kind));
        format!("{} {}", seen.method, kind.unwrap_or("other"))
    };
    server.seen().into_iter().map(shown).collect()
}

/// A registry that begins uploads, and takes `put` for an answer to their end.
async fn uploads(put: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |seen: &Seen| match seen.method.as_str() {
        "POST" => answer(202, &[("location", "/v2/team/app/blobs/uploads/1")], ""),
        _ => put(seen),
    })
    .await
}

#[tokio::test]
async fn a_blob_goes_to_the_upload_that_was_begun_for_it() {
    let server = uploads(|_| status(201)).await;
    let (registry, repository) = (client(), server.repository());
    registry.expect(Expected::Blobs(&repository, 1)).await;
    let uploaded = registry
        .push_blob(&repository, &Upload::bytes("content"))
        .await
        .unwrap();
    assert_eq!(uploaded.how, UploadOutcome::Sent);
    assert_eq!(requests(&server), ["POST uploads", "PUT uploads"]);
    // There was one; the next blob begins another.
    registry.push_blob(&repository, &Upload::bytes("more")).await.unwrap();
    assert_eq!(requests(&server)[2..], ["POST uploads", "PUT uploads"]);
}

#[tokio::test]
async fn an_upload_that_was_begun_in_one_repository_is_not_used_in_another() {
    let server = uploads(|_| status(201)).await;
    let (registry, repository) = (client(), server.repository());
    registry.expect(Expected::Blobs(&repository, 1)).await;
    let other = format!("{}/team/other", server.address).parse().unwrap();
    registry.push_blob(&other, &Upload::bytes("content")).await.unwrap();
    assert_eq!(requests(&server), ["POST uploads", "POST uploads", "PUT uploads"]);
}

#[tokio::test]
async fn an_upload_that_was_begun_and_is_lost_is_begun_again() {
    for lost in [400, 403, 404, 500] {
        let server = uploads(move |seen| status(if seen.number == 1 { lost } else { 201 })).await;
        let (registry, repository) = (client(), server.repository());
        registry.expect(Expected::Blobs(&repository, 1)).await;
        let pushed = registry.push_blob(&repository, &Upload::bytes("content")).await;
        assert!(pushed.is_ok(), "{lost}: {pushed:?}");
    }
}

#[tokio::test]
async fn no_upload_is_begun_where_one_request_is_enough() {
    let server = Scripted::start(|_: &Seen| status(201)).await;
    let (registry, repository) = (client(), server.repository());
    registry
        .push_blob(&repository, &Upload::bytes("content"))
        .await
        .unwrap();
    registry.expect(Expected::Blobs(&repository, 2)).await;
    registry.push_blob(&repository, &Upload::bytes("more")).await.unwrap();
    assert_eq!(requests(&server), ["POST uploads", "POST uploads"]);
}

/// A registry that answers `list` to the question for referrers and does not say whether it lists what is pushed.
async fn lists(list: impl Fn() -> Reply + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |seen: &Seen| match seen.method.as_str() {
        "PUT" => answer(
            201,
            &[("docker-content-digest", &Digest::sha256(&seen.body).to_string())],
            "",
        ),
        _ if seen.target.contains("/referrers/") => list(),
        _ => status(404),
    })
    .await
}

async fn push_expected(server: &Scripted) -> Result<Registry, StoreError> {
    let (registry, repository) = (client(), server.repository());
    let (subject, _) = image("subject");
    let (manifest, _) = artifact("a", &subject);
    registry.expect(Expected::Referrer(&repository, subject.digest())).await;
    let name = repository.digest(manifest.digest().clone());
    registry.push_manifest(&name, &manifest, Condition::Always).await?;
    Ok(registry)
}

#[tokio::test]
async fn a_registry_that_answered_with_a_list_is_taken_at_its_word() {
    let server = lists(|| answer(200, &[("content-type", OCI_INDEX)], EMPTY_LIST)).await;
    push_expected(&server).await.unwrap();
    assert_eq!(requests(&server), ["GET referrers", "PUT manifests/sha256:"]);
}

#[tokio::test]
async fn what_is_no_list_is_not_taken_for_one() {
    let server = lists(|| answer(200, &[("content-type", "text/html")], "<html>")).await;
    let pushed = push_expected(&server).await;
    assert!(matches!(pushed, Err(StoreError::Malformed { .. })));
    // A list of another type has to show what was pushed, else it goes to the tag as well.
    let server = lists(|| answer(200, &[("content-type", "application/json")], EMPTY_LIST)).await;
    let pushed = push_expected(&server).await;
    assert!(matches!(pushed, Err(StoreError::NotStored { .. })));
    assert_eq!(
        requests(&server)[2..5],
        ["GET referrers", "GET manifests", "PUT manifests"]
    );
}

#[tokio::test]
async fn a_list_that_could_not_be_asked_for_ahead_is_asked_for_after() {
    let server = lists(|| status(500)).await;
    let pushed = push_expected(&server).await;
    assert!(matches!(pushed, Err(StoreError::Status { status: 500, .. })));
}

/// A registry that keeps no lists, but what is under tags.
async fn tags_only() -> Scripted {
    let held: Mutex<Option<Vec<u8>>> = Mutex::default();
    Scripted::start(move |seen: &Seen| {
        let mut held = held.lock().unwrap();
        let is_tag = seen.target.contains("/manifests/sha256-");
        let headers = |digest: String| {
            vec![
                ("docker-content-digest", digest),
                ("content-type", OCI_INDEX.to_owned()),
            ]
        };
        if seen.method == "PUT" {
            if is_tag {
                *held = Some(seen.body.clone());
            }
            return Reply::Answer(201, headers(Digest::sha256(&seen.body).to_string()), Vec::new());
        }
        match held.as_ref().filter(|_| is_tag) {
            Some(bytes) => Reply::Answer(200, headers(Digest::sha256(bytes).to_string()), bytes.clone()),
            None => status(404),
        }
    })
    .await
}

#[tokio::test]
async fn where_there_is_no_list_the_tag_is_looked_at_while_the_manifest_goes_out() {
    let server = tags_only().await;
    push_expected(&server).await.unwrap();
    let mut seen = requests(&server);
    seen[1..3].sort();
    let expected = [
        "GET referrers",
        "GET manifests",
        "PUT manifests/sha256:",
        "PUT manifests",
        "HEAD manifests",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_tag_is_read_back_only_after_another_writer_who_looked_before_must_have_written() {
    let server = tags_only().await;
    let started = Instant::now();
    push_expected(&server).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300));
}
