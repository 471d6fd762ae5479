//! Layouts and archives of real tools, and ours in their hands; runs where `COUNTERSIGN_PEERS` is a folder with
//! `crane`, `oras` and `cosign3`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use countersign_oci::layout::SavedRole;
use countersign_oci::store::Condition;
use countersign_oci::{Archive, Layout, Manifest, Store, Upload};

/// The folder with the programs, or `None` where there is none; in CI there must be one.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn peers() -> Option<PathBuf> {
    match std::env::var_os("COUNTERSIGN_PEERS").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(folder.into()),
        None if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("COUNTERSIGN_PEERS is not set"),
        None => {
            eprintln!("skipped: COUNTERSIGN_PEERS is not set");
            None
        }
    }
}

fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A registry of crane's, ended when this is dropped.
struct Registry {
    process: Child,
    address: String,
}

impl Registry {
    fn start(peers: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let mut command = Command::new(peers.join("crane"));
        command.args(["registry", "serve", "--address", &address]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self {
            process: command.spawn().unwrap(),
            address,
        };
        for _ in 0..100 {
            if std::net::TcpStream::connect(&registry.address).is_ok() {
                return registry;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("crane's registry does not answer");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It has ended by itself where this fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A layout with one image that has one layer, under the tag `v1`.
async fn layout(folder: &Path) -> (Layout, Manifest) {
    let layout = Layout::create(folder).await.unwrap();
    let mut parts = Vec::new();
    for content in [
        r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}"#,
        "layer",
    ] {
        let pushed = layout
            .push_blob(&Layout::repository(), &Upload::bytes(content))
            .await
            .unwrap();
        parts.push(format!(r#""digest":"{}","size":{}"#, pushed.digest, pushed.size));
    }
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar",{}}}]}}"#,
        parts[0], parts[1]
    );
    let manifest = Manifest::parse(text.into(), "").unwrap();
    let name = Layout::repository().tag("v1").unwrap();
    layout.push_manifest(&name, &manifest, Condition::Always).await.unwrap();
    (layout, manifest)
}

#[tokio::test]
async fn crane_pushes_our_layout_and_we_read_what_it_pulls() {
    let Some(peers) = peers() else { return };
    let crane = peers.join("crane");
    let registry = Registry::start(&peers);
    let folder = tempfile::tempdir().unwrap();
    let (_, manifest) = layout(&folder.path().join("ours")).await;
    let name = format!("{}/app:v1", registry.address);
    run(&crane, folder.path(), &["push", "ours", &name]);
    assert_eq!(
        run(&crane, folder.path(), &["digest", &name]),
        manifest.digest().as_str()
    );

    run(
        &crane,
        folder.path(),
        &["pull", "--format=oci", "--annotate-ref", &name, "theirs"],
    );
    let theirs = Layout::open(folder.path().join("theirs")).await.unwrap();
    assert_eq!(theirs.only().await.unwrap().digest(), manifest.digest());
    let read = theirs.manifest(&name.parse().unwrap()).await.unwrap();
    assert_eq!(read.bytes(), manifest.bytes());
}

#[tokio::test]
async fn archive_of_oras_is_read_and_oras_reads_an_archive_of_our_layout() {
    let Some(peers) = peers() else { return };
    let oras = peers.join("oras");
    let registry = Registry::start(&peers);
    let folder = tempfile::tempdir().unwrap();
    let (_, manifest) = layout(&folder.path().join("ours")).await;
    let repository = format!("{}/app", registry.address);
    let name = format!("{repository}:v1");
    run(
        &oras,
        folder.path(),
        &["cp", "--from-oci-layout", "ours:v1", "--to-plain-http", &name],
    );
    run(
        &oras,
        folder.path(),
        &["backup", "--plain-http", "--output", "theirs.tar", &name],
    );
    let theirs = Archive::open(folder.path().join("theirs.tar")).await.unwrap();
    assert_eq!(theirs.tags().await.unwrap(), ["v1"]);
    let read = theirs.manifest(&Layout::repository().tag("v1").unwrap()).await.unwrap();
    assert_eq!(read.bytes(), manifest.bytes());
    let layer = &read.layers()[0];
    let stream = theirs
        .blob(&Layout::repository(), &layer.digest, Some(layer.size))
        .await
        .unwrap();
    assert_eq!(stream.read(100).await.unwrap(), "layer");

    let mut builder = tar::Builder::new(fs::File::create(folder.path().join("ours.tar")).unwrap());
    builder.append_dir_all(".", folder.path().join("ours")).unwrap();
    builder.finish().unwrap();
    let digest = run(&oras, folder.path(), &["resolve", "--oci-layout", "ours.tar:v1"]);
    assert_eq!(digest, manifest.digest().as_str());
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/data/golden")
        .join(name)
}

async fn golden(name: &str) -> Layout {
    Layout::open(data(name)).await.unwrap()
}

async fn copy_parts(from: &Layout, to: &Layout, manifest: &Manifest) {
    let config = manifest.content().config.iter();
    for part in manifest.layers().iter().chain(config) {
        let stream = from
            .blob(&Layout::repository(), &part.digest, Some(part.size))
            .await
            .unwrap();
        let upload = Upload::bytes(stream.read(100_000).await.unwrap());
        to.push_blob(&Layout::repository(), &upload).await.unwrap();
    }
}

#[tokio::test]
async fn cosign_verifies_what_we_save() {
    let Some(peers) = peers() else { return };
    let key = data("keys/cosign.pub").display().to_string();
    let arguments = [
        "verify",
        "--local-image",
        "--insecure-ignore-tlog",
        "--key",
        &key,
        "ours",
    ];
    for (name, cosigns) in [
        ("layouts/v2-key", &["cosign2", "cosign3"][..]),
        ("layouts/v3-key", &["cosign3"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let from = golden(name).await;
        let ours = Layout::create(folder.path().join("ours")).await.unwrap();
        let pinned = from.only().await.unwrap();
        let image = from.manifest(&pinned.reference()).await.unwrap();
        copy_parts(&from, &ours, &image).await;
        ours.save(&image, SavedRole::Image).await.unwrap();
        for entry in from.referrers(&Layout::repository(), pinned.digest()).await.unwrap() {
            let name = Layout::repository().digest(entry.digest);
            let bundle = from.manifest(&name).await.unwrap();
            copy_parts(&from, &ours, &bundle).await;
            ours.push_manifest(&name, &bundle, Condition::Always).await.unwrap();
        }
        let tag = Layout::repository()
            .tag(&format!("sha256-{}.sig", pinned.digest().hex()))
            .unwrap();
        if let Ok(signatures) = from.manifest(&tag).await {
            copy_parts(&from, &ours, &signatures).await;
            ours.save(&signatures, SavedRole::Signatures).await.unwrap();
        }
        for cosign in cosigns {
            run(&peers.join(cosign), folder.path(), &arguments);
        }
    }
}

#[tokio::test]
async fn cosign_loads_what_we_save() {
    let Some(peers) = peers() else { return };
    let registry = Registry::start(&peers);
    let folder = tempfile::tempdir().unwrap();
    let (ours, image) = layout(&folder.path().join("ours")).await;
    let saved = golden("save/v2").await;
    let of_another = saved.only().await.unwrap();
    let tag = format!("sha256-{}.sig", of_another.digest().hex());
    let signatures = saved.manifest(&Layout::repository().tag(&tag).unwrap()).await.unwrap();
    copy_parts(&saved, &ours, &signatures).await;
    ours.untag("v1").await.unwrap();
    ours.save(&image, SavedRole::Image).await.unwrap();
    ours.save(&signatures, SavedRole::Signatures).await.unwrap();

    let name = format!("{}/app:v1", registry.address);
    run(&peers.join("cosign3"), folder.path(), &["load", "--dir", "ours", &name]);
    let loaded = format!("{}/app:sha256-{}.sig", registry.address, image.digest().hex());
    let digest = run(&peers.join("crane"), folder.path(), &["digest", &loaded]);
    assert_eq!(digest, signatures.digest().as_str());
}
