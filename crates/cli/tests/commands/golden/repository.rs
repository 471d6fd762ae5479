//! Repositories as they were when cosign was asked about them.

use countersign_oci::store::Condition;
use countersign_oci::{Layout, Manifest, Repository, Store, Upload, media_type};
use serde_json::Value;

use crate::registry::Registry;

/// Puts everything in a layout into a repository: each manifest that `index.json` lists, with its tag if it has one.
pub(super) fn fill(registry: &Registry, repository: &Repository, layout: &str) {
    let index: Value = serde_json::from_slice(&super::file(&format!("{layout}/index.json"))).expect("it is JSON");
    let mut entries = index["manifests"].as_array().expect("an index has manifests").clone();
    // An index comes after the manifests that it names.
    entries.sort_by_key(|entry| entry["mediaType"] == media_type::OCI_INDEX);
    registry.wait(async {
        let from = Layout::open(super::path(layout)).await.expect("this is a layout");
        let to = registry.client();
        for entry in &entries {
            let digest = entry["digest"].as_str().expect("a descriptor has a digest");
            let digest = digest.parse().expect("this is a digest");
            let manifest = from.manifest(&Layout::repository().digest(digest)).await;
            let manifest = manifest.expect("the layout holds what it lists");
            push_parts(&from, &to, repository, &manifest).await;
            let name = match entry["annotations"]["org.opencontainers.image.ref.name"].as_str() {
                Some(tag) => repository.tag(tag).expect("this is a tag"),
                None => repository.digest(manifest.digest().clone()),
            };
            let pushed = to.push_manifest(&name, &manifest, Condition::Always).await;
            pushed.unwrap_or_else(|error| panic!("{layout}: {name}: {error}"));
        }
    });
}

async fn push_parts(from: &Layout, to: &impl Store, repository: &Repository, manifest: &Manifest) {
    for part in manifest.layers().iter().chain(&manifest.content().config) {
        let stream = from.blob(&Layout::repository(), &part.digest, Some(part.size)).await;
        let bytes = stream.expect("the layout holds the blob").read(LIMIT).await;
        let upload = Upload::bytes(bytes.expect("the blob is whole"));
        to.push_blob(repository, &upload).await.expect("the registry takes it");
    }
}

const LIMIT: u64 = 1 << 20;
