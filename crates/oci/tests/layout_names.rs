//! Names in image layouts: a name that is written is on one manifest, and no other name is lost.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use countersign_oci::store::Condition;
use countersign_oci::{Layout, Manifest, Reference, Saving, Store, StoreError, Upload};
use serde_json::{Value, json};

const TAG: &str = "org.opencontainers.image.ref.name";
const FULL: &str = "io.containerd.image.name";

fn manifest(comment: &str) -> Manifest {
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}},"layers":[],"annotations":{{"comment":"{comment}"}}}}"#
    );
    Manifest::parse(Bytes::from(text), "").unwrap()
}

fn entry(manifest: &Manifest, annotations: &Value) -> Value {
    let mut entry = serde_json::to_value(manifest.descriptor()).unwrap();
    entry["annotations"] = annotations.clone();
    entry
}

/// A layout that holds `manifests` and lists `entries`.
async fn layout(folder: &Path, manifests: &[&Manifest], entries: &[Value]) -> Layout {
    let layout = Layout::create(folder).await.unwrap();
    for manifest in manifests {
        let upload = Upload::bytes(manifest.bytes().clone());
        layout.push_blob(&Layout::repository(), &upload).await.unwrap();
    }
    let index = json!({"schemaVersion": 2, "manifests": entries});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    layout
}

/// The entries of `index.json`, each as the comment of its manifest and its annotations.
fn listed(folder: &Path, manifests: &[&Manifest]) -> Vec<(usize, Value)> {
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    let place = |entry: &Value| {
        let is_it = |manifest: &&Manifest| manifest.digest().as_str() == entry["digest"];
        manifests.iter().position(is_it).unwrap()
    };
    entries
        .map(|entry| (place(entry), entry["annotations"].clone()))
        .collect()
}

#[tokio::test]
async fn a_tag_moves_in_every_spelling_and_is_on_one_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let (old, older, new) = (manifest("old"), manifest("older"), manifest("new"));
    let layout = layout(
        folder.path(),
        &[&old, &older],
        &[
            entry(&old, &json!({TAG: "v1"})),
            entry(&older, &json!({TAG: "h.io/a:v1"})),
            entry(&older, &json!({TAG: "v1", FULL: "h.io/a:v1"})),
            entry(&old, &json!({TAG: "v2"})),
        ],
    )
    .await;
    let name: Reference = "h.io/a:v1".parse().unwrap();
    layout.push_manifest(&name, &new, Condition::Always).await.unwrap();
    let expected = [
        (0, json!({TAG: "v2"})),
        (2, json!({TAG: "v1", FULL: "h.io/a:v1"})),
        (2, json!({TAG: "h.io/a:v1"})),
    ];
    assert_eq!(listed(folder.path(), &[&old, &older, &new]), expected);
    assert_eq!(layout.resolve(&name).await.unwrap().digest(), new.digest());
    let before = fs::read(folder.path().join("index.json")).unwrap();
    layout.push_manifest(&name, &new, Condition::Always).await.unwrap();
    assert_eq!(fs::read(folder.path().join("index.json")).unwrap(), before);
}

#[tokio::test]
async fn names_for_other_readers_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (manifest("old"), manifest("new"));
    let saved = json!({TAG: "v1", "kind": "dev.cosignproject.cosign/image"});
    let layout = layout(
        folder.path(),
        &[&old],
        &[
            entry(&old, &json!({TAG: "v1", FULL: "h.io/b:v1", "note": "kept"})),
            entry(&old, &saved),
        ],
    )
    .await;
    let name = Layout::repository().tag("v1").unwrap();
    layout.push_manifest(&name, &new, Condition::Always).await.unwrap();
    let expected = [
        (0, json!({FULL: "h.io/b:v1", "note": "kept"})),
        (0, json!({"kind": "dev.cosignproject.cosign/image"})),
        (1, json!({TAG: "v1"})),
    ];
    assert_eq!(listed(folder.path(), &[&old, &new]), expected);
    let of_containerd: Reference = "h.io/b:v1".parse().unwrap();
    assert_eq!(layout.resolve(&of_containerd).await.unwrap().digest(), old.digest());
}

