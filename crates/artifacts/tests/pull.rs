//! Files come back as they were, and an artifact made by a stranger writes nothing that it should not.

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use countersign_artifacts::pull::{Existing, PathTraversal, UnpackError};
use countersign_artifacts::{FileSpec, PackOptions, Plan, PullError, PullOptions, Pulled, pull, push};
use countersign_core::Digest;
use countersign_oci::manifest::Platform;
use countersign_oci::store::Condition;
use countersign_oci::{Layout, Manifest, Store, StoreError, Upload};
use jiff::Timestamp;
use tempfile::TempDir;

const AT_ONCE: NonZeroUsize = NonZeroUsize::new(5).unwrap();

struct World {
    folder: TempDir,
    layout: Layout,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path().join("layout")).await.unwrap();
        Self { folder, layout }
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("output")
    }

    async fn push(&self, names: &[&str]) {
        let mut options = PackOptions::new(Timestamp::UNIX_EPOCH);
        options.folder = self.folder.path().to_owned();
        let files: Vec<FileSpec> = names.iter().map(|name| name.parse().unwrap()).collect();
        let plan = Plan::of(&files, &options).await.unwrap();
        push(&self.layout, &Layout::repository(), &["v1"], &plan, AT_ONCE)
            .await
            .unwrap();
    }

    /// Stores an artifact whose layers have these titles, contents and further annotations.
    async fn store(&self, layers: &[(&str, Vec<u8>, &str)]) {
        let mut listed = Vec::new();
        for (title, content, more) in layers {
            let upload = Upload::bytes(content.clone());
            let pushed = self.layout.push_blob(&Layout::repository(), &upload).await.unwrap();
            let title = serde_json::to_string(title).unwrap();
            listed.push(format!(
                r#"{{"mediaType":"a/b","digest":"{}","size":{},"annotations":{{"org.opencontainers.image.title":{title}{more}}}}}"#,
                pushed.digest, pushed.size
            ));
        }
        self.store_manifest(&format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}},"layers":[{}]}}"#,
            listed.join(",")
        ))
        .await;
    }

    async fn store_manifest(&self, text: &str) {
        let manifest = Manifest::parse(text.to_owned().into(), "").unwrap();
        let name = Layout::repository().tag("v1").unwrap();
        self.layout
            .push_manifest(&name, &manifest, Condition::Always)
            .await
            .unwrap();
    }

    async fn pull_with(&self, options: &PullOptions) -> Result<Pulled, PullError> {
        let name = Layout::repository().tag("v1").unwrap();
        let pinned = self.layout.resolve(&name).await.unwrap();
        pull(&self.layout, &pinned, &self.output(), options).await
    }

    async fn pull(&self) -> Result<Pulled, PullError> {
        self.pull_with(&PullOptions::new()).await
    }

    /// Stores a packed folder `d` whose archive has these entries, and pulls it.
    async fn unpack(&self, build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Result<Pulled, UnpackError> {
        let mut builder = tar::Builder::new(Vec::new());
        build(&mut builder);
        let archive = builder.into_inner().unwrap();
        self.store(&[("d", gzip(&archive), &unpacked(&archive))]).await;
        self.pull().await.map_err(|error| match error {
            PullError::Folder { source, .. } => source,
            error => panic!("{error:?}"),
        })
    }

    /// The files below the output folder, with `@` after links.
    fn found(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(&self.output(), &self.output(), &mut found);
        found.sort();
        found
    }
}

