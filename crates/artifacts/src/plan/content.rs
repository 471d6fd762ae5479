//! The parts of an artifact: where their bytes are and how they are described.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use countersign_core::Digest;
use countersign_core::digest::{Algorithm, Hasher};
use countersign_oci::blob::Uploaded;
use countersign_oci::manifest::Platform;
use countersign_oci::{Descriptor, Meter, Upload, media_type};
use tempfile::TempPath;

use super::shape::{self, UNKNOWN_CONFIG};
use super::{PackError, PackOptions, manifest};
use crate::file::FileSpec;
use crate::folder;
use crate::title::TITLE;

/// A layer or the configuration of an artifact.
#[derive(Clone, Debug)]
pub struct Part {
    title: Option<String>,
    media_type: String,
    annotations: BTreeMap<String, String>,
    content: Content,
    size: u64,
    digest: Option<Digest>,
    is_embedded: Embedded,
    meter: Meter,
}

#[derive(Clone, Debug)]
enum Content {
    Bytes(Bytes),
    File(PathBuf),
    /// A packed folder, deleted when the plan is dropped.
    Packed(Arc<TempPath>),
}

/// Whether the descriptor holds the content itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Embedded {
    No,
    EmptyObject,
}

impl Part {
    /// The name of the file; none for what is not a file.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The number of bytes to be sent.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Counts the bytes that have been sent.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The digest, where it is known before the bytes are sent.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What is to be sent.
    pub(crate) fn upload(&self) -> Upload {
        let mut upload = match &self.content {
            Content::Bytes(bytes) => Upload::bytes(bytes.clone()),
            Content::File(path) => Upload::file(path.clone(), self.size),
            Content::Packed(path) => Upload::file(path.to_path_buf(), self.size),
        };
        upload.digest.clone_from(&self.digest);
        upload.meter = Some(self.meter.clone());
        upload
    }

    /// Describes the part, once it has been sent.
    pub(super) fn descriptor(&self, sent: &Uploaded) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            size: sent.size,
            digest: sent.digest.clone(),
            data: (self.is_embedded == Embedded::EmptyObject).then(|| EMPTY_BASE64.to_owned()),
            annotations: self.annotations.clone(),
            platform: None,
            artifact_type: None,
        }
    }

    /// Adds annotations; they win over those that are there.
    pub(super) fn annotate(&mut self, annotations: Option<&BTreeMap<String, String>>) {
        let added = annotations.into_iter().flatten();
        self.annotations
            .extend(added.map(|(key, value)| (key.clone(), value.clone())));
    }

    /// The empty object of the image specification (manifest.md §guidance for an empty descriptor).
    pub(super) fn empty() -> Self {
        Self {
            is_embedded: Embedded::EmptyObject,
            ..Self::of_bytes(media_type::OCI_EMPTY, Bytes::from_static(EMPTY))
        }
    }

    /// An empty object whose media type says what the artifact is (image-spec 1.0).
    pub(super) fn custom_empty(media_type: &str) -> Self {
        Self::of_bytes(media_type, Bytes::from_static(EMPTY))
    }

    /// A configuration that names a platform.
    pub(super) fn of_platform(platform: &Platform) -> Self {
        Self::of_bytes(media_type::OCI_CONFIG, manifest::platform(platform))
    }

    fn of_bytes(media_type: &str, bytes: Bytes) -> Self {
        Self {
            title: None,
            media_type: media_type.to_owned(),
            annotations: BTreeMap::new(),
            size: bytes.len() as u64,
            digest: Some(Digest::sha256(&bytes)),
            content: Content::Bytes(bytes),
            is_embedded: Embedded::No,
            meter: Meter::default(),
        }
    }

    /// The configuration in a file.
    pub(super) async fn of_config(file: &FileSpec, folder: &Path) -> Result<Self, PackError> {
        let media_type = file.media_type().unwrap_or(UNKNOWN_CONFIG);
        shape::check_media_type("config type", media_type)?;
        let (path, media_type) = (folder.join(file.path()), media_type.to_owned());
        blocking(move || {
            let metadata = path.metadata().map_err(|source| PackError::file(&path, source))?;
            Self::of_regular(&path, &metadata, None, media_type)
        })
        .await
    }

    /// A layer: a file as it is, or a folder packed into an archive.
    pub(super) async fn of_file(file: &FileSpec, title: &str, options: &PackOptions) -> Result<Self, PackError> {
        let path = options.folder.join(file.path());
        let (title, media_type, times) = (
            title.to_owned(),
            file.media_type().map(ToOwned::to_owned),
            options.times,
        );
        blocking(move || {
            let metadata = path.metadata().map_err(|source| PackError::file(&path, source))?;
            if metadata.is_dir() {
                let media_type = media_type.unwrap_or_else(|| FOLDER_LAYER.to_owned());
                return Self::of_packed(folder::pack(&path, &title, times)?, title, media_type);
            }
            let media_type = media_type.unwrap_or_else(|| FILE_LAYER.to_owned());
            Self::of_regular(&path, &metadata, Some(title), media_type)
        })
        .await
    }

    fn of_regular(
        path: &Path,
        metadata: &std::fs::Metadata,
        title: Option<String>,
        media_type: String,
    ) -> Result<Self, PackError> {
        if !metadata.is_file() {
            return Err(PackError::NotAFile {
                path: path.display().to_string(),
            });
        }
        // Small files are hashed now, so that a store which has them already need not be sent them.
        let digest = if metadata.len() <= HASHED_FIRST {
            Some(hash(path)?)
        } else {
            None
        };
        let annotations = title.iter().map(|title| (TITLE.to_owned(), title.clone()));
        Ok(Self {
            annotations: annotations.collect(),
            title,
            media_type,
            content: Content::File(path.to_owned()),
            size: metadata.len(),
            digest,
            is_embedded: Embedded::No,
            meter: Meter::default(),
        })
    }

    fn of_packed(packed: folder::Packed, title: String, media_type: String) -> Result<Self, PackError> {
        let annotations = [
            (TITLE, title.clone()),
            (folder::TAR_DIGEST, packed.tar_digest.to_string()),
            (folder::UNPACK, "true".to_owned()),
        ];
        Ok(Self {
            title: Some(title),
            media_type,
            annotations: annotations.map(|(key, value)| (key.to_owned(), value)).into(),
            content: Content::Packed(Arc::new(packed.path)),
            size: packed.size,
            digest: Some(packed.digest),
            is_embedded: Embedded::No,
            meter: Meter::default(),
        })
    }
}

fn hash(path: &Path) -> Result<Digest, PackError> {
    let mut file = File::open(path).map_err(|source| PackError::file(path, source))?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer).map_err(|source| PackError::file(path, source))? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Runs `work`, which waits for the disk, on a thread made for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PackError> + Send + 'static,
) -> Result<T, PackError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(PackError::file(Path::new("."), std::io::ErrorKind::Interrupted.into())),
        },
    }
}

/// The empty object, and as the descriptor holds it.
const EMPTY: &[u8] = b"{}";
const EMPTY_BASE64: &str = "e30=";

/// The media types that ORAS gives to files and folders when none is given.
const FILE_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const FOLDER_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The largest file that is hashed before it is sent.
const HASHED_FIRST: u64 = 8 * 1024 * 1024;

const BUFFER: usize = 128 * 1024;
