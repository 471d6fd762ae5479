//! What an image layout says, read from its files.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use countersign_core::Digest;
use serde::Deserialize;

use crate::error::StoreError;
use crate::layout::files::{Files, Section, blob_name};
use crate::layout::referrers::Scanned;
use crate::manifest::{Descriptor, Manifest};
use crate::reference::{Pinned, Reference, Target};

/// A layout being read: its files, and which blobs are known to be manifests with a subject.
pub(crate) struct Contents {
    files: Files,
    /// Blobs never change, so each is looked into once.
    pub(super) scanned: Mutex<HashMap<Digest, Option<Scanned>>>,
}

/// The index of a layout: what `index.json` lists.
#[derive(Deserialize)]
pub(crate) struct Index {
    #[serde(default, deserialize_with = "null_is_empty")]
    manifests: Vec<Descriptor>,
}

/// The `oci-layout` file (image-layout.md §oci-layout file).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayoutFile {
    image_layout_version: String,
}

impl Contents {
    /// Checks that `files` are an image layout of the version we know.
    pub(crate) fn open(files: Files) -> Result<Self, StoreError> {
        let place = files.place();
        let malformed = |reason: String| StoreError::Malformed {
            what: place.clone(),
            reason,
        };
        let Some(bytes) = files.read(LAYOUT_FILE, LAYOUT_FILE_LIMIT)? else {
            return Err(malformed(match files.open("manifest.json")? {
                Some(_) => {
                    "it is a Docker archive without oci-layout; save it as an OCI archive or image layout".to_owned()
                }
                None => "it is not an OCI image layout: there is no oci-layout file".to_owned(),
            }));
        };
        let layout: LayoutFile =
            serde_json::from_slice(&bytes).map_err(|error| malformed(format!("{LAYOUT_FILE}: {error}")))?;
        if layout.image_layout_version != LAYOUT_VERSION {
            return Err(malformed(format!(
                "image layout version is {:?}, expected {LAYOUT_VERSION:?}",
                layout.image_layout_version
            )));
        }
        Ok(Self {
            files,
            scanned: Mutex::new(HashMap::new()),
        })
    }

    /// The files.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// Reads `index.json`.
    pub(crate) fn index(&self) -> Result<Index, StoreError> {
        Index::parse(&self.index_bytes()?, &self.files.place())
    }

    /// The bytes of `index.json`.
    pub(crate) fn index_bytes(&self) -> Result<Bytes, StoreError> {
        self.files
            .read(INDEX_FILE, INDEX_LIMIT)?
            .ok_or_else(|| StoreError::Malformed {
                what: self.files.place(),
                reason: format!("there is no {INDEX_FILE}"),
            })
    }

    /// Resolves a name; the repository is not looked at, except to tell entries apart that carry full names.
    pub(crate) fn resolve(&self, reference: &Reference) -> Result<Digest, StoreError> {
        let index = self.index()?;
        let digest = match reference.target() {
            Target::Digest(digest) => digest.clone(),
            Target::Tag(tag) => match index.find(reference, tag)? {
                Some(entry) => entry.digest.clone(),
                None if &**tag == "latest" => self.only_of(&index)?.digest.clone(),
                None => return Err(self.not_found(tag)),
            },
        };
        match self.files.open(&blob_name(&digest))? {
            Some(_) => Ok(digest),
            None => Err(self.not_found(digest.as_str())),
        }
    }

    /// The one image of a layout, when it holds one and things that belong to it.
    pub(crate) fn only(&self) -> Result<Digest, StoreError> {
        Ok(self.only_of(&self.index()?)?.digest.clone())
    }

