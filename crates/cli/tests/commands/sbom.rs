//! Images with packages.

use countersign_core::Digest;
use serde_json::{Value, json};

use crate::harness::User;
use crate::registry::Registry;

mod attach;
mod generate;

#[test]
fn a_group_alone_shows_its_commands() {
    let alone = User::new().run("sbom");
    assert_eq!((alone.exit, alone.stderr.as_str()), (0, ""));
    for line in [
        "Usage: countersign sbom [command]",
        "attach    Attaches",
        "generate  Lists",
    ] {
        assert!(alone.text().contains(line), "{alone}");
    }
}

/// Writes an image of these files, one layer each, as the layout `NAME`.
pub(crate) fn layout(user: &User, name: &str, files: &[(&str, &str)]) -> String {
    std::fs::create_dir_all(user.path(&format!("{name}/blobs/sha256"))).expect("the folder is writable");
    let blob = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::sha256(bytes);
        user.write(&format!("{name}/blobs/sha256/{}", digest.hex()), bytes);
        json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()})
    };
    let layers: Vec<Value> = files
        .iter()
        .map(|(path, content)| {
            let mut archive = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive
                .append_data(&mut header, path, content.as_bytes())
                .expect("a list of bytes takes all");
            let archive = archive.into_inner().expect("a list of bytes takes all");
            blob("application/vnd.oci.image.layer.v1.tar", &archive)
        })
        .collect();
    let config = json!({"architecture": "amd64", "os": "linux", "created": "2026-11-20T10:00:00.123Z"});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
        "layers": layers,
    });
    let manifest = blob(
        "application/vnd.oci.image.manifest.v1+json",
        manifest.to_string().as_bytes(),
    );
    let digest = manifest["digest"].as_str().expect("it is a text").to_owned();
    user.write(
        &format!("{name}/index.json"),
        json!({"schemaVersion": 2, "manifests": [manifest]}).to_string(),
    );
    user.write(
        &format!("{name}/oci-layout"),
        json!({"imageLayoutVersion": "1.0.0"}).to_string(),
    );
    digest
}

/// A registry with such an image as `app:v1`; its name by digest.
pub(crate) fn image(user: &User, files: &[(&str, &str)]) -> (Registry, String, String) {
    let registry = Registry::open();
    let digest = layout(user, "image", files);
    let copied = user.run(&format!("copy oci:image {}", registry.name("app:v1")));
    assert_eq!(copied.exit, 0, "{copied}");
    let name = registry.name(&format!("app@{digest}"));
    (registry, digest, name)
}

/// A list of packages of Debian, and what distribution it is.
pub(crate) const DEBIAN: [(&str, &str); 3] = [
    (
        "etc/os-release",
        "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian 12\"\n",
    ),
    (
        "var/lib/dpkg/status",
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.36-9\n",
    ),
    (
        "app/package.json",
        "{\"name\":\"app\",\"version\":\"1.0.0\",\"license\":\"MIT\"}",
    ),
];

/// Flags that sign with the key `a` and no service.
pub(crate) const BY_A: &str = "--key a.key --new-bundle-format=false --use-signing-config=false --tlog-upload=false";
