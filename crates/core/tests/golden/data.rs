//! The golden artefacts, from the files in `data/golden`.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_core::Digest;
use countersign_core::bundle::Bundle;
use countersign_core::key::PublicKey;
use serde_json::Value;

/// The `number`th bundle that refers to the image of an artefact, as it was stored.
pub(crate) fn bundle_file(id: &str, number: usize) -> Vec<u8> {
    let manifests = manifests(id, |entry| {
        entry["artifactType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    });
    blob(id, &manifests[number - 1]["layers"][0])
}

/// The `number`th bundle that refers to the image of an artefact.
pub(crate) fn bundle(id: &str, number: usize) -> Bundle {
    Bundle::from_json(&bundle_file(id, number)).unwrap()
}

/// The `number`th layer under the `.sig` or `.att` tag of an artefact's image, and its annotations.
pub(crate) fn layer(id: &str, suffix: &str, number: usize) -> (Vec<u8>, BTreeMap<String, String>) {
    let manifests = manifests(id, |entry| {
        let name = entry["annotations"]["org.opencontainers.image.ref.name"].as_str();
        name.is_some_and(|name| name.ends_with(suffix))
    });
    let layer = &manifests[0]["layers"][number - 1];
    let annotations = serde_json::from_value(layer["annotations"].clone()).unwrap();
    (blob(id, layer), annotations)
}

/// The `number`th signature of an artefact's image, whatever its format.
pub(crate) fn evidence(id: &str, number: usize) -> Bundle {
    if id.starts_with("v3-") || id.starts_with("damaged-v3-") || id == "v2-new-bundle" {
        return bundle(id, number);
    }
    let (payload, annotations) = layer(id, ".sig", number);
    Bundle::from_legacy_layer(payload, &annotations).unwrap()
}

/// The public key of that name.
pub(crate) fn public_key(name: &str) -> PublicKey {
    PublicKey::from_pem(&file(&format!("keys/{name}.pub"))).unwrap()
}

pub(crate) fn digest(hex: &str) -> Digest {
    format!("sha256:{hex}").parse().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the library does no IO, its tests read their data"
)]
pub(crate) fn file(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/golden")
        .join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The manifests of an artefact's layout whose entry is wanted, in the order of `index.json`.
fn manifests(id: &str, is_wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let index: Value = serde_json::from_slice(&file(&format!("layouts/{id}/index.json"))).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    entries
        .filter(|entry| is_wanted(entry))
        .map(|entry| serde_json::from_slice(&blob(id, entry)).unwrap())
        .collect()
}

/// The blob of a descriptor.
fn blob(id: &str, descriptor: &Value) -> Vec<u8> {
    let hex = descriptor["digest"].as_str().unwrap().trim_start_matches("sha256:");
    file(&format!("layouts/{id}/blobs/sha256/{hex}"))
}
