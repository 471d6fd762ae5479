//! Things to sign, pushed without any of the tools under test.

use countersign_core::Digest;
use serde_json::{Value, json};

use crate::http;

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An image of one layer.
    Image,
    /// An index over two images.
    Index,
    /// An artifact: a manifest with a type of its own and an empty config.
    Artifact,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Image, Self::Index, Self::Artifact];

    /// Returns its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Index => "index",
            Self::Artifact => "artifact",
        }
    }

    /// Pushes one to `repository` as tag `v1`; returns its digest.
    pub fn push(self, address: &str, repository: &str) -> Digest {
        match self {
            Self::Image => image(address, repository, "amd64", "v1"),
            Self::Index => {
                let entries: Vec<Value> = ["amd64", "arm64"].map(|cpu| entry(address, repository, cpu)).to_vec();
                let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
                manifest(address, repository, "v1", INDEX, &index.to_string())
            }
            Self::Artifact => artifact(address, repository),
        }
    }
}

/// Pushes an image of one layer; returns its digest.
pub fn image(address: &str, repository: &str, cpu: &str, tag: &str) -> Digest {
    let layer = blob(
        address,
        repository,
        LAYER,
        format!("layer of {repository} for {cpu}").as_bytes(),
    );
    let config = json!({"architecture": cpu, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}});
    let config = blob(address, repository, CONFIG, config.to_string().as_bytes());
    let image = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    manifest(address, repository, tag, MANIFEST, &image.to_string())
}

fn entry(address: &str, repository: &str, cpu: &str) -> Value {
    let digest = image(address, repository, cpu, cpu);
    let answer = http::request(
        address,
        "GET",
        &format!("/v2/{repository}/manifests/{digest}"),
        &[("Accept", MANIFEST)],
        b"",
    );
    json!({"mediaType": MANIFEST, "size": answer.body.len(), "digest": digest.as_str(),
        "platform": {"architecture": cpu, "os": "linux"}})
}

fn artifact(address: &str, repository: &str) -> Digest {
    let config = blob(address, repository, "application/vnd.oci.empty.v1+json", b"{}");
    let layer = blob(
        address,
        repository,
        "text/plain",
        format!("an artifact in {repository}").as_bytes(),
    );
    let artifact = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.note",
        "config": config, "layers": [layer]});
    manifest(address, repository, "v1", MANIFEST, &artifact.to_string())
}

/// Attaches a manifest that calls itself `artifact_type` to `subject`, a digest; returns its digest.
pub fn referrer(address: &str, repository: &str, subject: &str, artifact_type: &str) -> Digest {
    let config = blob(address, repository, "application/vnd.oci.empty.v1+json", b"{}");
    let path = format!("/v2/{repository}/manifests/{subject}");
    let found = http::request(address, "GET", &path, &[("Accept", MANIFEST)], b"");
    let subject = json!({"mediaType": MANIFEST, "size": found.body.len(), "digest": subject});
    let text = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": config,
        "layers": [], "subject": subject})
    .to_string();
    manifest(
        address,
        repository,
        Digest::sha256(text.as_bytes()).as_str(),
        MANIFEST,
        &text,
    )
}

/// Pushes a blob; returns its descriptor.
pub fn blob(address: &str, repository: &str, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::sha256(bytes);
    let opened = http::request(address, "POST", &format!("/v2/{repository}/blobs/uploads/"), &[], b"");
    let location = opened
        .header("Location")
        .unwrap_or_else(|| panic!("no upload location, status {}", opened.status));
    let path = location
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .map_or_else(|| location.to_owned(), |(_, path)| format!("/{path}"));
    let joint = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{joint}digest={digest}");
    let put = http::request(
        address,
        "PUT",
        &path,
        &[("Content-Type", "application/octet-stream")],
        bytes,
    );
    assert_eq!(put.status, 201, "PUT {path}: {}", String::from_utf8_lossy(&put.body));
    json!({"mediaType": media_type, "size": bytes.len(), "digest": digest.as_str()})
}

/// Pushes a manifest; returns its digest.
pub fn manifest(address: &str, repository: &str, target: &str, media_type: &str, text: &str) -> Digest {
    let path = format!("/v2/{repository}/manifests/{target}");
    let put = http::request(address, "PUT", &path, &[("Content-Type", media_type)], text.as_bytes());
    assert_eq!(put.status, 201, "PUT {path}: {}", String::from_utf8_lossy(&put.body));
    Digest::sha256(text.as_bytes())
}

/// The media type of an image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
