//! Files come back as they were, and titles lead nowhere that they should not.

use std::fs;
use std::path::Path;

use countersign_artifacts::pull::{Existing, PathTraversal};
use countersign_artifacts::{PullError, PullOptions};
use countersign_core::Digest;
use countersign_oci::manifest::Platform;
use countersign_oci::{Layout, Store, StoreError, Upload};

use crate::world::World;

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_come_back_as_they_were() {
    let world = World::new().await;
    let folder = world.folder.path();
    let long = format!("d/{}", "é".repeat(100));
    let deep = format!("d/{}/{}", "a".repeat(90), "b".repeat(90));
    fs::create_dir_all(folder.join("d/empty")).unwrap();
    fs::create_dir_all(folder.join(&deep).parent().unwrap()).unwrap();
    for (name, content) in [("x.txt", "x"), ("d/y.txt", ""), (&*long, "long"), (&*deep, "deep")] {
        fs::write(folder.join(name), content).unwrap();
    }
    std::os::unix::fs::symlink("../d/y.txt", folder.join("d/empty/link")).unwrap();
    std::os::unix::fs::symlink("n".repeat(150), folder.join("d/dangling")).unwrap();
    world.push(&["x.txt", "d"]).await;
    let pulled = world.pull().await.unwrap();
    assert_eq!(pulled.files().len(), 2);
    assert_eq!(pulled.files()[1].path, world.output().canonicalize().unwrap().join("d"));
    let mut expected: Vec<String> = ["d/dangling@", "d/empty/link@", "d/y.txt", &*long, &*deep, "x.txt"]
        .map(ToOwned::to_owned)
        .into();
    expected.sort();
    assert_eq!(world.found(), expected);
    assert_eq!(fs::read_to_string(world.output().join(&long)).unwrap(), "long");
    assert_eq!(fs::read_to_string(world.output().join(&deep)).unwrap(), "deep");
    assert_eq!(
        fs::read_link(world.output().join("d/empty/link")).unwrap(),
        Path::new("../d/y.txt")
    );
}

#[tokio::test]
async fn layers_without_a_title_are_skipped_and_reported() {
    let world = World::new().await;
    world
        .store(&[("", b"1".to_vec(), ""), ("two", b"2".to_vec(), "")])
        .await;
    let pulled = world.pull().await.unwrap();
    assert_eq!(pulled.skipped().len(), 1);
    assert_eq!(world.found(), ["two"]);
}

#[tokio::test]
async fn existing_files_are_replaced_or_kept_as_asked() {
    let world = World::new().await;
    world.store(&[("one", b"new".to_vec(), "")]).await;
    fs::create_dir_all(world.output()).unwrap();
    fs::write(world.output().join("one"), "old").unwrap();
    let mut options = PullOptions::new();
    options.existing = Existing::Kept;
    assert!(matches!(world.pull_with(&options).await, Err(PullError::Exists { .. })));
    assert_eq!(fs::read_to_string(world.output().join("one")).unwrap(), "old");
    world.pull().await.unwrap();
    assert_eq!(fs::read_to_string(world.output().join("one")).unwrap(), "new");
    assert_eq!(world.found(), ["one"]);
}

#[tokio::test]
async fn title_that_leaves_the_folder_is_refused_unless_allowed() {
    for title in ["../out", "/tmp/countersign-out", "a/../../out", ".."] {
        let world = World::new().await;
        world
            .store(&[("fine", b"1".to_vec(), ""), (title, b"2".to_vec(), "")])
            .await;
        let refused = world.pull().await;
        assert!(matches!(refused, Err(PullError::PathTraversal { title: found }) if found == title));
        assert_eq!(world.found(), Vec::<String>::new());
    }
    let world = World::new().await;
    world.store(&[("../out", b"2".to_vec(), "")]).await;
    let mut options = PullOptions::new();
    options.path_traversal = PathTraversal::Allowed;
    world.pull_with(&options).await.unwrap();
    assert_eq!(fs::read_to_string(world.folder.path().join("out")).unwrap(), "2");
}

