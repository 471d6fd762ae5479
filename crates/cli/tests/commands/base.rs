//! Bases of images, and images upon them.

use std::collections::BTreeMap;
use std::io::Write;

use countersign_core::Digest;
use countersign_oci::manifest::Descriptor;
use countersign_oci::{Reference, Store, Upload, media_type};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::harness::{Outcome, User};
use crate::registry::Registry;
use crate::signing;

mod attach;
mod carried;
mod compared;
mod current;
mod overrides;
mod show;
mod sign;
mod verify;

/// The flags of every signature of a base: a key, and no log.
pub(crate) const SIGN: &str = "base sign --key a.key --tlog-upload=false";
/// The flags of every verification of bases.
pub(crate) const VERIFY: &str = "base verify --key a.pub --insecure-ignore-tlog";

/// A layer of an image that a test makes.
#[derive(Clone)]
pub(crate) struct Layer {
    /// What is in it, by the configuration.
    content: Vec<u8>,
    /// How it is stored.
    blob: Vec<u8>,
    annotations: BTreeMap<String, String>,
}

impl Layer {
    /// A layer as everybody stores it.
    pub(crate) fn of(content: &str) -> Self {
        Self {
            content: content.as_bytes().to_vec(),
            blob: gzip(content.as_bytes(), 6),
            annotations: BTreeMap::new(),
        }
    }

    /// A layer with these files; a name that ends in a slash is a folder.
    pub(crate) fn with_files(names: &[&str]) -> Self {
        let mut archive = tar::Builder::new(Vec::new());
        for name in names {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            header.set_mode(0o755);
            if name.ends_with('/') {
                header.set_entry_type(tar::EntryType::Directory);
            }
            let added = archive.append_data(&mut header, name, &b""[..]);
            added.expect("memory takes it");
        }
        let content = archive.into_inner().expect("memory takes it");
        Self {
            blob: gzip(&content, 6),
            content,
            annotations: BTreeMap::new(),
        }
    }

    /// The same layer, stored as other bytes.
    pub(crate) fn stored_as(self, blob: Vec<u8>) -> Self {
        Self { blob, ..self }
    }

    /// The same layer with an annotation.
    pub(crate) fn annotated(mut self, name: &str, value: &str) -> Self {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// Several layers as everybody stores them.
pub(crate) fn layers(contents: &[&str]) -> Vec<Layer> {
    contents.iter().map(|content| Layer::of(content)).collect()
}

pub(crate) fn gzip(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Pushes an image and returns its digest.
pub(crate) fn push(registry: &Registry, name: &str, layers: &[Layer]) -> String {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::sha256(&layer.content)).collect();
    let config = json!({
        "architecture": "amd64", "config": {}, "os": "linux", "rootfs": {"diff_ids": diff_ids, "type": "layers"},
    });
    push_with(registry, name, layers, &config, json!({}))
}

/// Pushes an image with this configuration and these annotations.
pub(crate) fn push_with(
    registry: &Registry,
    name: &str,
    layers: &[Layer],
    config: &Value,
    annotations: Value,
) -> String {
    let name: Reference = registry.name(name).parse().expect("this is a name");
    let client = registry.client();
    let store = |bytes: Vec<u8>| {
        let pushed = registry.wait(client.push_blob(name.repository(), &Upload::bytes(bytes)));
        pushed.expect("the registry takes it");
    };
    let config = config.to_string().into_bytes();
    let mut listed = Vec::new();
    for layer in layers {
        listed.push(Descriptor {
            annotations: layer.annotations.clone(),
            ..Descriptor::of("application/vnd.oci.image.layer.v1.tar+gzip", &layer.blob)
        });
        store(layer.blob.clone());
    }
    let mut content = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": Descriptor::of(media_type::OCI_CONFIG, &config),
        "layers": listed,
    });
    if annotations != json!({}) {
        content["annotations"] = annotations;
    }
    store(config);
    signing::push_manifest(registry, &name, &content, media_type::OCI_MANIFEST)
}

/// The manifest of a name, as JSON.
pub(crate) fn manifest(registry: &Registry, name: &str) -> Value {
    let name: Reference = registry.name(name).parse().expect("this is a name");
    let manifest = registry.manifest(&name).expect("it is there");
    serde_json::from_slice(manifest.bytes()).expect("a manifest is JSON")
}

/// A registry with a signed base of two layers, `base:v1`.
pub(crate) fn signed_base(user: &User, flags: &str) -> Registry {
    let registry = Registry::open();
    push(&registry, "base:v1", &layers(&["a", "b"]));
    expect(user, &format!("{SIGN} {flags} {}", registry.name("base:v1")), 0);
    registry
}

/// Runs a command that must end with this code.
pub(crate) fn expect(user: &User, line: &str, exit: u8) -> Outcome {
    let outcome = user.run(line);
    assert_eq!(outcome.exit, exit, "{line}\n{outcome}");
    outcome
}

/// Runs a command that must fail with this code, for this reason.
pub(crate) fn refused(user: &User, line: &str, exit: u8, reason: &str) {
    let outcome = expect(user, line, exit);
    assert!(
        outcome.stderr.contains(reason),
        "{line}: expected {reason:?}\n{outcome}"
    );
}

#[test]
fn the_group_shows_its_commands() {
    let alone = User::new().run("base");
    assert_eq!(alone.exit, 0, "{alone}");
    for line in [
        "attach  Finds what",
        "show    Shows what",
        "sign    Signs the",
        "verify  Verifies that",
    ] {
        assert!(alone.text().contains(line), "{line}: {alone}");
    }
}
