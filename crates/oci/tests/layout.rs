//! Reading image layouts that other tools wrote, and layouts that are damaged or hostile.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_core::Digest;
use countersign_oci::{Layout, Reference, Store, StoreError};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/data/golden")
        .join(name)
}

fn tag(tag: &str) -> Reference {
    Layout::repository().tag(tag).unwrap()
}

fn signature_tag(digest: &Digest, suffix: &str) -> Reference {
    tag(&format!("sha256-{}.{suffix}", digest.hex()))
}

/// A layout with this `index.json` and these blobs.
fn made(index: &str, blobs: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    fs::write(folder.path().join("index.json"), index).unwrap();
    for blob in blobs {
        let digest = Digest::sha256(blob.as_bytes());
        fs::write(folder.path().join("blobs/sha256").join(digest.hex()), blob).unwrap();
    }
    folder
}

fn entry(manifest: &str, annotations: &str) -> String {
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":{},"digest":"{}","annotations":{{{annotations}}}}}"#,
        manifest.len(),
        Digest::sha256(manifest.as_bytes())
    )
}

fn index(entries: &[String]) -> String {
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","))
}

const EMPTY_IMAGE: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;

#[tokio::test]
async fn tag_is_found_by_its_reference_name() {
    let layout = Layout::open(data("layouts/v2-key")).await.unwrap();
    let image = layout.resolve(&tag("v1")).await.unwrap();
    assert_eq!(
        image.digest().as_str(),
        "sha256:8594ae8a7f30f0f4bd50bc2a37af4bb5d148865c364e3ac9dc6bf1e4c62a46f2"
    );
    let signatures = layout.manifest(&signature_tag(image.digest(), "sig")).await.unwrap();
    assert_eq!(signatures.layers().len(), 1);
    let payload = &signatures.layers()[0];
    let stream = layout
        .blob(image.repository(), &payload.digest, Some(payload.size))
        .await
        .unwrap();
    assert_eq!(stream.read(1024).await.unwrap().len() as u64, payload.size);
}

#[tokio::test]
async fn unknown_tag_is_not_found() {
    let layout = Layout::open(data("layouts/v2-key")).await.unwrap();
    assert!(matches!(
        layout.resolve(&tag("v2")).await,
        Err(StoreError::NotFound { .. })
    ));
}

#[tokio::test]
async fn latest_is_the_only_image() {
    for name in [
        "layouts/v2-key",
        "layouts/v3-key",
        "layouts/v3-keyless-fallback-tag",
        "save/v2",
        "save/v3",
    ] {
        let layout = Layout::open(data(name)).await.unwrap();
        let image = layout.resolve(&tag("latest")).await.unwrap();
        let manifest = layout.manifest(&image.reference()).await.unwrap();
        assert_eq!(
            manifest.media_type(),
            "application/vnd.docker.distribution.manifest.v2+json",
            "{name}"
        );
        assert_eq!(layout.only().await.unwrap().digest(), image.digest());
    }
}

