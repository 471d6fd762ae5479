//! What an image and its build say that the base is. Nobody vouches for it: it tells where to look, for whoever builds.

use countersign_core::Digest;
use countersign_oci::manifest::Manifest;
use countersign_oci::{Reference, Repository, Store, StoreError};
use serde_json::Value;

use super::image::is_kept_of_a_build;
use super::{BaseError, Image};

/// Where signatures of a base may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The repository of the base.
    pub repository: Repository,
    /// The base's manifest or index.
    pub digest: Option<Digest>,
}

impl Hint {
    fn named(name: &str, digest: Option<&str>) -> Option<Self> {
        let reference: Reference = name.parse().ok()?;
        let given = digest.and_then(|digest| digest.parse().ok());
        Some(Self {
            digest: given.or(reference.digest().cloned()),
            repository: reference.repository().clone(),
        })
    }
}

/// What is said of the base of `image`: by its annotations and labels, and by the provenance in the `index` that it is in.
///
/// # Errors
/// [`BaseError::Store`] where the provenance is listed and cannot be read.
pub async fn hints<S: Store>(image: &Image, index: Option<&Manifest>, store: &S) -> Result<Vec<Hint>, BaseError> {
    let annotations = &image.subject.manifest.content().annotations;
    let annotated = annotations.get(BASE_NAME);
    let digest = annotations.get(BASE_DIGEST).map(String::as_str);
    let mut found: Vec<Hint> = annotated
        .and_then(|name| Hint::named(name, digest))
        .into_iter()
        .collect();
    found.extend(
        image
            .label(BASE_NAME)
            .and_then(|name| Hint::named(&name, image.label(BASE_DIGEST).as_deref())),
    );
    found.extend(image.label(BUILDPACKS).and_then(|label| of_buildpacks(&label)));
    if let Some(index) = index {
        let materials = materials(image, index, store).await;
        found.extend(materials.map_err(BaseError::store(&image.subject.image))?);
    }
    let mut once: Vec<Hint> = Vec::new();
    for hint in found {
        if once.len() < HINTS && !once.contains(&hint) {
            once.push(hint);
        }
    }
    Ok(once)
}

/// The run image that a buildpack built upon.
fn of_buildpacks(label: &str) -> Option<Hint> {
    let json: Value = serde_json::from_str(label).ok()?;
    let run_image = json.get("runImage")?;
    let text = |member| run_image.get(member).and_then(Value::as_str);
    // in a daemon the reference is the id of an image, which is in no repository
    let name = text("reference").filter(|name| name.contains('@')).or(text("image"))?;
    Hint::named(name, None)
}

/// The images among the materials in BuildKit's provenance.
async fn materials<S: Store>(image: &Image, index: &Manifest, store: &S) -> Result<Vec<Hint>, StoreError> {
    let own = &image.subject.image;
    let is_of_it = |digest: &String| digest == own.digest().as_str();
    let mut entries = index.manifests().iter().filter(|entry| is_kept_of_a_build(entry));
    let Some(entry) = entries.find(|entry| entry.annotations.get(REFERENCE_DIGEST).is_some_and(is_of_it)) else {
        return Ok(Vec::new());
    };
    let kept = store.manifest(&own.repository().digest(entry.digest.clone())).await?;
    let mut found = Vec::new();
    for layer in kept.layers() {
        let kind = layer
            .annotations
            .get(PREDICATE_TYPE)
            .map(String::as_str)
            .unwrap_or_default();
        if kind.starts_with(PROVENANCE) && layer.size <= STATEMENT {
            let blob = store.blob(own.repository(), &layer.digest, Some(layer.size)).await?;
            found.extend(of_provenance(&blob.read(STATEMENT).await?));
        }
    }
    Ok(found)
}

fn of_provenance(statement: &[u8]) -> Vec<Hint> {
    let json: Value = serde_json::from_slice(statement).unwrap_or_default();
    let lists = [
        "/predicate/materials",
        "/predicate/buildDefinition/resolvedDependencies",
    ];
    let materials = lists
        .into_iter()
        .filter_map(|path| json.pointer(path)?.as_array())
        .flatten();
    materials
        .filter_map(|material| {
            let uri = material.get("uri")?.as_str()?;
            let digest = material.pointer("/digest/sha256").and_then(Value::as_str);
            let digest = digest.map(|hex| format!("sha256:{hex}"));
            Hint::named(&image_of(uri)?, digest.as_deref())
        })
        .collect()
}

/// The image that a package URL names: `pkg:docker/debian@12?platform=linux%2Famd64`.
fn image_of(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("pkg:docker/")?;
    let path = rest.split(['?', '#', '@']).next()?;
    // the port of a registry is all that needs an escape here
    Some(path.replace("%3A", ":").replace("%3a", ":"))
}

const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
const BUILDPACKS: &str = "io.buildpacks.lifecycle.metadata";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
const PROVENANCE: &str = "https://slsa.dev/provenance/";

/// The most bytes of provenance that are read.
const STATEMENT: u64 = 16 * 1024 * 1024;

/// The most places that are looked at because an image names them.
const HINTS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(repository: &str, digest: Option<&str>) -> Hint {
        Hint {
            repository: repository.parse().expect("it is a repository"),
            digest: digest.map(|digest| digest.parse().expect("it is a digest")),
        }
    }

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn materials_of_both_versions_of_provenance_are_images_by_digest() {
        let material = |uri: &str| format!(r#"[{{"uri":"{uri}","digest":{{"sha256":"{}"}}}}]"#, &DIGEST[7..]);
        let old = format!(
            r#"{{"predicate":{{"materials":{}}}}}"#,
            material("pkg:docker/debian@12?platform=linux%2Famd64")
        );
        assert_eq!(of_provenance(old.as_bytes()), [hint("debian", Some(DIGEST))]);
        let new = format!(
            r#"{{"predicate":{{"buildDefinition":{{"resolvedDependencies":{}}}}}}}"#,
            material("pkg:docker/127.0.0.1%3A5000/ns/base@v1")
        );
        assert_eq!(
            of_provenance(new.as_bytes()),
            [hint("127.0.0.1:5000/ns/base", Some(DIGEST))]
        );
        for other in [
            "",
            "{}",
            "[]",
            r#"{"predicate":{"materials":[{"uri":"pkg:npm/x@1"},{"uri":7}]}}"#,
        ] {
            assert_eq!(of_provenance(other.as_bytes()), [], "{other}");
        }
    }

    #[test]
    fn the_run_image_of_a_buildpack_is_a_base() {
        let label = format!(r#"{{"runImage":{{"topLayer":"{DIGEST}","reference":"reg.example/run@{DIGEST}"}}}}"#);
        assert_eq!(of_buildpacks(&label), Some(hint("reg.example/run", Some(DIGEST))));
        let named = r#"{"runImage":{"reference":"9d3e","image":"reg.example/run:v1"}}"#;
        assert_eq!(of_buildpacks(named), Some(hint("reg.example/run", None)));
        assert_eq!(of_buildpacks("[]"), None);
    }
}