fn list(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_symlink() {
            found.push(format!("{name}@"));
        } else if path.is_dir() {
            list(root, &path, found);
        } else {
            found.push(name);
        }
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(archive: &[u8]) -> String {
    let digest = Digest::sha256(archive);
    format!(r#","io.deis.oras.content.unpack":"true","io.deis.oras.content.digest":"{digest}""#)
}

fn add(builder: &mut tar::Builder<Vec<u8>>, kind: tar::EntryType, name: &str, target: &str, content: &str) {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o4755);
    header.set_mtime(1_700_000_000);
    // Set by hand: the library refuses the names that we want to see refused.
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    builder.append(&header, content.as_bytes()).unwrap();
}

fn file(builder: &mut tar::Builder<Vec<u8>>, name: &str, content: &str) {
    add(builder, tar::EntryType::Regular, name, "", content);
}

fn link(builder: &mut tar::Builder<Vec<u8>>, name: &str, target: &str) {
    add(builder, tar::EntryType::Symlink, name, target, "");
}

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
async fn packed_folder_joins_an_existing_one() {
    let world = World::new().await;
    fs::create_dir_all(world.output().join("d")).unwrap();
    fs::write(world.output().join("d/mine"), "mine").unwrap();
    fs::write(world.output().join("d/a"), "old").unwrap();
    world
        .unpack(|builder| {
            file(builder, "d/a", "new");
            file(builder, "d/sub/b", "b");
        })
        .await
        .unwrap();
    assert_eq!(world.found(), ["d/a", "d/mine", "d/sub/b"]);
    assert_eq!(fs::read_to_string(world.output().join("d/a")).unwrap(), "new");
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
async fn archive_that_is_not_its_digest_leaves_nothing() {
    let world = World::new().await;
    let mut builder = tar::Builder::new(Vec::new());
    file(&mut builder, "d/a", "a");
    let archive = builder.into_inner().unwrap();
    world.store(&[("d", gzip(&archive), &unpacked(b"other"))]).await;
    assert!(matches!(
        world.pull().await,
        Err(PullError::Folder {
            source: UnpackError::DigestMismatch { .. },
            ..
        })
    ));
    assert_eq!(world.found(), Vec::<String>::new());
}

#[tokio::test]
async fn entry_outside_of_the_folder_is_refused() {
    for name in ["e/x", "d/../x", "../d/x", "/d/x", "dd", "x"] {
        let world = World::new().await;
        let refused = world.unpack(|builder| file(builder, name, "x")).await;
        assert!(
            matches!(refused, Err(UnpackError::Outside { .. })),
            "{name}: {refused:?}"
        );
        assert_eq!(world.found(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn link_out_of_the_folder_is_refused() {
    for target in ["/etc/passwd", "..", "../x", "a/../../x", "s/.."] {
        let world = World::new().await;
        let refused = world.unpack(|builder| link(builder, "d/l", target)).await;
        assert!(
            matches!(refused, Err(UnpackError::LinkEscapes { .. })),
            "{target}: {refused:?}"
        );
        assert_eq!(world.found(), Vec::<String>::new());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_through_a_link() {
    let world = World::new().await;
    let refused = world
        .unpack(|builder| {
            link(builder, "d/l", ".");
            file(builder, "d/l/x", "x");
        })
        .await;
    assert!(matches!(refused, Err(UnpackError::NotInFolder { .. })));

    let world = World::new().await;
    world
        .unpack(|builder| {
            file(builder, "d/a", "first");
            link(builder, "d/l", "a");
            file(builder, "d/l", "second");
        })
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(world.output().join("d/a")).unwrap(), "first");
    assert_eq!(world.found(), ["d/a", "d/l"]);
}

#[cfg(unix)]
#[tokio::test]
async fn link_in_an_existing_folder_is_not_followed() {
    let world = World::new().await;
    let outside = world.folder.path().join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(world.output().join("d")).unwrap();
    std::os::unix::fs::symlink(&outside, world.output().join("d/sub")).unwrap();
    world.unpack(|builder| file(builder, "d/sub/x", "x")).await.unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(world.found(), ["d/sub/x"]);

    fs::remove_dir_all(world.output().join("d")).unwrap();
    std::os::unix::fs::symlink(&outside, world.output().join("d")).unwrap();
    world.unpack(|builder| file(builder, "d/y", "y")).await.unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn hard_link_is_to_a_file_of_the_folder_only() {
    let world = World::new().await;
    world
        .unpack(|builder| {
            file(builder, "d/a", "a");
            add(builder, tar::EntryType::Link, "d/b", "d/a", "");
        })
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(world.output().join("d/b")).unwrap(), "a");
    for target in ["/etc/passwd", "../x", "d/none", "d/b"] {
        let world = World::new().await;
        let refused = world
            .unpack(|builder| add(builder, tar::EntryType::Link, "d/b", target, ""))
            .await;
        assert!(
            matches!(refused, Err(UnpackError::LinkEscapes { .. })),
            "{target}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn special_files_are_refused() {
    for kind in [tar::EntryType::Char, tar::EntryType::Block, tar::EntryType::Fifo] {
        let world = World::new().await;
        let refused = world.unpack(|builder| add(builder, kind, "d/x", "", "")).await;
        assert!(matches!(refused, Err(UnpackError::SpecialFile { .. })));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn set_user_id_is_dropped_and_the_time_is_kept() {
    use std::os::unix::fs::MetadataExt;
    let world = World::new().await;
    world.unpack(|builder| file(builder, "d/x", "x")).await.unwrap();
    let metadata = fs::metadata(world.output().join("d/x")).unwrap();
    assert_eq!(metadata.mode() & 0o7000, 0);
    assert_eq!(metadata.mode() & 0o700, 0o700);
    assert_eq!(metadata.mtime(), 1_700_000_000);
}

#[tokio::test]
async fn archive_that_grows_past_the_limit_is_stopped() {
    let world = World::new().await;
    let mut builder = tar::Builder::new(Vec::new());
    file(&mut builder, "d/zeros", &"0".repeat(5_000_000));
    let archive = builder.into_inner().unwrap();
    world.store(&[("d", gzip(&archive), &unpacked(&archive))]).await;
    let mut options = PullOptions::new();
    options.unpacked_limit = 1_000_000;
    assert!(matches!(
        world.pull_with(&options).await,
        Err(PullError::Folder {
            source: UnpackError::TooLarge { limit: 1_000_000 },
            ..
        })
    ));
    assert_eq!(world.found(), Vec::<String>::new());
}

#[tokio::test]
async fn damaged_archives_are_refused() {
    let mut builder = tar::Builder::new(Vec::new());
    file(&mut builder, "d/a", "aaaa");
    let archive = builder.into_inner().unwrap();
    for cut in [0, 100, 513, 700] {
        let world = World::new().await;
        world
            .store(&[("d", gzip(&archive[..cut]), &unpacked(&archive[..cut]))])
            .await;
        let refused = world.pull().await;
        assert!(
            matches!(
                refused,
                Err(PullError::Folder {
                    source: UnpackError::Malformed { .. },
                    ..
                })
            ),
            "{cut}: {refused:?}"
        );
    }
    let world = World::new().await;
    world.store(&[("d", archive.clone(), &unpacked(&archive))]).await;
    assert!(matches!(
        world.pull().await,
        Err(PullError::Folder {
            source: UnpackError::Compressed(_),
            ..
        })
    ));
    let world = World::new().await;
    let bad = r#","io.deis.oras.content.unpack":"true","io.deis.oras.content.digest":"md5:1""#;
    world.store(&[("d", gzip(&archive), bad)]).await;
    assert!(matches!(
        world.pull().await,
        Err(PullError::Folder {
            source: UnpackError::TarDigest(_),
            ..
        })
    ));
}
