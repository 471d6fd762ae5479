//! From a bundle in a registry to its objects; every layer must hold what its annotations say.

use std::io::{self, Read};

use countersign_oci::manifest::Descriptor;
use countersign_oci::{Manifest, Repository, Store, gzip};
use flate2::read::MultiGzDecoder;

use super::error::BundleError;
use super::object::{Object, objects};
use super::pack::Input;
use super::{API_VERSION, KIND, NAME, OBJECT_LIMIT, OBJECTS};

/// Fetches the objects of a bundle, in the order of its layers.
///
/// # Errors
/// [`BundleError`].
pub async fn read(
    store: &impl Store,
    repository: &Repository,
    manifest: &Manifest,
) -> Result<Vec<Object>, BundleError> {
    if manifest.is_index() {
        return Err(BundleError::Index);
    }
    let found = manifest.layers().len();
    if found > OBJECTS {
        return Err(BundleError::TooMany { found });
    }
    let mut objects = Vec::with_capacity(found);
    for layer in manifest.layers() {
        let stream = store.blob(repository, &layer.digest, Some(layer.size)).await?;
        let packed = stream.read(OBJECT_LIMIT as u64).await?;
        objects.push(content(layer, &packed)?);
    }
    Ok(objects)
}

/// The object in a layer: a tar archive whose first file it is, or the object itself; compressed or not.
///
/// # Errors
/// [`BundleError`].
pub fn content(layer: &Descriptor, packed: &[u8]) -> Result<Object, BundleError> {
    let on_unpack = |source| BundleError::Unpack {
        layer: layer.digest.clone(),
        source,
    };
    let bytes = match gzip::is_begin(packed) {
        true => bounded(MultiGzDecoder::new(packed), layer)?,
        false => packed.to_vec(),
    };
    let is_archive = bytes.get(257..262) == Some(b"ustar");
    let bytes = match is_archive {
        true => {
            let mut archive = tar::Archive::new(&*bytes);
            let first = archive.entries().map_err(on_unpack)?.next();
            let first = first.ok_or_else(|| on_unpack(io::ErrorKind::UnexpectedEof.into()))?;
            bounded(first.map_err(on_unpack)?, layer)?
        }
        false => bytes,
    };
    let text =
        String::from_utf8(bytes).map_err(|error| on_unpack(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    let input = Input {
        name: format!("layer {}", layer.digest),
        text,
    };
    let mut found = objects(&input)?;
    let count = found.len();
    let (Some(object), 1) = (found.pop(), count) else {
        return Err(BundleError::Layer {
            layer: layer.digest.clone(),
            found: count,
        });
    };
    compare(layer, &object)?;
    Ok(object)
}

fn bounded(from: impl Read, layer: &Descriptor) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    let read = from.take(OBJECT_LIMIT as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| BundleError::Unpack {
        layer: layer.digest.clone(),
        source,
    })?;
    if bytes.len() > OBJECT_LIMIT {
        return Err(BundleError::TooLarge {
            layer: layer.digest.clone(),
            limit: OBJECT_LIMIT,
        });
    }
    Ok(bytes)
}

/// The version may be with or without its group: the contract and tkn differ.
fn compare(layer: &Descriptor, object: &Object) -> Result<(), BundleError> {
    let found = |annotation: &str| layer.annotations.get(annotation).map(String::as_str);
    let version = found(API_VERSION).map(|found| found.strip_prefix("tekton.dev/").unwrap_or(found));
    for (annotation, expected, found) in [
        (NAME, object.name(), found(NAME)),
        (KIND, &*object.lower_kind(), found(KIND)),
        (API_VERSION, object.version(), version),
    ] {
        if found != Some(expected) {
            return Err(BundleError::Annotation {
                layer: layer.digest.clone(),
                annotation,
                expected: expected.to_owned(),
                found: found.map(str::to_owned),
            });
        }
    }
    Ok(())
}
