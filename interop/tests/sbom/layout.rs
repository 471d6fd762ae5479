//! Images as OCI layouts, written here.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use countersign_core::Digest;
use countersign_interop::Peers;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::contents::{Contents, Entry};

/// An image on the disk.
pub(crate) struct Layout {
    /// The folder.
    pub(crate) path: String,
}

impl Layout {
    /// Writes an image; its first layer is compressed, the others are not.
    pub(crate) fn of(peers: &Peers, contents: &Contents) -> Self {
        let path = peers.path(&format!("image-{}", contents.name));
        let blobs = Path::new(&path).join("blobs/sha256");
        fs::create_dir_all(&blobs).expect("the folder can be made");
        let layers: Vec<Value> = contents
            .layers
            .iter()
            .enumerate()
            .map(|(number, entries)| layer(&blobs, entries, number == 0))
            .collect();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-11-22T12:00:00Z",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| &layer["diff"]).collect::<Vec<_>>()},
        });
        let descriptors: Vec<&Value> = layers.iter().map(|layer| &layer["descriptor"]).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob(&blobs, "application/vnd.oci.image.config.v1+json", config.to_string().as_bytes()),
            "layers": descriptors,
        });
        let manifest = blob(
            &blobs,
            "application/vnd.oci.image.manifest.v1+json",
            manifest.to_string().as_bytes(),
        );
        let index = json!({"schemaVersion": 2, "manifests": [manifest]});
        let write = |name: &str, value: Value| {
            fs::write(Path::new(&path).join(name), value.to_string()).expect("the folder can be written to");
        };
        write("index.json", index);
        write("oci-layout", json!({"imageLayoutVersion": "1.0.0"}));
        Self { path }
    }
}

fn blob(blobs: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::sha256(bytes);
    fs::write(blobs.join(digest.hex()), bytes).expect("the folder can be written to");
    json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()})
}

fn layer(blobs: &Path, entries: &[Entry], is_compressed: bool) -> Value {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        add(&mut archive, entry);
    }
    let plain = archive.into_inner().expect("a list of bytes takes all");
    let diff = Digest::sha256(&plain);
    let descriptor = if is_compressed {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&plain).expect("a list of bytes takes all");
        let packed = gzip.finish().expect("a list of bytes takes all");
        blob(blobs, "application/vnd.oci.image.layer.v1.tar+gzip", &packed)
    } else {
        blob(blobs, "application/vnd.oci.image.layer.v1.tar", &plain)
    };
    json!({"descriptor": descriptor, "diff": diff.as_str()})
}

fn add(archive: &mut tar::Builder<Vec<u8>>, entry: &Entry) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    match entry {
        Entry::Bytes(name, bytes) => {
            header.set_size(bytes.len() as u64);
            archive
                .append_data(&mut header, name, bytes.as_slice())
                .expect("a file");
        }
        Entry::File(name, path) => {
            let mut bytes = Vec::new();
            let file = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
            file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            header.set_size(bytes.len() as u64);
            archive
                .append_data(&mut header, name, bytes.as_slice())
                .expect("a file");
        }
        Entry::Link(name, target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            archive.append_link(&mut header, name, target).expect("a link");
        }
    }
}