#[tokio::test]
async fn what_is_said_of_a_manifest_stays_when_it_gets_a_tag() {
    let folder = tempfile::tempdir().unwrap();
    let image = manifest("image");
    let mut bare = serde_json::to_value(image.descriptor()).unwrap();
    bare["platform"] = json!({"architecture": "arm64", "os": "linux"});
    bare["urls"] = json!(["https://h.io"]);
    let layout = layout(folder.path(), &[&image], &[bare.clone()]).await;
    let name = Layout::repository().tag("v1").unwrap();
    layout.push_manifest(&name, &image, Condition::Always).await.unwrap();
    bare["annotations"] = json!({TAG: "v1"});
    let index: Value = serde_json::from_slice(&fs::read(folder.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"], json!([bare]));
    layout.untag("v1").await.unwrap();
    bare.as_object_mut().unwrap().remove("annotations");
    let index: Value = serde_json::from_slice(&fs::read(folder.path().join("index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"], json!([bare]));
}

#[tokio::test]
async fn a_doubt_about_a_tag_ends_where_anything_may_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, new) = (manifest("one"), manifest("two"), manifest("new"));
    let layout = layout(
        folder.path(),
        &[&one, &two],
        &[
            entry(&one, &json!({TAG: "v1", FULL: "h.io/a:v1"})),
            entry(&two, &json!({TAG: "v1", FULL: "h.io/b:v1"})),
        ],
    )
    .await;
    let name = Layout::repository().tag("v1").unwrap();
    for condition in [Condition::Absent, Condition::Unchanged(one.digest().clone())] {
        let refused = layout.push_manifest(&name, &new, condition).await;
        assert!(matches!(refused, Err(StoreError::Ambiguous { .. })), "{refused:?}");
    }
    layout.push_manifest(&name, &new, Condition::Always).await.unwrap();
    assert_eq!(layout.resolve(&name).await.unwrap().digest(), new.digest());
    let expected = [
        (0, json!({FULL: "h.io/a:v1"})),
        (1, json!({FULL: "h.io/b:v1"})),
        (2, json!({TAG: "v1"})),
    ];
    assert_eq!(listed(folder.path(), &[&one, &two, &new]), expected);
}

#[tokio::test]
async fn what_is_saved_takes_its_own_names_only() {
    let folder = tempfile::tempdir().unwrap();
    let (old, image) = (manifest("old"), manifest("image"));
    let saved = json!({"kind": "dev.cosignproject.cosign/image"});
    layout(
        folder.path(),
        &[&old, &image],
        &[
            entry(&old, &saved),
            entry(&old, &json!({TAG: "v1", FULL: "h.io/b:v1"})),
            entry(&old, &json!({TAG: "v1"})),
            entry(&image, &json!({TAG: "v2"})),
            entry(&image, &json!({})),
        ],
    )
    .await;
    let saving = Saving::into_folder(folder.path()).await.unwrap();
    let name = Layout::repository().tag("v1").unwrap();
    saving.push_manifest(&name, &image, Condition::Always).await.unwrap();
    saving.finish(image.digest()).await.unwrap();
    let expected = [
        (0, json!({FULL: "h.io/b:v1"})),
        (1, json!({TAG: "v2"})),
        (1, json!({TAG: "v1", "kind": "dev.cosignproject.cosign/image"})),
    ];
    assert_eq!(listed(folder.path(), &[&old, &image]), expected);
}

#[tokio::test]
async fn a_referrer_that_is_removed_leaves_the_list_under_the_tag() {
    let folder = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/golden");
    let from = golden.join("layouts/v3-keyless-fallback-tag");
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    for name in ["oci-layout", "index.json"] {
        fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    for blob in fs::read_dir(from.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        fs::copy(blob.path(), folder.path().join("blobs/sha256").join(blob.file_name())).unwrap();
    }
    let layout = Layout::open(folder.path()).await.unwrap();
    let (repository, image) = (Layout::repository(), layout.only().await.unwrap());
    let [bundle] = &*layout.referrers(&repository, image.digest()).await.unwrap() else {
        panic!("it has one")
    };
    layout
        .remove_referrer(&repository, image.digest(), &bundle.digest)
        .await
        .unwrap();
    assert_eq!(layout.referrers(&repository, image.digest()).await.unwrap(), []);
    let tag = repository.tag(&format!("sha256-{}", image.digest().hex())).unwrap();
    let list = layout.manifest(&tag).await.unwrap();
    assert!(list.is_index() && list.manifests().is_empty(), "{list:?}");
    assert_eq!(layout.tags().await.unwrap().len(), 2);
    let again = layout
        .remove_referrer(&repository, image.digest(), &bundle.digest)
        .await;
    assert!(again.is_ok(), "{again:?}");
}
