//! Faults that pass are overcome; those that stay end in the error that says what they are.

use std::time::{Duration, Instant};

use countersign_core::Digest;
use countersign_oci::store::Store;
use countersign_oci::{Registry, RegistryOptions, StoreError};

use crate::content::image;
use crate::scripted::{Reply, Scripted, Seen, answer, client, http, status};

fn manifest() -> Reply {
    answer(
        200,
        &[("content-type", "application/vnd.oci.image.manifest.v1+json")],
        image("x").0.bytes(),
    )
}

async fn once(first: impl Fn() -> Reply + Send + Sync + 'static) -> (Result<Digest, StoreError>, usize) {
    let server = Scripted::start(move |seen: &Seen| if seen.number == 0 { first() } else { manifest() }).await;
    let fetched = client().manifest(&server.repository().tag("v1").unwrap()).await;
    (fetched.map(|manifest| manifest.digest().clone()), server.seen().len())
}

async fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (StoreError, usize) {
    let server = Scripted::start(move |_: &Seen| reply()).await;
    let fetched = client().manifest(&server.repository().tag("v1").unwrap()).await;
    (
        fetched.expect_err("the server never gives the manifest"),
        server.seen().len(),
    )
}

#[tokio::test]
async fn passing_faults_are_overcome() {
    let expected = image("x").0.digest().clone();
    for (name, fault) in [
        ("500", (|| status(500)) as fn() -> Reply),
        ("502", || status(502)),
        ("503", || status(503)),
        ("504", || status(504)),
        ("429", || status(429)),
        ("reset", || Reply::Reset),
        ("truncated", || Reply::Truncated(Vec::new(), b"{".to_vec(), 400)),
        ("patience", || answer(429, &[("retry-after", "3600")], "")),
    ] {
        let (fetched, requests) = once(fault).await;
        assert_eq!(fetched.ok().as_ref(), Some(&expected), "{name}");
        assert_eq!(requests, 2, "{name}");
    }
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let server = Scripted::start(|seen: &Seen| {
        if seen.number == 0 {
            answer(429, &[("retry-after", "1")], "")
        } else {
            manifest()
        }
    })
    .await;
    let patient = Registry::new(RegistryOptions::new(http(|options| {
        options.retry.patience = Duration::from_secs(20);
    })));
    let started = Instant::now();
    assert!(patient.manifest(&server.repository().tag("v1").unwrap()).await.is_ok());
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn staying_faults_are_named() {
    let (error, requests) =
        always(|| answer(500, &[], r#"{"errors":[{"code":"UNKNOWN","message":"a\u0007b"}]}"#)).await;
    assert!(
        matches!(&error, StoreError::Status { status: 500, detail, .. } if detail == ": UNKNOWN: a b"),
        "{error}"
    );
    assert_eq!(requests, 5);
    let (error, requests) = always(|| status(429)).await;
    assert!(matches!(error, StoreError::Status { status: 429, .. }), "{error}");
    assert_eq!(requests, 5);
    let (error, requests) = always(|| Reply::Reset).await;
    assert!(matches!(error, StoreError::Connection { .. }), "{error}");
    assert_eq!(requests, 5);
    let (error, _) = always(|| Reply::Truncated(Vec::new(), b"{".to_vec(), 400)).await;
    assert!(
        matches!(&error, StoreError::Connection { reason, .. } if reason.contains("before the whole body")),
        "{error}"
    );
}

#[tokio::test]
async fn final_answers_are_not_repeated() {
    let (error, requests) = always(|| status(404)).await;
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    assert_eq!(requests, 1);
    let (error, requests) = always(|| status(418)).await;
    assert!(matches!(error, StoreError::Status { status: 418, .. }), "{error}");
    assert_eq!(requests, 1);
    let (error, requests) = always(|| answer(403, &[], r#"{"errors":[{"code":"DENIED"}]}"#)).await;
    assert!(
        matches!(&error, StoreError::Denied { reason, .. } if reason.starts_with("DENIED")),
        "{error}"
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn silence_ends_in_a_stall() {
    for reply in [(|| Reply::Silence) as fn() -> Reply, || Reply::SilentBody(400)] {
        let server = Scripted::start(move |_: &Seen| reply()).await;
        let watchful = Registry::new(RegistryOptions::new(http(|options| {
            options.stall_timeout = Duration::from_millis(200);
        })));
        let fetched = watchful.manifest(&server.repository().tag("v1").unwrap()).await;
        assert!(matches!(fetched, Err(StoreError::Stalled { .. })), "{fetched:?}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn the_time_limit_holds_for_everything() {
    let server = Scripted::start(|_: &Seen| Reply::Silence).await;
    let hasty = Registry::new(RegistryOptions::new(http(|options| {
        options.timeout = Some(Duration::from_millis(150));
    })));
    let fetched = hasty.manifest(&server.repository().tag("v1").unwrap()).await;
    assert!(matches!(fetched, Err(StoreError::TimedOut { .. })));
}

#[tokio::test]
async fn nobody_there_is_a_connection_error() {
    let repository = "127.0.0.1:1/a".parse::<countersign_oci::Repository>().unwrap();
    let fetched = client().manifest(&repository.tag("v1").unwrap()).await;
    assert!(matches!(fetched, Err(StoreError::Connection { reason, .. }) if reason.contains("could not connect")));
}

#[tokio::test]
async fn a_manifest_has_a_limit() {
    let (error, requests) = always(|| answer(200, &[], vec![b' '; 5_000_000])).await;
    assert!(
        matches!(error, StoreError::ManifestTooLarge { limit: 4_194_304 }),
        "{error}"
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn json_without_end_is_malformed() {
    let (error, _) = always(|| answer(200, &[], "[".repeat(100_000))).await;
    assert!(matches!(error, StoreError::ManifestMalformed { .. }), "{error}");
}

#[tokio::test]
async fn other_bytes_than_the_digest_names_are_refused() {
    let server = Scripted::start(|_: &Seen| manifest()).await;
    let other = server.repository().digest(Digest::sha256(b"other"));
    let fetched = client().manifest(&other).await;
    assert!(
        matches!(fetched, Err(StoreError::DigestMismatch { expected, .. }) if expected == Digest::sha256(b"other"))
    );
}

#[tokio::test]
async fn a_tag_whose_announced_digest_is_wrong_is_refused() {
    let lie = Digest::sha256(b"lie").to_string();
    let (error, _) = always(move || answer(200, &[("docker-content-digest", &lie)], image("x").0.bytes())).await;
    assert!(matches!(error, StoreError::DigestMismatch { .. }), "{error}");
}

#[tokio::test]
async fn verbose_lines_hold_no_secret() {
    use std::sync::{Arc, Mutex};
    let server = Scripted::start(|_: &Seen| answer(307, &[("location", "/x?token=hunter2&n=3")], "")).await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    let http = http(|options| {
        options.observer = Some(Arc::new(move |exchange| {
            written
                .lock()
                .unwrap()
                .push(format!("{} {} {:?}", exchange.method, exchange.url, exchange.status));
        }));
    });
    let error = http.get(&format!("http://{}/?key=hunter2", server.address), 10).await;
    let error = error.expect_err("redirected for ever").to_string();
    assert!(!error.contains("hunter2"), "{error}");
    let lines = lines.lock().unwrap().join("\n");
    assert!(
        !lines.contains("hunter2") && lines.contains("token=***&n=3 Some(307)"),
        "{lines}"
    );
}
