//! Images on their way into layouts and archives of their own.

use countersign_core::Digest;
use countersign_oci::store::Condition;
use countersign_oci::{Archive, Layout, Manifest, Repository, Saving, Store, StoreError, Upload};
use futures_util::future::try_join_all;

fn repository() -> Repository {
    Layout::repository()
}

async fn image(saving: &Saving, layer: &str) -> Manifest {
    let mut parts = Vec::new();
    for content in ["{}", layer] {
        let pushed = saving
            .push_blob(&repository(), &Upload::bytes(content.to_owned()))
            .await
            .unwrap();
        parts.push(format!(r#""digest":"{}","size":{}"#, pushed.digest, pushed.size));
    }
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar",{}}}]}}"#,
        parts[0], parts[1]
    );
    Manifest::parse(text.into(), "").unwrap()
}

async fn push(saving: &Saving, tag: &str, manifest: &Manifest) {
    let name = repository().tag(tag).unwrap();
    saving.push_manifest(&name, manifest, Condition::Always).await.unwrap();
}

#[tokio::test]
async fn a_blob_that_comes_twice_at_once_is_in_the_archive_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    let saving = Saving::into_archive(&path).await.unwrap();
    let manifest = image(&saving, "layer").await;
    let repository = repository();
    let blob = Upload::bytes("twice");
    let pushes = (0..8).map(|_| saving.push_blob(&repository, &blob));
    try_join_all(pushes).await.unwrap();
    for tag in ["v1", "v2"] {
        push(&saving, tag, &manifest).await;
    }
    saving.finish(manifest.digest()).await.unwrap();
    let archive = Archive::open(&path).await.unwrap();
    assert_eq!(archive.tags().await.unwrap(), ["v1", "v2"]);
    let stream = archive
        .blob(&repository, &Digest::sha256(b"twice"), Some(5))
        .await
        .unwrap();
    assert_eq!(stream.read(5).await.unwrap(), "twice");
}

#[tokio::test]
async fn an_archive_appears_only_when_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    let saving = Saving::into_archive(&path).await.unwrap();
    let manifest = image(&saving, "layer").await;
    push(&saving, "v1", &manifest).await;
    assert!(!path.exists());
    drop(saving);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_archive_with_a_blob_that_is_not_what_it_says_is_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    for (bytes, is_size) in [("wrong", false), ("longer", true), ("shor", true)] {
        let saving = Saving::into_archive(&path).await.unwrap();
        let manifest = image(&saving, "layer").await;
        push(&saving, "v1", &manifest).await;
        let upload = Upload {
            digest: Some(Digest::sha256(b"right")),
            size: Some(5),
            ..Upload::bytes(bytes)
        };
        let pushed = saving.push_blob(&repository(), &upload).await;
        match is_size {
            true => assert!(
                matches!(pushed, Err(StoreError::SizeMismatch { expected: 5, .. })),
                "{pushed:?}"
            ),
            false => assert!(matches!(pushed, Err(StoreError::DigestMismatch { .. })), "{pushed:?}"),
        }
        let finished = saving.finish(manifest.digest()).await;
        assert!(matches!(finished, Err(StoreError::NotAllowed { .. })), "{finished:?}");
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn a_layout_shows_what_it_had_until_the_new_image_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut images = Vec::new();
    for layer in ["first", "second"] {
        let saving = Saving::into_folder(folder.path()).await.unwrap();
        let manifest = image(&saving, layer).await;
        push(&saving, "v1", &manifest).await;
        if let Some(first) = images.first() {
            let layout = Layout::open(folder.path()).await.unwrap();
            assert_eq!(layout.only().await.unwrap().digest(), first);
        }
        saving.finish(manifest.digest()).await.unwrap();
        images.push(manifest.digest().clone());
    }
    let layout = Layout::open(folder.path()).await.unwrap();
    assert_eq!(*layout.only().await.unwrap().digest(), images[1]);
    assert_eq!(layout.entries().await.unwrap().len(), 1);
}
