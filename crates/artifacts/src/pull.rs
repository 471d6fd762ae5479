//! Writing an artifact's files back: each is complete and has the right digest before it gets its name.

#[cfg(fuzzing)]
pub mod fuzzing;
mod place;
mod platform;
pub(crate) mod unpack;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use countersign_oci::manifest::Platform;
use countersign_oci::{Descriptor, Manifest, Meter, Pinned, Store, StoreError};
use futures_util::{StreamExt, TryStreamExt};
use tempfile::NamedTempFile;

use crate::file::FileSpec;
use crate::folder::{TAR_DIGEST, UNPACK};
use crate::title::{self, TITLE};
use place::Folder;

pub use unpack::UnpackError;

/// How files are written; [`new`](Self::new) has what ORAS does by default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PullOptions {
    /// Whether a title may lead out of the output folder.
    pub path_traversal: PathTraversal,
    /// What happens to files that are there.
    pub existing: Existing,
    /// The platform to choose from an index.
    pub platform: Option<Platform>,
    /// Where the configuration is written, and which media type it must have for that.
    pub config: Option<FileSpec>,
    /// How many files are fetched at a time.
    pub at_once: NonZeroUsize,
    /// The most bytes that a packed folder may have when it is unpacked.
    pub unpacked_limit: u64,
    /// Counts the bytes as they arrive.
    pub meter: Meter,
}

impl PullOptions {
    /// Writes files as ORAS does: inside the output folder, over what is there, three at a time.
    ///
    /// # Panics
    /// Never: three is not zero.
    pub fn new() -> Self {
        Self {
            path_traversal: PathTraversal::Refused,
            existing: Existing::Replaced,
            platform: None,
            config: None,
            at_once: NonZeroUsize::new(3).expect("three is not zero"),
            unpacked_limit: 64 << 30,
            meter: Meter::default(),
        }
    }
}

impl Default for PullOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a title may lead out of the output folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathTraversal {
    /// It may, so whoever made the artifact can write any file that we can write.
    Allowed,
    /// It is an error.
    Refused,
}

/// What happens to files that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// They stay, and a file of the same title is an error.
    Kept,
    /// They are replaced; what is in an existing folder beside the artifact's files stays.
    Replaced,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Pulled {
    manifest: Manifest,
    files: Vec<PulledFile>,
    skipped: Vec<Descriptor>,
}

impl Pulled {
    /// The artifact's manifest; that of the platform, where an index was pulled.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The files, in the order of the layers.
    pub fn files(&self) -> &[PulledFile] {
        &self.files
    }

    /// The layers without a title, which have no name to be written under.
    pub fn skipped(&self) -> &[Descriptor] {
        &self.skipped
    }
}

/// A file or folder that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledFile {
    /// The title in the artifact.
    pub title: String,
    /// Where it is now.
    pub path: PathBuf,
    /// What the manifest says of it.
    pub descriptor: Descriptor,
}

/// Writes the files of an artifact to `folder`.
///
/// # Errors
/// Each variant of [`PullError`]. Files that were complete before the error stay; none is half written.
pub async fn pull(
    store: &impl Store,
    pinned: &Pinned,
    folder: &Path,
    options: &PullOptions,
) -> Result<Pulled, PullError> {
    let manifest = platform::choose(store, pinned, options.platform.as_ref()).await?;
    let mut wanted = Vec::new();
    let mut skipped = Vec::new();
    let mut titles = HashSet::new();
    for descriptor in named_parts(&manifest, options) {
        match descriptor
            .annotations
            .get(TITLE)
            .filter(|title| !title.is_empty())
            .cloned()
        {
            None => skipped.push(descriptor),
            Some(title) if !titles.insert(title::clean(&title)) => return Err(PullError::DuplicateTitle { title }),
            Some(title) => wanted.push((title, descriptor)),
        }
    }
    let folder = place::open(folder, options.path_traversal).await?;
    for (title, _) in &wanted {
        folder.check(title)?;
    }
    let writing: Vec<_> = wanted
        .into_iter()
        .map(|(title, descriptor)| write(store, pinned, &folder, title, descriptor, options))
        .collect();
    let files = futures_util::stream::iter(writing)
        .buffered(options.at_once.get())
        .try_collect()
        .await?;
    Ok(Pulled {
        manifest,
        files,
        skipped,
    })
}

