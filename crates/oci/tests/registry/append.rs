//! Many writers of one tag: whatever is reported as written is there in the end.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use countersign_core::Digest;
use countersign_oci::append::{Merge, append};
use countersign_oci::media_type::OCI_MANIFEST;
use countersign_oci::store::Expected;
use countersign_oci::{AnyStore, Manifest, Reference, Store, StoreError, Upload};

use crate::scripted::{Reply, Scripted, Seen, answer, client, status};

/// How a registry treats a tag.
#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Checked,
    Unchecked,
    LosesFirstAnswer,
    /// Every other write is refused for a digest that is right, as docker-registry 2.8 does among many uploads.
    Unsettled,
}

async fn tag_only(kind: Tag) -> (Scripted, Arc<Mutex<Option<Vec<u8>>>>) {
    let held: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let state = Arc::clone(&held);
    let writes = AtomicUsize::new(0);
    let server = Scripted::start(move |seen: &Seen| {
        let mut held = state.lock().unwrap();
        let now = held.as_ref().map(|bytes| Digest::sha256(bytes).to_string());
        match seen.method.as_str() {
            "POST" => status(201),
            "PUT" => {
                let is_match = match (seen.header("if-match"), seen.header("if-none-match")) {
                    (Some(wanted), _) => now.as_ref().map(|now| format!("\"{now}\"")).as_deref() == Some(wanted),
                    (None, Some(_)) => now.is_none(),
                    (None, None) => true,
                };
                if kind == Tag::Checked && !is_match {
                    return status(412);
                }
                if kind == Tag::Unsettled && writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                    return answer(400, &[], DIGEST_INVALID);
                }
                let digest = Digest::sha256(&seen.body).to_string();
                let is_first = held.is_none();
                *held = Some(seen.body.clone());
                if kind == Tag::LosesFirstAnswer && is_first {
                    return Reply::Reset;
                }
                answer(201, &[("docker-content-digest", &digest)], "")
            }
            _ => match (&*held, now) {
                (Some(bytes), Some(now)) => {
                    let headers = [("docker-content-digest", now.as_str()), ("content-type", OCI_MANIFEST)];
                    answer(200, &headers, bytes)
                }
                _ => status(404),
            },
        }
    })
    .await;
    (server, held)
}

fn names(manifest: Option<&Manifest>) -> BTreeSet<String> {
    manifest
        .map(|manifest| manifest.content().annotations.keys().cloned().collect())
        .unwrap_or_default()
}

async fn add<S: Store>(registry: &S, tag: &Reference, name: &str) -> Result<(), StoreError> {
    append(registry, tag, &|current| {
        let mut names = names(current);
        if !names.insert(name.to_owned()) {
            return Ok(Merge::Present);
        }
        let list: Vec<String> = names.iter().map(|name| format!("\"{name}\":\"\"")).collect();
        let text = format!(
            r#"{{"schemaVersion":2,"layers":[],"annotations":{{{}}}}}"#,
            list.join(",")
        );
        Ok(Merge::Write {
            manifest: Box::new(Manifest::parse(Bytes::from(text), OCI_MANIFEST)?),
            blobs: vec![Upload::bytes(format!("configuration of {}", list.join(",")))],
        })
    })
    .await
}

async fn race(server: &Scripted, writers: usize) {
    let tag = server.repository().tag("sha256-x.sig").unwrap();
    let added = (0..writers).map(|number| {
        let tag = tag.clone();
        // Each writer is a process of its own: it shares nothing with the others.
        async move { add(&AnyStore::Registry(client()), &tag, &format!("w{number}")).await }
    });
    futures_util::future::try_join_all(added).await.unwrap();
}

fn held(state: &Mutex<Option<Vec<u8>>>) -> BTreeSet<String> {
    let bytes = state.lock().unwrap().clone().unwrap();
    names(Some(&Manifest::parse(bytes.into(), OCI_MANIFEST).unwrap()))
}

#[tokio::test]
async fn no_entry_is_lost_where_conditions_are_checked() {
    let (server, state) = tag_only(Tag::Checked).await;
    race(&server, 20).await;
    assert_eq!(held(&state).len(), 20);
}

