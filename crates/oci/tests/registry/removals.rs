//! A referrer is removed: it is off every list first, and a registry that keeps it on one is an error.

use std::sync::{Arc, Mutex};

use countersign_core::Digest;
use countersign_oci::media_type::OCI_INDEX;
use countersign_oci::store::Store;
use countersign_oci::{Descriptor, StoreError};

use crate::scripted::{Scripted, Seen, answer, client, status};

fn entry(text: &str) -> Descriptor {
    Descriptor::of("application/vnd.oci.image.manifest.v1+json", text.as_bytes())
}

fn index(entries: &[Descriptor]) -> Vec<u8> {
    let entries = serde_json::to_string(entries).unwrap();
    format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":{entries}}}"#).into_bytes()
}

/// A registry with a fallback tag, that answers `list` for its own list and `delete` to whoever deletes.
async fn registry(list: Option<Vec<Descriptor>>, delete: u16) -> (Scripted, Arc<Mutex<Vec<u8>>>) {
    let tag = Arc::new(Mutex::new(index(&[entry("old"), entry("other")])));
    let held = Arc::clone(&tag);
    let server = Scripted::start(move |seen: &Seen| match seen.method.as_str() {
        "DELETE" => answer(delete, &[], r#"{"errors":[{"code":"UNSUPPORTED"}]}"#),
        "PUT" => {
            *held.lock().unwrap() = seen.body.clone();
            status(201)
        }
        _ if seen.target.contains("/referrers/") => match &list {
            Some(entries) => answer(200, &[("content-type", OCI_INDEX)], index(entries)),
            None => status(404),
        },
        _ => answer(200, &[("content-type", OCI_INDEX)], held.lock().unwrap().clone()),
    })
    .await;
    (server, tag)
}

async fn remove(server: &Scripted) -> Result<(), StoreError> {
    let (subject, old) = (Digest::sha256(b"subject"), entry("old").digest);
    client().remove_referrer(&server.repository(), &subject, &old).await
}

#[tokio::test]
async fn it_is_off_the_list_before_it_is_deleted_and_the_others_stay() {
    let (server, tag) = registry(None, 202).await;
    remove(&server).await.unwrap();
    assert_eq!(*tag.lock().unwrap(), index(&[entry("other")]));
    let changes: Vec<String> = server
        .seen()
        .into_iter()
        .map(|seen| seen.method)
        .filter(|method| method == "PUT" || method == "DELETE")
        .collect();
    assert_eq!(changes, ["PUT", "DELETE"]);
}

#[tokio::test]
async fn a_registry_that_does_not_delete_is_done_once_nothing_lists_it() {
    let (server, tag) = registry(None, 405).await;
    remove(&server).await.unwrap();
    assert_eq!(*tag.lock().unwrap(), index(&[entry("other")]));
}

#[tokio::test]
async fn a_registry_that_keeps_it_on_its_list_is_an_error() {
    let (server, _) = registry(Some(vec![entry("old")]), 405).await;
    assert!(matches!(remove(&server).await, Err(StoreError::NotAllowed { .. })));
}

#[tokio::test]
async fn what_is_gone_already_is_removed() {
    let (server, _) = registry(Some(Vec::new()), 404).await;
    remove(&server).await.unwrap();
}

#[tokio::test]
async fn a_deletion_that_is_refused_is_an_error() {
    let (server, _) = registry(None, 403).await;
    assert!(matches!(remove(&server).await, Err(StoreError::Denied { .. })));
}