/// The layers, and the configuration under the name that it shall have.
fn named_parts(manifest: &Manifest, options: &PullOptions) -> Vec<Descriptor> {
    let is_empty = |part: &Descriptor| {
        part.media_type == countersign_oci::media_type::OCI_EMPTY && !part.annotations.contains_key(TITLE)
    };
    let mut parts: Vec<Descriptor> = manifest
        .layers()
        .iter()
        .filter(|part| !is_empty(part))
        .cloned()
        .collect();
    if let (Some(config), Some(output)) = (&manifest.content().config, &options.config)
        && output.media_type().is_none_or(|wanted| wanted == config.media_type)
    {
        let mut config = config.clone();
        config.annotations.insert(TITLE.to_owned(), output.path().to_owned());
        parts.push(config);
    }
    parts
}

async fn write(
    store: &impl Store,
    pinned: &Pinned,
    folder: &Folder,
    title: String,
    descriptor: Descriptor,
    options: &PullOptions,
) -> Result<PulledFile, PullError> {
    let target = folder.target(&title).await?;
    place::refuse_existing(&target, options.existing)?;
    let stream = store
        .blob(pinned.repository(), &descriptor.digest, Some(descriptor.size))
        .await
        .map_err(|source| PullError::part(&title, source))?;
    let stream = stream.metered(options.meter.clone());
    let beside = folder.beside(&target);
    let on_file = |source| PullError::file(&target, source);
    let temporary = place::temporary(beside).map_err(on_file)?;
    let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(on_file)?);
    stream
        .copy_to(&mut file)
        .await
        .map_err(|source| PullError::part(&title, source))?;
    drop(file);
    if descriptor
        .annotations
        .get(UNPACK)
        .is_some_and(|unpack| unpack == "true")
    {
        unpack_to(temporary, &title, &target, &descriptor, options).await?;
    } else {
        place::keep(temporary, target.clone(), options.existing).await?;
    }
    Ok(PulledFile {
        title,
        path: target,
        descriptor,
    })
}

async fn unpack_to(
    packed: NamedTempFile,
    title: &str,
    target: &Path,
    descriptor: &Descriptor,
    options: &PullOptions,
) -> Result<(), PullError> {
    let order = unpack::Order {
        prefix: title::clean(title),
        tar_digest: descriptor.annotations.get(TAR_DIGEST).cloned(),
        limit: options
            .unpacked_limit
            .min((descriptor.size.saturating_mul(RATIO)).max(FREE)),
        existing: options.existing,
    };
    let (title, place) = (title.to_owned(), target.to_owned());
    place::blocking(target, move || {
        unpack::unpack(packed.path(), &place, &order).map_err(|source| PullError::Folder { title, source })
    })
    .await
}

/// Why an artifact's files could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The manifest could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be fetched.
    #[error("{title}")]
    Part {
        /// The file's title.
        title: String,
        /// What the store said, or that the disk took no more.
        source: StoreError,
    },
    /// The name stands for several platforms.
    #[error("a platform has to be chosen, there are: {}", available.join(", "))]
    PlatformNeeded {
        /// The platforms.
        available: Vec<String>,
    },
    /// The platform is not among those that there are.
    #[error("no manifest for {wanted}, there are: {}", available.join(", "))]
    NoSuchPlatform {
        /// The platform asked for.
        wanted: String,
        /// The platforms that there are.
        available: Vec<String>,
    },
    /// Two files have one title.
    #[error("{title}: duplicate name")]
    DuplicateTitle {
        /// The title.
        title: String,
    },
    /// A title leads out of the output folder.
    #[error("{title:?} leads out of the output folder")]
    PathTraversal {
        /// The title.
        title: String,
    },
    /// A file is there already and stays.
    #[error("{path} exists")]
    Exists {
        /// The path.
        path: String,
    },
    /// A packed folder could not be unpacked.
    #[error("{title}")]
    Folder {
        /// The folder's title.
        title: String,
        /// What is wrong with it.
        source: UnpackError,
    },
    /// A file could not be written.
    #[error("{path}")]
    File {
        /// The path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PullError {
    fn part(title: &str, source: StoreError) -> Self {
        Self::Part {
            title: title.to_owned(),
            source,
        }
    }

    fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}

/// How much larger than its layer a folder may be, when it is large: real files stay far below.
const RATIO: u64 = 100;

/// How large a folder may be however small its layer is.
const FREE: u64 = 1 << 30;