#[tokio::test]
async fn what_cosign_saved_is_found_under_the_signature_tags() {
    let layout = Layout::open(data("save/v2")).await.unwrap();
    let image = layout.only().await.unwrap();
    for (suffix, digest) in [
        (
            "sig",
            "sha256:24c81c0049e3bcc4478cd86ee297b6c956937a22f4c30d043329087fd680220b",
        ),
        (
            "att",
            "sha256:97b0a6c577b5dddeb8b15e925ff1b02dbd27dccdc3d82ca7493d3b90290f066a",
        ),
    ] {
        let found = layout.resolve(&signature_tag(image.digest(), suffix)).await.unwrap();
        assert_eq!(found.digest().as_str(), digest);
    }
    let other = signature_tag(&Digest::sha256(b"another image"), "sig");
    assert!(matches!(layout.resolve(&other).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn signatures_saved_beside_several_images_are_not_guessed() {
    let kind = |kind: &str| format!(r#""kind":"dev.cosignproject.cosign/{kind}""#);
    let other = EMPTY_IMAGE.replace("[]", "[ ]");
    let folder = made(
        &index(&[
            entry(EMPTY_IMAGE, &kind("image")),
            entry(EMPTY_IMAGE, &kind("sigs")),
            entry(&other, &kind("image")),
        ]),
        &[EMPTY_IMAGE, &other],
    );
    let layout = Layout::open(folder.path()).await.unwrap();
    let wanted = signature_tag(&Digest::sha256(other.as_bytes()), "sig");
    assert!(matches!(
        layout.resolve(&wanted).await,
        Err(StoreError::Ambiguous { .. })
    ));
}

#[tokio::test]
async fn referrers_are_found_listed_and_unlisted() {
    for name in ["layouts/v3-key", "save/v3", "layouts/v3-keyless-fallback-tag"] {
        let layout = Layout::open(data(name)).await.unwrap();
        let image = layout.only().await.unwrap();
        let found = layout.referrers(image.repository(), image.digest()).await.unwrap();
        let types: Vec<_> = found.iter().map(|entry| entry.artifact_type.as_deref()).collect();
        assert_eq!(types, [Some(BUNDLE)], "{name}");
        assert_eq!(
            found[0].annotations["dev.sigstore.bundle.predicateType"],
            "https://sigstore.dev/cosign/sign/v1"
        );
        let again = layout.referrers(image.repository(), image.digest()).await.unwrap();
        assert_eq!(found, again);
        let none = layout.referrers(image.repository(), &found[0].digest).await.unwrap();
        assert_eq!(none, []);
    }
}

#[tokio::test]
async fn fallback_entry_without_its_manifest_is_still_listed() {
    let subject = Digest::sha256(EMPTY_IMAGE.as_bytes());
    let missing = entry(r#"{"schemaVersion":2}"#, "");
    let list = index(&[missing]);
    let name = format!(r#""org.opencontainers.image.ref.name":"sha256-{}""#, subject.hex());
    let folder = made(&index(&[entry(&list, &name)]), &[EMPTY_IMAGE, &list]);
    let layout = Layout::open(folder.path()).await.unwrap();
    let found = layout.referrers(&Layout::repository(), &subject).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn fallback_tag_on_the_image_itself_lists_nothing() {
    let subject = Digest::sha256(EMPTY_IMAGE.as_bytes());
    let name = format!(r#""org.opencontainers.image.ref.name":"sha256-{}""#, subject.hex());
    let folder = made(&index(&[entry(EMPTY_IMAGE, &name)]), &[EMPTY_IMAGE]);
    let layout = Layout::open(folder.path()).await.unwrap();
    assert_eq!(layout.referrers(&Layout::repository(), &subject).await.unwrap(), []);
}

#[tokio::test]
async fn manifest_of_a_nested_index_is_read_by_digest() {
    let child = entry(EMPTY_IMAGE, "");
    let nested =
        format!(r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{child}]}}"#);
    let folder = made(
        &index(&[entry(&nested, r#""org.opencontainers.image.ref.name":"v1""#)
            .replace("image.manifest.v1", "image.index.v1")]),
        &[EMPTY_IMAGE, &nested],
    );
    let layout = Layout::open(folder.path()).await.unwrap();
    let top = layout.manifest(&tag("v1")).await.unwrap();
    assert!(top.is_index());
    let child = Layout::repository().digest(top.manifests()[0].digest.clone());
    let child = layout.manifest(&child).await.unwrap();
    assert_eq!(child.bytes(), EMPTY_IMAGE);
}

#[tokio::test]
async fn tag_on_two_manifests_is_ambiguous_unless_the_full_name_decides() {
    let other = EMPTY_IMAGE.replace("[]", "[ ]");
    let named = |image: &str| {
        format!(r#""org.opencontainers.image.ref.name":"v1","io.containerd.image.name":"h.io/{image}:v1""#)
    };
    let folder = made(
        &index(&[entry(EMPTY_IMAGE, &named("a")), entry(&other, &named("b"))]),
        &[EMPTY_IMAGE, &other],
    );
    let layout = Layout::open(folder.path()).await.unwrap();
    assert!(matches!(
        layout.resolve(&tag("v1")).await,
        Err(StoreError::Ambiguous { .. })
    ));
    let full: Reference = "h.io/b:v1".parse().unwrap();
    let found = layout.resolve(&full).await.unwrap();
    assert_eq!(*found.digest(), Digest::sha256(other.as_bytes()));
}

#[tokio::test]
async fn corrupt_blob_ends_in_a_digest_mismatch() {
    let folder = made(
        &index(&[entry(EMPTY_IMAGE, r#""org.opencontainers.image.ref.name":"v1""#)]),
        &[EMPTY_IMAGE, "some bytes"],
    );
    let layout = Layout::open(folder.path()).await.unwrap();
    let blob = Digest::sha256(b"some bytes");
    for digest in [&blob, &Digest::sha256(EMPTY_IMAGE.as_bytes())] {
        let path = folder.path().join("blobs/sha256").join(digest.hex());
        let damaged = fs::read_to_string(&path).unwrap().replace(['s', 'c'], "S");
        fs::write(&path, damaged).unwrap();
    }
    let stream = layout.blob(&Layout::repository(), &blob, None).await.unwrap();
    assert!(matches!(stream.read(100).await, Err(StoreError::DigestMismatch { .. })));
    assert!(matches!(
        layout.manifest(&tag("v1")).await,
        Err(StoreError::DigestMismatch { .. })
    ));
}

#[tokio::test]
async fn blob_of_another_size_ends_in_a_size_mismatch() {
    let folder = made(&index(&[]), &["some bytes"]);
    let layout = Layout::open(folder.path()).await.unwrap();
    let digest = Digest::sha256(b"some bytes");
    let stream = layout.blob(&Layout::repository(), &digest, Some(3)).await.unwrap();
    assert!(matches!(
        stream.read(100).await,
        Err(StoreError::SizeMismatch {
            expected: 3,
            found: 10,
            ..
        })
    ));
}

#[tokio::test]
async fn damaged_referrer_is_an_error_and_not_an_empty_list() {
    let subject = Digest::sha256(EMPTY_IMAGE.as_bytes());
    let referrer = EMPTY_IMAGE.replace(
        r#""layers":[]"#,
        &format!(r#""layers":[],"subject":{{"mediaType":"x/y","digest":"{subject}","size":1}}"#),
    );
    let folder = made(&index(&[]), &[EMPTY_IMAGE, &referrer]);
    let path = folder
        .path()
        .join("blobs/sha256")
        .join(Digest::sha256(referrer.as_bytes()).hex());
    fs::write(&path, referrer.replace(subject.as_str(), Digest::sha256(b"").as_str())).unwrap();
    let layout = Layout::open(folder.path()).await.unwrap();
    assert!(matches!(
        layout.referrers(&Layout::repository(), &subject).await,
        Err(StoreError::DigestMismatch { .. })
    ));
}

#[tokio::test]
async fn index_with_too_many_entries_is_refused() {
    let entry = entry(EMPTY_IMAGE, "");
    let folder = made(&index(&vec![entry.clone(); 10_001]), &[]);
    let layout = Layout::open(folder.path()).await.unwrap();
    assert!(matches!(layout.entries().await, Err(StoreError::TooLarge { .. })));
    fs::write(folder.path().join("index.json"), index(&vec![entry; 10_000])).unwrap();
    assert_eq!(layout.entries().await.unwrap().len(), 10_000);
}

#[tokio::test]
async fn manifest_past_the_limit_is_refused() {
    let large = format!("{EMPTY_IMAGE}{}", " ".repeat(4 * 1024 * 1024));
    let folder = made(
        &index(&[entry(&large, r#""org.opencontainers.image.ref.name":"v1""#)]),
        &[&large],
    );
    let layout = Layout::open(folder.path()).await.unwrap();
    assert!(matches!(
        layout.manifest(&tag("v1")).await,
        Err(StoreError::ManifestTooLarge { .. })
    ));
}

#[tokio::test]
async fn unknown_layout_version_and_missing_layout_file_are_refused() {
    let folder = made(&index(&[]), &[]);
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    assert!(matches!(
        Layout::open(folder.path()).await,
        Err(StoreError::Malformed { .. })
    ));
    fs::remove_file(folder.path().join("oci-layout")).unwrap();
    assert!(matches!(
        Layout::open(folder.path()).await,
        Err(StoreError::Malformed { .. })
    ));
    assert!(matches!(
        Layout::open(folder.path().join("none")).await,
        Err(StoreError::NotFound { .. })
    ));
    let file = folder.path().join("index.json");
    assert!(matches!(Layout::open(file).await, Err(StoreError::Malformed { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_link_out_of_the_layout_is_not_followed() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), "secret").unwrap();
    let folder = made(&index(&[]), &["inside"]);
    let digest = Digest::sha256(b"secret");
    let blobs = folder.path().join("blobs/sha256");
    std::os::unix::fs::symlink(outside.path(), blobs.join(digest.hex())).unwrap();
    let layout = Layout::open(folder.path()).await.unwrap();
    let opened = layout.blob(&Layout::repository(), &digest, None).await;
    assert!(matches!(opened.err(), Some(StoreError::NotAllowed { .. })));
}
