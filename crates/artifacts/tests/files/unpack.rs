//! Folders of strangers write nothing that they should not.

use std::fs;
use std::io::Write;

use countersign_artifacts::pull::UnpackError;
use countersign_artifacts::{PullError, PullOptions, Pulled};
use countersign_core::Digest;

use crate::world::World;

/// Stores a packed folder `d` whose archive has these entries, and pulls it.
async fn unpack(world: &World, build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Result<Pulled, UnpackError> {
    let mut builder = tar::Builder::new(Vec::new());
    build(&mut builder);
    let archive = builder.into_inner().unwrap();
    world.store(&[("d", gzip(&archive), &unpacked(&archive))]).await;
    world.pull().await.map_err(|error| match error {
        PullError::Folder { source, .. } => source,
        error => panic!("{error:?}"),
    })
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

#[tokio::test]
async fn packed_folder_joins_an_existing_one() {
    let world = World::new().await;
    fs::create_dir_all(world.output().join("d")).unwrap();
    fs::write(world.output().join("d/mine"), "mine").unwrap();
    fs::write(world.output().join("d/a"), "old").unwrap();
    unpack(&world, |builder| {
        file(builder, "d/a", "new");
        file(builder, "d/sub/b", "b");
    })
    .await
    .unwrap();
    assert_eq!(world.found(), ["d/a", "d/mine", "d/sub/b"]);
    assert_eq!(fs::read_to_string(world.output().join("d/a")).unwrap(), "new");
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
        let refused = unpack(&world, |builder| file(builder, name, "x")).await;
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
        let refused = unpack(&world, |builder| link(builder, "d/l", target)).await;
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
    let refused = unpack(&world, |builder| {
        link(builder, "d/l", ".");
        file(builder, "d/l/x", "x");
    })
    .await;
    assert!(matches!(refused, Err(UnpackError::NotInFolder { .. })));

    let world = World::new().await;
    unpack(&world, |builder| {
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
    unpack(&world, |builder| file(builder, "d/sub/x", "x")).await.unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(world.found(), ["d/sub/x"]);

    fs::remove_dir_all(world.output().join("d")).unwrap();
    std::os::unix::fs::symlink(&outside, world.output().join("d")).unwrap();
    unpack(&world, |builder| file(builder, "d/y", "y")).await.unwrap();
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn hard_link_is_to_a_file_of_the_folder_only() {
    let world = World::new().await;
    unpack(&world, |builder| {
        file(builder, "d/a", "a");
        add(builder, tar::EntryType::Link, "d/b", "d/a", "");
    })
    .await
    .unwrap();
    assert_eq!(fs::read_to_string(world.output().join("d/b")).unwrap(), "a");
    for target in ["/etc/passwd", "../x", "d/none", "d/b"] {
        let world = World::new().await;
        let refused = unpack(&world, |builder| add(builder, tar::EntryType::Link, "d/b", target, "")).await;
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
        let refused = unpack(&world, |builder| add(builder, kind, "d/x", "", "")).await;
        assert!(matches!(refused, Err(UnpackError::SpecialFile { .. })));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn set_user_id_is_dropped_and_the_time_is_kept() {
    use std::os::unix::fs::MetadataExt;
    let world = World::new().await;
    unpack(&world, |builder| file(builder, "d/x", "x")).await.unwrap();
    let metadata = fs::metadata(world.output().join("d/x")).unwrap();
    assert_eq!(metadata.mode() & 0o7000, 0);
    assert_eq!(metadata.mode() & 0o700, 0o700);
    assert_eq!(metadata.mtime(), 1_700_000_000);
}

#[tokio::test]
async fn archive_that_grows_past_the_limit_is_stopped() {
    let world = World::new().await;
    let mut builder = tar::Builder::new(Vec::new());
    file(&mut builder, "d/zeros", &"0".repeat(500_000));
    let archive = builder.into_inner().unwrap();
    world.store(&[("d", gzip(&archive), &unpacked(&archive))]).await;
    let mut options = PullOptions::new();
    options.unpacked_limit = 100_000;
    assert!(matches!(
        world.pull_with(&options).await,
        Err(PullError::Folder {
            source: UnpackError::TooLarge { limit: 100_000 },
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

#[tokio::test]
async fn size_beyond_every_archive_is_refused() {
    let world = World::new().await;
    let refused = unpack(&world, |builder| {
        let size = u64::MAX.to_string();
        builder.append_pax_extensions([("size", size.as_bytes())]).unwrap();
        file(builder, "d/a", "a");
    })
    .await;
    assert!(
        matches!(
            refused,
            Err(UnpackError::Malformed {
                reason: "an entry is larger than any archive"
            })
        ),
        "{refused:?}"
    );
}
