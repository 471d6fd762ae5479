//! An index with everything that can belong to it, and what of it is where.

use std::collections::BTreeSet;

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Reference, Repository, Store, StoreError, Upload, media_type};
use serde_json::json;

use crate::harness::User;
use crate::registry::Registry;
use crate::signing::{A, attest, push, push_index, push_manifest, signer};

/// Pushes an index of two images to `NAME:v1`: signed in both formats with everything beneath it, with attestations
/// and SBOMs in both formats on the index and an image, a signature on an SBOM, and a note on a bundle. Returns the
/// user with the key and the digest.
pub(crate) fn push_everything(registry: &Registry, name: &str) -> (User, String) {
    let user = signer();
    let images = ["amd64", "arm64"].map(|cpu| {
        let digest = push(&user, registry, &format!("{name}:{cpu}"), &format!("for {cpu}"));
        (digest, cpu)
    });
    let children: Vec<(&str, &str)> = images.iter().map(|(digest, cpu)| (digest.as_str(), *cpu)).collect();
    let index = push_index(registry, &format!("{name}:v1"), &children);
    let line = "sign --key a.key --tlog-upload=false --format both -r";
    let signed = user.run(&format!("{line} {}@{index}", registry.name(name)));
    assert_eq!(signed.exit, 0, "{signed}");
    for digest in [index.as_str(), children[0].0] {
        let bundle = attest(registry, &format!("{name}@{digest}"), A);
        attach(registry, name, "application/vnd.example.note", &bundle);
        attach(
            registry,
            name,
            "application/spdx+json",
            &digest.parse().expect("this is a digest"),
        );
        for (suffix, layer) in [
            ("att", "application/vnd.dsse.envelope.v1+json"),
            ("sbom", "text/spdx+json"),
        ] {
            tag(registry, name, &format!("{}.{suffix}", digest.replace(':', "-")), layer);
        }
    }
    let sbom = registry.name(&format!("{name}:{}.sbom", index.replace(':', "-")));
    let signed = user.run(&format!("sign --key a.key --tlog-upload=false --format both {sbom}"));
    assert_eq!(signed.exit, 0, "{signed}");
    (user, index)
}

/// Pushes a manifest with one layer that refers to `subject`.
fn attach(registry: &Registry, name: &str, artifact_type: &str, subject: &Digest) {
    let repository: Repository = registry.name(name).parse().expect("this is a name");
    let subject = registry
        .wait(registry.client().head(&repository.digest(subject.clone())))
        .expect("the registry answers")
        .expect("the subject was pushed");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "artifactType": artifact_type,
        "config": blob(registry, &repository, media_type::OCI_EMPTY, "{}"),
        "layers": [blob(registry, &repository, artifact_type, &format!("{artifact_type} of {}", subject.digest))],
        "subject": {"mediaType": subject.media_type, "size": subject.size, "digest": subject.digest},
        "annotations": {"of": subject.digest},
    });
    let bytes = manifest.to_string();
    let digest = repository.digest(Digest::sha256(bytes.as_bytes()));
    push_manifest(registry, &digest, &manifest, media_type::OCI_MANIFEST);
}

/// Pushes a manifest with one layer under a tag.
fn tag(registry: &Registry, name: &str, tag: &str, layer: &str) {
    let repository: Repository = registry.name(name).parse().expect("this is a name");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST,
        "config": blob(registry, &repository, media_type::OCI_CONFIG, "{}"),
        "layers": [blob(registry, &repository, layer, &format!("{{\"{tag}\":true}}"))],
    });
    let tag = repository.tag(tag).expect("this is a tag");
    push_manifest(registry, &tag, &manifest, media_type::OCI_MANIFEST);
}

fn blob(registry: &Registry, repository: &Repository, media_type: &str, content: &str) -> Descriptor {
    let client = registry.client();
    registry
        .wait(client.push_blob(repository, &Upload::bytes(content.to_owned())))
        .expect("the registry takes it");
    Descriptor::of(media_type, content.as_bytes())
}

/// What there is of an image in a repository: manifests, tags, lists of referrers and blobs, each with its digest.
/// Reads every byte, and knows nothing of how the program under test finds them.
pub(crate) async fn inventory(store: &impl Store, repository: &Repository, image: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<Digest> = vec![image.parse().expect("this is a digest")];
    while let Some(digest) = waiting.pop() {
        if !found.insert(format!("manifest {digest}")) {
            continue;
        }
        let name = repository.digest(digest.clone());
        let manifest = store.manifest(&name).await.expect("the manifest is there");
        waiting.extend(manifest.manifests().iter().map(|child| child.digest.clone()));
        for blob in manifest.layers().iter().chain(&manifest.content().config) {
            let stream = store.blob(repository, &blob.digest, Some(blob.size)).await;
            let read = stream.expect("the blob is there").read(1 << 24).await;
            assert_eq!(Digest::sha256(&read.expect("the blob is whole")), blob.digest);
            found.insert(format!("blob {}", blob.digest));
        }
        for suffix in ["sig", "att", "sbom"] {
            let tag = format!("{}.{suffix}", digest.as_str().replace(':', "-"));
            if let Some(manifest) = tagged(store, &repository.tag(&tag).expect("this is a tag")).await {
                found.insert(format!("tag {tag} {}", manifest.digest()));
                waiting.push(manifest.digest().clone());
            }
        }
        for referrer in store.referrers(repository, &digest).await.expect("the store answers") {
            found.insert(format!("referrer {} of {digest}", referrer.digest));
            waiting.push(referrer.digest);
        }
    }
    found
}

async fn tagged(store: &impl Store, tag: &Reference) -> Option<Manifest> {
    match store.manifest(tag).await {
        Ok(manifest) => Some(manifest),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => panic!("{tag}: {error}"),
    }
}

/// The inventory of an image in a registry.
pub(crate) fn inventory_of(registry: &Registry, name: &str, image: &str) -> BTreeSet<String> {
    let repository = registry.name(name).parse().expect("this is a name");
    registry.wait(inventory(&registry.client(), &repository, image))
}

/// How many entries of an inventory begin with a word.
pub(crate) fn count(inventory: &BTreeSet<String>, word: &str) -> usize {
    inventory.iter().filter(|entry| entry.starts_with(word)).count()
}
