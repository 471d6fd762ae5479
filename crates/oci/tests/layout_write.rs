//! Writing image layouts: what was written is read back, and writers lose nothing of each other's.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::Algorithm;
use countersign_oci::blob::{Source, UploadOutcome};
use countersign_oci::layout::SavedRole;
use countersign_oci::store::Condition;
use countersign_oci::{BlobStream, Layout, Manifest, Meter, Reference, Store, StoreError, Upload};

fn tag(tag: &str) -> Reference {
    Layout::repository().tag(tag).unwrap()
}

fn manifest(comment: &str) -> Manifest {
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}},"layers":[],"annotations":{{"comment":"{comment}"}}}}"#
    );
    Manifest::parse(Bytes::from(text), "").unwrap()
}

fn referrer(subject: &Manifest, comment: &str) -> Manifest {
    let text = String::from_utf8(manifest(comment).bytes().to_vec()).unwrap();
    let subject = serde_json::to_string(&subject.descriptor()).unwrap();
    let text = text.replace(
        r#""layers":[]"#,
        &format!(r#""layers":[],"subject":{subject},"artifactType":"a/b""#),
    );
    Manifest::parse(Bytes::from(text), "").unwrap()
}

fn leftovers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("."))
        .collect()
}

#[tokio::test]
async fn pushed_blob_is_read_back_and_then_exists() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let content = vec![7; 700_000];
    let path = folder.path().join("content");
    fs::write(&path, &content).unwrap();
    let meter = Meter::default();
    let mut upload = Upload::file(path, content.len() as u64);
    upload.meter = Some(meter.clone());
    let pushed = layout.push_blob(&Layout::repository(), &upload).await.unwrap();
    assert_eq!(pushed.digest, Digest::sha256(&content));
    assert_eq!((pushed.size, pushed.how), (700_000, UploadOutcome::Sent));
    assert_eq!(meter.total(), 700_000);
    let stream = layout
        .blob(&Layout::repository(), &pushed.digest, Some(700_000))
        .await
        .unwrap();
    assert_eq!(stream.read(700_000).await.unwrap(), content);

    let again = layout
        .push_blob(&Layout::repository(), &Upload::bytes(content))
        .await
        .unwrap();
    assert_eq!(again.how, UploadOutcome::Existed);
    assert_eq!(leftovers(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn blob_is_copied_from_another_layout_as_a_stream() {
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = Layout::create(folders.0.path()).await.unwrap();
    let to = Layout::create(folders.1.path()).await.unwrap();
    let mut upload = Upload::bytes("content");
    upload.digest = Some(Digest::of(Algorithm::Sha512, b"content"));
    let pushed = from.push_blob(&Layout::repository(), &upload).await.unwrap();
    let digest = pushed.digest.clone();
    upload.source = Source::Stream(Arc::new(move || {
        let (from, digest) = (from.clone(), digest.clone());
        Box::pin(async move { from.blob(&Layout::repository(), &digest, None).await })
    }));
    let copied = to.push_blob(&Layout::repository(), &upload).await.unwrap();
    assert_eq!(copied.how, UploadOutcome::Sent);
    let stream = to.blob(&Layout::repository(), &pushed.digest, None).await.unwrap();
    assert_eq!(stream.read(100).await.unwrap(), "content");
}

#[tokio::test]
async fn stream_that_is_another_blob_or_not_its_digest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    for streamed in ["content", "wanted"] {
        let mut upload = Upload::bytes("wanted");
        upload.size = None;
        upload.source = Source::Stream(Arc::new(move || {
            let chunks = futures_util::stream::iter([Ok("content".into())]);
            let digest = Digest::sha256(streamed.as_bytes());
            Box::pin(async move { Ok(BlobStream::new(chunks, streamed.to_owned(), &digest, None)) })
        }));
        let pushed = layout.push_blob(&Layout::repository(), &upload).await;
        assert!(matches!(pushed, Err(StoreError::DigestMismatch { .. })), "{pushed:?}");
    }
    assert_eq!(fs::read_dir(folder.path().join("blobs/sha256")).unwrap().count(), 0);
}

#[tokio::test]
async fn blob_that_is_not_its_digest_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let mut upload = Upload::bytes("content");
    upload.digest = Some(Digest::sha256(b"other"));
    let pushed = layout.push_blob(&Layout::repository(), &upload).await;
    assert!(matches!(pushed, Err(StoreError::DigestMismatch { .. })));
    upload.digest = None;
    upload.size = Some(1);
    let pushed = layout.push_blob(&Layout::repository(), &upload).await;
    assert!(matches!(
        pushed,
        Err(StoreError::SizeMismatch {
            expected: 1,
            found: 7,
            ..
        })
    ));
    assert_eq!(fs::read_dir(folder.path().join("blobs/sha256")).unwrap().count(), 0);
    assert_eq!(leftovers(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn tag_moves_and_the_old_entry_goes() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    for comment in ["one", "two"] {
        let manifest = manifest(comment);
        layout
            .push_manifest(&tag("v1"), &manifest, Condition::Always)
            .await
            .unwrap();
        assert_eq!(layout.manifest(&tag("v1")).await.unwrap().bytes(), manifest.bytes());
    }
    assert_eq!(layout.entries().await.unwrap().len(), 1);
    layout
        .push_manifest(&tag("v2"), &manifest("two"), Condition::Always)
        .await
        .unwrap();
    assert_eq!(layout.tags().await.unwrap(), ["v1", "v2"]);
    layout.untag("v2").await.unwrap();
    assert_eq!(layout.tags().await.unwrap(), ["v1"]);
    assert!(matches!(layout.untag("v2").await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn manifest_pushed_by_digest_is_listed_once_until_it_gets_a_tag() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let manifest = manifest("one");
    let name = Layout::repository().digest(manifest.digest().clone());
    for _ in 0..2 {
        layout.push_manifest(&name, &manifest, Condition::Always).await.unwrap();
    }
    assert_eq!(layout.entries().await.unwrap().len(), 1);
    layout
        .push_manifest(&tag("v1"), &manifest, Condition::Always)
        .await
        .unwrap();
    assert_eq!(layout.entries().await.unwrap().len(), 1);
    assert_eq!(layout.tags().await.unwrap(), ["v1"]);
}

#[tokio::test]
async fn manifest_under_a_digest_that_is_not_its_own_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let name = Layout::repository().digest(Digest::sha256(b"other"));
    let pushed = layout.push_manifest(&name, &manifest("one"), Condition::Always).await;
    assert!(matches!(pushed, Err(StoreError::DigestMismatch { .. })));
}

#[tokio::test]
async fn condition_that_does_not_hold_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let (one, two) = (manifest("one"), manifest("two"));
    let unchanged = |manifest: &Manifest| Condition::Unchanged(manifest.digest().clone());
    let early = layout.push_manifest(&tag("v1"), &one, unchanged(&two)).await;
    assert!(matches!(early, Err(StoreError::Changed { .. })));
    layout.push_manifest(&tag("v1"), &one, Condition::Absent).await.unwrap();
    let second = layout.push_manifest(&tag("v1"), &two, Condition::Absent).await;
    assert!(matches!(second, Err(StoreError::Changed { .. })));
    let stale = layout.push_manifest(&tag("v1"), &two, unchanged(&two)).await;
    assert!(matches!(stale, Err(StoreError::Changed { .. })));
    layout.push_manifest(&tag("v1"), &two, unchanged(&one)).await.unwrap();
    assert_eq!(layout.resolve(&tag("v1")).await.unwrap().digest(), two.digest());
}

#[tokio::test]
async fn concurrent_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    Layout::create(folder.path()).await.unwrap();
    let subject = manifest("subject");
    let writers = (0..16).map(|writer| {
        let (path, subject) = (folder.path().to_owned(), subject.clone());
        tokio::spawn(async move {
            let layout = Layout::create(path).await.unwrap();
            let bundle = referrer(&subject, &format!("bundle {writer}"));
            let name = Layout::repository().digest(bundle.digest().clone());
            layout.push_manifest(&name, &bundle, Condition::Always).await.unwrap();
            layout
                .push_manifest(&tag(&format!("t{writer}")), &bundle, Condition::Always)
                .await
                .unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let layout = Layout::open(folder.path()).await.unwrap();
    assert_eq!(layout.tags().await.unwrap().len(), 16);
    let found = layout.referrers(&Layout::repository(), subject.digest()).await.unwrap();
    assert_eq!(found.len(), 16);
    assert_eq!(leftovers(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn what_other_tools_wrote_in_the_index_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let other = r#"{ "mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"urls":["https://h.io"] }"#;
    let index = format!(r#"{{"annotations":{{"k":"v"}},"manifests":[{other}],"schemaVersion":2,"x":1.50}}"#);
    fs::write(folder.path().join("index.json"), index).unwrap();
    layout
        .push_manifest(&tag("v1"), &manifest("one"), Condition::Always)
        .await
        .unwrap();
    let text = fs::read_to_string(folder.path().join("index.json")).unwrap();
    assert!(
        text.starts_with(r#"{"schemaVersion":2,"annotations":{"k":"v"},"x":1.50,"manifests":[{ "mediaType":"a/b","#),
        "{text}"
    );
    assert!(text.contains(other), "{text}");
}

#[tokio::test]
async fn signature_tag_of_a_saved_image_keeps_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/golden/save/v2");
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    for name in ["oci-layout", "index.json"] {
        fs::copy(saved.join(name), folder.path().join(name)).unwrap();
    }
    for blob in fs::read_dir(saved.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        fs::copy(blob.path(), folder.path().join("blobs/sha256").join(blob.file_name())).unwrap();
    }
    let layout = Layout::open(folder.path()).await.unwrap();
    let image = layout.only().await.unwrap();
    let name = tag(&format!("sha256-{}.sig", image.digest().hex()));
    let before = layout.resolve(&name).await.unwrap();
    let replaced = manifest("signatures");
    let condition = Condition::Unchanged(before.digest().clone());
    layout.push_manifest(&name, &replaced, condition).await.unwrap();
    assert_eq!(layout.resolve(&name).await.unwrap().digest(), replaced.digest());
    let kinds: Vec<_> = layout
        .entries()
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.annotations["kind"].clone())
        .collect();
    assert_eq!(kinds.len(), 3);
    assert!(kinds.iter().any(|kind| kind == "dev.cosignproject.cosign/sigs"));
}

#[tokio::test]
async fn saved_image_takes_the_place_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).await.unwrap();
    let kept = manifest("tagged");
    layout
        .push_manifest(&tag("v1"), &kept, Condition::Always)
        .await
        .unwrap();
    for comment in ["one", "two"] {
        let image = manifest(comment);
        layout.save(&image, SavedRole::Image).await.unwrap();
        let name = tag(&format!("sha256-{}.sig", image.digest().hex()));
        assert!(matches!(layout.resolve(&name).await, Err(StoreError::NotFound { .. })));
        for signatures in ["first", "second"] {
            let signatures = manifest(signatures);
            layout.save(&signatures, SavedRole::Signatures).await.unwrap();
            assert_eq!(layout.resolve(&name).await.unwrap().digest(), signatures.digest());
        }
        layout
            .save(&manifest("attested"), SavedRole::Attestations)
            .await
            .unwrap();
        assert_eq!(layout.only().await.unwrap().digest(), image.digest());
        assert_eq!(layout.entries().await.unwrap().len(), 4);
    }
}