#[tokio::test]
async fn no_entry_is_lost_where_they_are_not() {
    let (server, state) = tag_only(Tag::Unchecked).await;
    race(&server, 5).await;
    assert_eq!(held(&state).len(), 5);
}

#[tokio::test]
async fn a_checked_write_is_final_without_reading_back() {
    let (server, _) = tag_only(Tag::Checked).await;
    add(&client(), &server.repository().tag("x").unwrap(), "a")
        .await
        .unwrap();
    let seen: Vec<_> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(seen, ["GET", "POST", "PUT", "PUT"]);
}

#[tokio::test]
async fn an_unchecked_write_is_looked_at_again_whatever_the_store_is_wrapped_in() {
    let (server, _) = tag_only(Tag::Unchecked).await;
    let store = AnyStore::Registry(client());
    add(&store, &server.repository().tag("x").unwrap(), "a").await.unwrap();
    let seen: Vec<_> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(seen.last().map(String::as_str), Some("HEAD"));
}

#[tokio::test]
async fn an_entry_that_is_there_is_not_written_again() {
    let (server, _) = tag_only(Tag::Unchecked).await;
    let tag = server.repository().tag("x").unwrap();
    add(&client(), &tag, "a").await.unwrap();
    let before = server.seen().len();
    add(&client(), &tag, "a").await.unwrap();
    assert_eq!(server.seen().len(), before + 1);
}

#[tokio::test]
async fn a_registry_that_stores_nothing_is_found_out() {
    let server = Scripted::start(|seen: &Seen| match seen.method.as_str() {
        "PUT" | "POST" => status(201),
        _ => status(404),
    })
    .await;
    let added = add(&client(), &server.repository().tag("x").unwrap(), "a").await;
    assert!(matches!(added, Err(StoreError::NotStored { .. })), "{added:?}");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_looked_for() {
    let (server, state) = tag_only(Tag::LosesFirstAnswer).await;
    add(&client(), &server.repository().tag("x").unwrap(), "a")
        .await
        .unwrap();
    assert_eq!(held(&state).len(), 1);
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "PUT").count(), 1);
}

#[tokio::test]
async fn a_write_refused_for_a_digest_that_is_right_is_repeated() {
    let (server, state) = tag_only(Tag::Unsettled).await;
    race(&server, 4).await;
    assert_eq!(held(&state).len(), 4);
}

#[tokio::test]
async fn a_registry_that_always_refuses_a_right_digest_is_told_of() {
    let server = Scripted::start(|seen: &Seen| match seen.method.as_str() {
        "PUT" => answer(400, &[], DIGEST_INVALID),
        "POST" => status(201),
        _ => status(404),
    })
    .await;
    let added = add(&client(), &server.repository().tag("x").unwrap(), "a").await;
    let Err(StoreError::Unsettled { reason, .. }) = added else {
        panic!("{added:?}");
    };
    assert_eq!(reason, "DIGEST_INVALID: provided digest did not match uploaded content");
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "PUT").count(), 5);
}

const DIGEST_INVALID: &str =
    r#"{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match uploaded content"}]}"#;

#[tokio::test]
async fn after_a_glance_blobs_are_stored_while_the_tag_is_looked_at_again() {
    let (server, _) = tag_only(Tag::Unchecked).await;
    let (store, tag) = (AnyStore::Registry(client()), server.repository().tag("x").unwrap());
    store.expect(Expected::Replacement(&tag)).await;
    add(&store, &tag, "a").await.unwrap();
    let mut seen: Vec<_> = server.seen().into_iter().map(|seen| seen.method).collect();
    seen[1..3].sort();
    assert_eq!(seen, ["GET", "HEAD", "POST", "PUT", "HEAD"]);
}

#[tokio::test]
async fn what_was_written_after_a_glance_is_kept() {
    let (server, state) = tag_only(Tag::Unchecked).await;
    let (store, tag) = (client(), server.repository().tag("x").unwrap());
    store.expect(Expected::Replacement(&tag)).await;
    add(&client(), &tag, "of another").await.unwrap();
    add(&store, &tag, "a").await.unwrap();
    assert_eq!(held(&state).len(), 2);
}
