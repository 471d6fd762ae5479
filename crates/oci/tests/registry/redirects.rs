//! Credentials stay with the scheme, host and port that they are for.

use countersign_core::Digest;
use countersign_core::secret::Secret;
use countersign_oci::registry::credentials::Credential;
use countersign_oci::store::Store;
use countersign_oci::{Registry, RegistryOptions, StoreError, Upload};

use crate::scripted::{Scripted, Seen, answer, client, http, status};

fn signed_in() -> Registry {
    let mut options = RegistryOptions::new(http(|_| {}));
    options.credentials.explicit = Some(Credential::Basic {
        username: "me".to_owned(),
        password: Secret::new("pw".to_owned()),
    });
    Registry::new(options)
}

fn basic(seen: &Seen) -> bool {
    seen.header("authorization") == Some("Basic bWU6cHc=")
}

#[tokio::test]
async fn a_blob_may_be_on_another_host_which_gets_no_credentials() {
    let other = Scripted::start(|_: &Seen| answer(200, &[], "content")).await;
    let location = format!("http://{}/blob?signature=1", other.address);
    let server = Scripted::start(move |seen: &Seen| match basic(seen) {
        true => answer(307, &[("location", &location)], ""),
        false => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    })
    .await;
    let digest = Digest::sha256(b"content");
    let blob = signed_in().blob(&server.repository(), &digest, Some(7)).await.unwrap();
    assert_eq!(&blob.read(100).await.unwrap()[..], b"content");
    let there = other.seen();
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].header("authorization"), None);
    assert_eq!(there[0].target, "/blob?signature=1");
}

#[tokio::test]
async fn circles_end() {
    let server = Scripted::start(|seen: &Seen| answer(302, &[("location", &seen.target)], "")).await;
    let fetched = client().manifest(&server.repository().tag("v1").unwrap()).await;
    assert!(matches!(fetched, Err(StoreError::Redirect { reason, .. }) if reason.contains("more than")));
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn an_upload_may_go_on_elsewhere_without_credentials() {
    let other = Scripted::start(|_: &Seen| status(201)).await;
    let location = format!("http://{}/upload?id=1", other.address);
    let server = Scripted::start(move |seen: &Seen| match basic(seen) {
        true => answer(202, &[("location", &location)], ""),
        false => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    })
    .await;
    let upload = Upload::bytes("content");
    signed_in().push_blob(&server.repository(), &upload).await.unwrap();
    let there = other.seen();
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].header("authorization"), None);
    assert_eq!(there[0].body, b"content");
    assert_eq!(
        there[0].target,
        format!("/upload?id=1&digest={}", Digest::sha256(b"content"))
    );
}

#[tokio::test]
async fn a_push_is_not_redirected() {
    let other = Scripted::start(|_: &Seen| status(201)).await;
    let location = format!("http://{}/", other.address);
    let server = Scripted::start(move |_: &Seen| answer(307, &[("location", &location)], "")).await;
    let pushed = client()
        .push_blob(&server.repository(), &Upload::bytes("content"))
        .await;
    assert!(matches!(pushed, Err(StoreError::Status { status: 307, .. })));
    assert_eq!(other.seen().len(), 0);
}