#[cfg(unix)]
#[tokio::test]
async fn title_below_a_link_out_of_the_folder_is_refused() {
    let world = World::new().await;
    let outside = world.folder.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(world.output()).unwrap();
    std::os::unix::fs::symlink(&outside, world.output().join("link")).unwrap();
    world.store(&[("link/x", b"1".to_vec(), "")]).await;
    assert!(matches!(world.pull().await, Err(PullError::PathTraversal { .. })));
    std::os::unix::fs::symlink(outside.join("y"), world.output().join("y")).unwrap();
    world.store(&[("y", b"1".to_vec(), "")]).await;
    world.pull().await.unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!world.output().join("y").is_symlink());
}

#[tokio::test]
async fn corrupt_blob_leaves_nothing() {
    let world = World::new().await;
    world.store(&[("one", b"right".to_vec(), "")]).await;
    let blob = Digest::sha256(b"right");
    let path = world.folder.path().join("layout/blobs/sha256").join(blob.hex());
    fs::write(path, "wrong").unwrap();
    assert!(matches!(
        world.pull().await,
        Err(PullError::Part { title, source: StoreError::DigestMismatch { .. } }) if title == "one"
    ));
    assert_eq!(world.found(), Vec::<String>::new());
}

#[tokio::test]
async fn two_layers_of_one_title_are_refused() {
    let world = World::new().await;
    world
        .store(&[("one", b"1".to_vec(), ""), ("./one", b"2".to_vec(), "")])
        .await;
    assert!(matches!(world.pull().await, Err(PullError::DuplicateTitle { .. })));
}

#[tokio::test]
async fn index_needs_a_platform_and_gives_its_manifest() {
    let world = World::new().await;
    fs::write(world.folder.path().join("x"), "x").unwrap();
    world.push(&["x"]).await;
    let name = Layout::repository().tag("v1").unwrap();
    let child = world.layout.manifest(&name).await.unwrap();
    world
        .store_manifest(&format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{"mediaType":"{}","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"arm64","variant":"v8"}}}}]}}"#,
            child.media_type(),
            child.digest(),
            child.bytes().len()
        ))
        .await;
    assert!(matches!(
        world.pull().await,
        Err(PullError::PlatformNeeded { available }) if available == ["linux/arm64/v8"]
    ));
    let mut options = PullOptions::new();
    let platform = |architecture: &str| {
        Some(Platform {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            ..Platform::default()
        })
    };
    options.platform = platform("amd64");
    assert!(matches!(
        world.pull_with(&options).await,
        Err(PullError::NoSuchPlatform { wanted, .. }) if wanted == "linux/amd64"
    ));
    options.platform = platform("arm64");
    assert_eq!(world.pull_with(&options).await.unwrap().files().len(), 1);
}

#[tokio::test]
async fn configuration_is_written_where_asked() {
    let world = World::new().await;
    let upload = Upload::bytes("{ }");
    let config = world.layout.push_blob(&Layout::repository(), &upload).await.unwrap();
    world
        .store_manifest(&format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"a/b","digest":"{}","size":3}},"layers":[]}}"#,
            config.digest
        ))
        .await;
    let mut options = PullOptions::new();
    options.config = Some("c.json:other/type".parse().unwrap());
    assert_eq!(world.pull_with(&options).await.unwrap().files(), []);
    options.config = Some("c.json:a/b".parse().unwrap());
    world.pull_with(&options).await.unwrap();
    assert_eq!(fs::read_to_string(world.output().join("c.json")).unwrap(), "{ }");
}

#[tokio::test]
async fn pushing_and_pulling_can_be_done_on_any_thread() {
    let world = World::new().await;
    fs::write(world.folder.path().join("x"), "x").unwrap();
    let moved = tokio::spawn(async move {
        world.push(&["x"]).await;
        world.pull().await.unwrap();
        world
    });
    assert_eq!(moved.await.unwrap().found(), ["x"]);
}
