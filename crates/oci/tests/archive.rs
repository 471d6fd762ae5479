//! Reading OCI archives in place, and refusing archives that are not what they should be.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_oci::store::Condition;
use countersign_oci::{Archive, Layout, Store, StoreError, Upload};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/data/golden")
        .join(name)
}

fn archive(build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> tempfile::NamedTempFile {
    let mut builder = tar::Builder::new(Vec::new());
    build(&mut builder);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), builder.into_inner().unwrap()).unwrap();
    file
}

fn add(builder: &mut tar::Builder<Vec<u8>>, name: &str, content: &str) {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    // Set by hand: the library refuses the names that we want to see refused.
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    builder.append(&header, content.as_bytes()).unwrap();
}

fn add_layout(builder: &mut tar::Builder<Vec<u8>>) {
    add(builder, "oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    add(builder, "index.json", r#"{"schemaVersion":2,"manifests":[]}"#);
}

async fn reason(file: &tempfile::NamedTempFile) -> String {
    match Archive::open(file.path()).await {
        Err(StoreError::Malformed { reason, .. }) => reason,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it was accepted"),
    }
}

#[tokio::test]
async fn archive_reads_as_its_layout_does() {
    for name in ["save/v2", "layouts/v3-key", "layouts/v3-keyless-fallback-tag"] {
        let file = archive(|builder| builder.append_dir_all(".", data(name)).unwrap());
        let archive = Archive::open(file.path()).await.unwrap();
        let layout = Layout::open(data(name)).await.unwrap();
        let image = archive.only().await.unwrap();
        assert_eq!(image, layout.only().await.unwrap());
        assert_eq!(archive.tags().await.unwrap(), layout.tags().await.unwrap());
        assert_eq!(archive.entries().await.unwrap(), layout.entries().await.unwrap());
        let manifest = archive.manifest(&image.reference()).await.unwrap();
        let layer = &manifest.layers()[0];
        let stream = archive
            .blob(image.repository(), &layer.digest, Some(layer.size))
            .await
            .unwrap();
        assert_eq!(stream.read(4096).await.unwrap().len() as u64, layer.size);
        let found = archive.referrers(image.repository(), image.digest()).await.unwrap();
        assert_eq!(
            found,
            layout.referrers(image.repository(), image.digest()).await.unwrap()
        );
    }
}

#[tokio::test]
async fn archive_is_read_only() {
    let file = archive(|builder| builder.append_dir_all("", data("layouts/v3-key")).unwrap());
    let archive = Archive::open(file.path()).await.unwrap();
    let repository = Layout::repository();
    let pushed = archive.push_blob(&repository, &Upload::bytes("x")).await;
    assert!(matches!(pushed, Err(StoreError::NotAllowed { .. })));
    let image = archive.only().await.unwrap();
    let manifest = archive.manifest(&image.reference()).await.unwrap();
    let pushed = archive
        .push_manifest(&repository.tag("v2").unwrap(), &manifest, Condition::Always)
        .await;
    assert!(matches!(pushed, Err(StoreError::NotAllowed { .. })));
}

#[tokio::test]
async fn long_names_in_either_form_are_read() {
    let long = format!("{}/x", "y".repeat(150));
    let file = archive(|builder| {
        add_layout(builder);
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        builder.append_data(&mut header, &long, &b"1"[..]).unwrap();
        builder
            .append_pax_extensions([("path", long.replace('x', "z").as_bytes())])
            .unwrap();
        add(builder, "short", "2");
    });
    assert!(Archive::open(file.path()).await.is_ok());
    let twice = archive(|builder| {
        add_layout(builder);
        builder.append_pax_extensions([("path", &b"index.json"[..])]).unwrap();
        add(builder, "short", "2");
    });
    assert_eq!(reason(&twice).await, r#""index.json" is in it twice"#);
}

#[tokio::test]
async fn names_that_leave_the_archive_are_refused() {
    for name in ["../x", "/etc/x", "a/../../x", "a\\x"] {
        let file = archive(|builder| {
            add_layout(builder);
            add(builder, name, "x");
        });
        assert_eq!(reason(&file).await, format!("the name {name:?} leaves the archive"));
    }
}

#[tokio::test]
async fn links_and_special_files_are_refused() {
    for (kind, expected) in [
        (tar::EntryType::Symlink, r#""x" is a link"#),
        (tar::EntryType::Link, r#""x" is a link"#),
        (tar::EntryType::Fifo, r#""x" is not a regular file"#),
        (tar::EntryType::Char, r#""x" is not a regular file"#),
        (tar::EntryType::GNUSparse, r#""x" is not a regular file"#),
    ] {
        let file = archive(|builder| {
            add_layout(builder);
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(kind);
            header.set_path("x").unwrap();
            header.set_link_name("/etc/passwd").unwrap();
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, &b""[..]).unwrap();
        });
        assert_eq!(reason(&file).await, expected);
    }
}

#[tokio::test]
async fn second_file_of_one_name_is_refused() {
    let file = archive(|builder| {
        add_layout(builder);
        add(builder, "./index.json", "{}");
    });
    assert_eq!(reason(&file).await, r#""index.json" is in it twice"#);
}

#[tokio::test]
async fn compressed_archive_is_named_as_such() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(
        reason(&file).await,
        "the archive is compressed with gzip, decompress it first"
    );
}

#[tokio::test]
async fn docker_archive_is_named_as_such() {
    let file = archive(|builder| add(builder, "manifest.json", "[]"));
    assert_eq!(
        reason(&file).await,
        "it is a Docker archive without oci-layout; save it as an OCI archive or image layout"
    );
}

#[tokio::test]
async fn truncated_and_foreign_files_are_refused() {
    let whole = archive(|builder| {
        add_layout(builder);
        add(builder, "large", &"x".repeat(5000));
    });
    let bytes = fs::read(whole.path()).unwrap();
    fs::write(whole.path(), &bytes[..6000]).unwrap();
    assert_eq!(reason(&whole).await, r#"it is cut short in "large""#);
    for content in ["", "hello", &"hello ".repeat(1000)] {
        fs::write(whole.path(), content).unwrap();
        assert!(
            reason(&whole).await.starts_with("it is not a tar archive"),
            "{content:.10}"
        );
    }
}

/// A folder whose extended header gives it content.
#[tokio::test]
async fn entry_that_ends_past_the_archive_is_refused() {
    for size in ["1024", "18446744073709551104", "18446744073709551615"] {
        let file = archive(|builder| {
            builder.append_pax_extensions([("size", size.as_bytes())]).unwrap();
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Directory);
            header.set_path("x").unwrap();
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, &b""[..]).unwrap();
        });
        let whole = fs::read(file.path()).unwrap();
        let end = whole.len() - 1024; // without the two empty blocks of the end
        fs::write(file.path(), &whole[..end]).unwrap();
        assert_eq!(reason(&file).await, "it is cut short", "{size}");
    }
}

#[tokio::test]
async fn too_many_entries_are_refused() {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_path("x").unwrap();
    header.set_size(0);
    header.set_cksum();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), header.as_bytes().repeat(100_001)).unwrap();
    assert!(matches!(
        Archive::open(file.path()).await,
        Err(StoreError::TooLarge { .. })
    ));
}

#[tokio::test]
async fn name_and_extended_header_past_the_limits_are_refused() {
    for size in [5_000, 70_000] {
        let file = archive(|builder| {
            builder
                .append_pax_extensions([("path", "x".repeat(size).as_bytes())])
                .unwrap();
            add(builder, "short", "");
        });
        assert!(matches!(
            Archive::open(file.path()).await,
            Err(StoreError::TooLarge { .. })
        ));
    }
}