    fn only_of<'a>(&self, index: &'a Index) -> Result<&'a Descriptor, StoreError> {
        let saved: Vec<&Descriptor> = index.manifests.iter().filter(|entry| is_saved_image(entry)).collect();
        let mut images = Vec::new();
        for entry in &index.manifests {
            let known = images.iter().any(|image: &&Descriptor| image.digest == entry.digest);
            if !known && saved.is_empty() && !is_attachment(entry) && !self.has_subject(entry)? {
                images.push(entry);
            }
        }
        if !saved.is_empty() {
            images = saved;
        }
        match images.as_slice() {
            [only] => Ok(only),
            [] => Err(self.not_found("an image")),
            several => Err(StoreError::Ambiguous {
                what: self.files.place(),
                candidates: several.iter().map(|entry| shown(entry)).collect(),
            }),
        }
    }

    fn has_subject(&self, entry: &Descriptor) -> Result<bool, StoreError> {
        Ok(self.scan(&entry.digest)?.is_some())
    }

    /// Reads a manifest by name and checks its digest.
    pub(crate) fn manifest(&self, reference: &Reference) -> Result<Manifest, StoreError> {
        let digest = self.resolve(reference)?;
        let index = self.index()?;
        let listed = index.manifests.iter().find(|entry| entry.digest == digest);
        self.manifest_by_digest(&digest, listed.map_or("", |entry| &entry.media_type))
    }

    /// Describes what has this very name; the only image is not taken for `latest`.
    pub(crate) fn describe(&self, reference: &Reference) -> Result<Option<Descriptor>, StoreError> {
        let digest = match reference.target() {
            Target::Digest(digest) => digest.clone(),
            Target::Tag(tag) => match self.index()?.find(reference, tag)? {
                Some(entry) => entry.digest.clone(),
                None => return Ok(None),
            },
        };
        match self.manifest_by_digest(&digest, "") {
            Ok(manifest) => Ok(Some(Descriptor {
                digest,
                ..manifest.descriptor()
            })),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a manifest from the blobs and checks its digest.
    pub(crate) fn manifest_by_digest(&self, digest: &Digest, media_type: &str) -> Result<Manifest, StoreError> {
        let section = self.blob(digest)?;
        if section.size() > Manifest::LIMIT as u64 {
            return Err(StoreError::ManifestTooLarge {
                limit: Manifest::LIMIT as u64,
            });
        }
        let bytes = section.read_whole()?;
        if !digest.matches(&bytes) {
            return Err(StoreError::DigestMismatch {
                what: self.name_of(digest),
                expected: digest.clone(),
                found: Digest::of(digest.algorithm(), &bytes),
            });
        }
        Manifest::parse(bytes, media_type)
    }

    /// Opens a blob.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Section, StoreError> {
        self.files
            .open(&blob_name(digest))?
            .ok_or_else(|| self.not_found(digest.as_str()))
    }

    /// How a blob is named in errors.
    pub(crate) fn name_of(&self, digest: &Digest) -> String {
        format!("{}: {digest}", self.files.place())
    }

    /// Puts a name on what was resolved.
    pub(crate) fn pin(&self, reference: &Reference) -> Result<Pinned, StoreError> {
        Ok(reference.clone().pin(self.resolve(reference)?))
    }

    fn not_found(&self, what: &str) -> StoreError {
        StoreError::NotFound {
            what: format!("{}: {what}", self.files.place()),
        }
    }
}

impl Index {
    /// Reads the bytes of an `index.json` in `place`.
    pub(crate) fn parse(bytes: &[u8], place: &str) -> Result<Self, StoreError> {
        let index: Self = serde_json::from_slice(bytes).map_err(|error| StoreError::Malformed {
            what: format!("{place}: {INDEX_FILE}"),
            reason: error.to_string(),
        })?;
        if index.manifests.len() > ENTRY_LIMIT {
            return Err(StoreError::TooLarge {
                what: format!("{place}: {INDEX_FILE}"),
                limit: format!("{ENTRY_LIMIT} entries"),
            });
        }
        Ok(index)
    }

    /// The entries.
    pub(crate) fn entries(&self) -> &[Descriptor] {
        &self.manifests
    }

    /// Finds the entry for a tag: by its reference name, by its full image name, or, for cosign's signature tags,
    /// by the kind that `cosign save` gives.
    pub(crate) fn find(&self, reference: &Reference, tag: &str) -> Result<Option<&Descriptor>, StoreError> {
        let full_name = reference.to_string();
        let tagged: Vec<&Descriptor> = self.with(|entry| {
            let name = annotation(entry, REF_NAME);
            name == Some(tag) || name == Some(&*full_name) || annotation(entry, IMAGE_NAME) == Some(&*full_name)
        });
        match tagged.as_slice() {
            [] => self.find_saved(tag),
            [entry, rest @ ..] if rest.iter().all(|other| other.digest == entry.digest) => Ok(Some(entry)),
            several => {
                let named: Vec<_> = self.with(|entry| annotation(entry, IMAGE_NAME) == Some(&*full_name));
                match named.as_slice() {
                    [entry] => Ok(Some(entry)),
                    _ => Err(StoreError::Ambiguous {
                        what: tag.to_owned(),
                        candidates: several.iter().map(|entry| entry.digest.to_string()).collect(),
                    }),
                }
            }
        }
    }

