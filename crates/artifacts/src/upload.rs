//! Single files as the one layer of an image, as cosign's `upload blob` stores them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use countersign_core::go_json;
use countersign_oci::blob::Uploaded;
use countersign_oci::manifest::{Descriptor, Manifest, Platform};
use countersign_oci::{Repository, Store, StoreError, Upload, media_type};
use serde::Serialize;

use crate::image::{self, Configuration};
use crate::sniff;

/// A file that is about to be uploaded.
#[derive(Clone, Debug)]
pub struct BlobFile {
    path: PathBuf,
    size: u64,
    media_type: String,
}

impl BlobFile {
    /// Looks at a file; its media type is read from its first bytes unless it is given.
    ///
    /// # Errors
    /// What the system says; what is no regular file is refused.
    pub fn open(path: PathBuf, media_type: Option<&str>) -> io::Result<Self> {
        let file = File::open(&path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let media_type = match media_type {
            Some(given) => given.to_owned(),
            None => {
                let mut head = Vec::with_capacity(sniff::LENGTH);
                file.take(sniff::LENGTH as u64).read_to_end(&mut head)?;
                sniff::media_type(&head).to_owned()
            }
        };
        Ok(Self {
            path,
            size: metadata.len(),
            media_type,
        })
    }

    /// The media type.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores the file and the configuration of an image whose one layer it is, and returns the manifest, which is not stored yet.
    ///
    /// # Errors
    /// What the store says.
    pub async fn send(
        &self,
        platform: Option<&Platform>,
        annotations: &BTreeMap<String, String>,
        store: &impl Store,
        repository: &Repository,
    ) -> Result<BlobImage, StoreError> {
        let upload = Upload::file(self.path.clone(), self.size);
        let blob = store.push_blob(repository, &upload).await?;
        let configuration = configuration(&blob, platform);
        let config = Descriptor::of(media_type::OCI_CONFIG, &configuration);
        let layer = Descriptor {
            size: blob.size,
            digest: blob.digest.clone(),
            ..Descriptor::of(&self.media_type, b"")
        };
        store.push_blob(repository, &Upload::bytes(configuration)).await?;
        Ok(BlobImage {
            manifest: image::manifest(media_type::OCI_MANIFEST, config, &[layer], annotations)?,
            blob,
        })
    }
}

/// An image whose one layer is a file.
#[derive(Clone, Debug)]
pub struct BlobImage {
    /// Its manifest.
    pub manifest: Manifest,
    /// What became of the file.
    pub blob: Uploaded,
}

/// Makes an index of images for platforms.
///
/// # Errors
/// [`StoreError::ManifestTooLarge`].
pub fn index(images: &[(BlobImage, Platform)], annotations: &BTreeMap<String, String>) -> Result<Manifest, StoreError> {
    let entry = |(image, platform): &(BlobImage, Platform)| Descriptor {
        platform: Some(platform.clone()),
        ..image.manifest.descriptor()
    };
    let wire = Index {
        schema_version: 2,
        media_type: media_type::OCI_INDEX,
        manifests: images.iter().map(entry).collect(),
        annotations,
    };
    Manifest::parse(go_json::to_vec(&wire).into(), media_type::OCI_INDEX)
}

/// The configuration that cosign gives such an image; it has a platform only where one is asked for.
fn configuration(blob: &Uploaded, platform: Option<&Platform>) -> Vec<u8> {
    let layers = [blob.digest.as_str()];
    let configuration = Configuration {
        platform,
        layers: Some(&layers),
        ..Configuration::default()
    };
    configuration.to_json()
}

/// Members in the order in which go-containerregistry writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u32,
    media_type: &'a str,
    manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}