    /// Finds what `cosign save` stored beside the image whose signature tag is asked for.
    pub(super) fn find_saved(&self, tag: &str) -> Result<Option<&Descriptor>, StoreError> {
        let Some((digest, kind)) = attachment_tag(tag) else {
            return Ok(None);
        };
        let images = self.with(is_saved_image);
        if images.iter().all(|image| image.digest != digest) {
            return Ok(None);
        }
        match (
            images.as_slice(),
            self.with(|entry| annotation(entry, KIND) == Some(kind)).as_slice(),
        ) {
            (_, []) => Ok(None),
            ([_], [entry]) => Ok(Some(entry)),
            // Nothing says which signatures belong to which of several images.
            (_, several) => Err(StoreError::Ambiguous {
                what: tag.to_owned(),
                candidates: several.iter().map(|entry| entry.digest.to_string()).collect(),
            }),
        }
    }

    fn with(&self, is_wanted: impl Fn(&Descriptor) -> bool) -> Vec<&Descriptor> {
        self.manifests.iter().filter(|entry| is_wanted(entry)).collect()
    }
}

/// Go writes an empty list as null.
fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Descriptor>, D::Error> {
    Option::<Vec<Descriptor>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn annotation<'a>(entry: &'a Descriptor, key: &str) -> Option<&'a str> {
    entry.annotations.get(key).map(String::as_str)
}

fn is_saved_image(entry: &Descriptor) -> bool {
    matches!(annotation(entry, KIND), Some(KIND_IMAGE | KIND_INDEX))
}

/// Says whether an entry is named as something that belongs to an image: `sha256-<hex>` with or without a suffix.
fn is_attachment(entry: &Descriptor) -> bool {
    annotation(entry, REF_NAME)
        .and_then(|name| name.split('.').next())
        .and_then(|name| name.replacen('-', ":", 1).parse::<Digest>().ok())
        .is_some()
}

/// Takes `sha256-<hex>.sig` or `.att` apart, into the image's digest and the kind that `cosign save` gives.
fn attachment_tag(tag: &str) -> Option<(Digest, &'static str)> {
    let (digest, suffix) = tag.rsplit_once('.')?;
    let kind = match suffix {
        "sig" => KIND_SIGNATURES,
        "att" => KIND_ATTESTATIONS,
        _ => return None,
    };
    Some((digest.replacen('-', ":", 1).parse().ok()?, kind))
}

fn shown(entry: &Descriptor) -> String {
    annotation(entry, REF_NAME).map_or_else(|| entry.digest.to_string(), ToOwned::to_owned)
}

/// The annotation with an entry's tag (image-spec, annotations.md).
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The annotation in which containerd writes an entry's full name.
pub(crate) const IMAGE_NAME: &str = "io.containerd.image.name";

/// The annotation in which `cosign save` writes what an entry is.
pub(crate) const KIND: &str = "kind";
pub(crate) const KIND_IMAGE: &str = "dev.cosignproject.cosign/image";
pub(crate) const KIND_INDEX: &str = "dev.cosignproject.cosign/imageIndex";
pub(crate) const KIND_SIGNATURES: &str = "dev.cosignproject.cosign/sigs";
pub(crate) const KIND_ATTESTATIONS: &str = "dev.cosignproject.cosign/atts";

/// The file that makes a directory an image layout.
pub(crate) const LAYOUT_FILE: &str = "oci-layout";
const LAYOUT_FILE_LIMIT: u64 = 4096;
/// The version of the layout that is read and written.
pub(crate) const LAYOUT_VERSION: &str = "1.0.0";

/// The file that lists the layout's manifests.
pub(crate) const INDEX_FILE: &str = "index.json";
const INDEX_LIMIT: u64 = 16 * 1024 * 1024;

/// The most entries that `index.json` may have.
pub(crate) const ENTRY_LIMIT: usize = 10_000;
