//! What an artifact will be made of, before anything is sent.
//!
//! A large file is read once: its digest is found while it is sent, and the manifest is written after that.

mod content;
pub(crate) mod manifest;
mod shape;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use countersign_oci::blob::Uploaded;
use countersign_oci::manifest::Platform;
use countersign_oci::{Descriptor, Manifest};
use jiff::Timestamp;

use crate::annotations::Annotations;
use crate::file::FileSpec;
use crate::title::{self, TITLE};

pub use crate::folder::Times;
pub use content::Part;
use shape::Shape;

/// How files are packed; [`new`](Self::new) has what ORAS does by default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackOptions {
    /// The type of the artifact.
    pub artifact_type: Option<String>,
    /// What the configuration is.
    pub config: Config,
    /// The version of the image specification that the manifest follows; without one, it follows from the rest.
    pub image_spec: Option<ImageSpec>,
    /// What is said of the artifact.
    pub annotations: Annotations,
    /// The manifest that the artifact refers to.
    pub subject: Option<Descriptor>,
    /// The time of creation, for the manifest's annotation where [`annotations`](Self::annotations) have none.
    pub created: Timestamp,
    /// Whether files may be named by absolute paths, which then become their titles.
    pub absolute_paths: AbsolutePaths,
    /// The times of files in packed folders.
    pub times: Times,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
}

impl PackOptions {
    /// Packs as ORAS does, except that folders are packed reproducibly: all their times are the start of 1970.
    pub fn new(created: Timestamp) -> Self {
        Self {
            artifact_type: None,
            config: Config::Empty,
            image_spec: None,
            annotations: Annotations::default(),
            subject: None,
            created,
            absolute_paths: AbsolutePaths::Refused,
            times: Times::Fixed(Timestamp::UNIX_EPOCH),
            folder: PathBuf::from("."),
        }
    }
}

/// What an artifact's configuration is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Config {
    /// Nothing.
    Empty,
    /// A file.
    File(FileSpec),
    /// The platform that the artifact is for.
    Platform(Platform),
}

/// A version of the image specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageSpec {
    /// Version 1.0, in which the configuration's media type says what the artifact is.
    V1_0,
    /// Version 1.1, in which manifests have an artifact type.
    V1_1,
}

/// Whether files may be named by absolute paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbsolutePaths {
    /// They are an error.
    Refused,
    /// They are taken.
    Allowed,
}

/// The parts of an artifact, ready to be sent.
#[derive(Clone, Debug)]
pub struct Plan {
    layers: Vec<Part>,
    config: Part,
    shape: Shape,
}

impl Plan {
    /// Looks at the files, packs the folders among them into temporary files, and checks that it all fits together.
    ///
    /// # Errors
    /// Each variant of [`PackError`] but [`PackError::Manifest`].
    pub async fn of(files: &[FileSpec], options: &PackOptions) -> Result<Self, PackError> {
        refuse_absolute(files, options)?;
        let (shape, config) = Shape::decide(options)?;
        let mut layers = Vec::with_capacity(files.len());
        let mut titles = HashSet::new();
        for file in files {
            let annotations = options.annotations.files.get(file.path());
            let title = title_of(file, annotations);
            if !titles.insert(title.clone()) {
                return Err(PackError::DuplicateName { name: title });
            }
            let mut part = Part::of_file(file, &title, options).await?;
            part.annotate(annotations);
            layers.push(part);
        }
        if layers.is_empty() && shape.image_spec() == ImageSpec::V1_1 {
            layers.push(Part::empty());
        }
        let mut config = match config {
            Some(config) => config,
            None => match &options.config {
                Config::File(file) => Part::of_config(file, &options.folder).await?,
                Config::Platform(platform) => Part::of_platform(platform),
                Config::Empty => Part::empty(),
            },
        };
        config.annotate(Some(&options.annotations.config));
        Ok(Self { layers, config, shape })
    }

    /// The layers, in the order of the files.
    pub fn layers(&self) -> &[Part] {
        &self.layers
    }

    /// The configuration.
    pub fn config(&self) -> &Part {
        &self.config
    }

    /// Writes the manifest, once all is sent: `config` and `layers` are what became of
    /// [`config`](Self::config) and [`layers`](Self::layers).
    pub(crate) fn manifest(&self, config: &Uploaded, layers: &[Uploaded]) -> Result<Manifest, PackError> {
        let layers = self.layers.iter().zip(layers).map(|(part, sent)| part.descriptor(sent));
        let config = self.config.descriptor(config);
        manifest::write(&self.shape, config, layers.collect())
    }
}

/// The title of a file: the one that its annotations give, else its path.
fn title_of(file: &FileSpec, annotations: Option<&BTreeMap<String, String>>) -> String {
    annotations
        .and_then(|annotations| annotations.get(TITLE).cloned())
        .unwrap_or_else(|| title::clean(file.path()))
}

fn refuse_absolute(files: &[FileSpec], options: &PackOptions) -> Result<(), PackError> {
    let absolute: Vec<String> = files
        .iter()
        .map(|file| file.path().to_owned())
        .filter(|path| Path::new(path).is_absolute())
        .collect();
    if options.absolute_paths == AbsolutePaths::Refused && !absolute.is_empty() {
        return Err(PackError::AbsolutePaths { paths: absolute });
    }
    Ok(())
}

/// Why files cannot be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// Two files would have one name.
    #[error("{name}: duplicate name")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Files are named by absolute paths.
    #[error("absolute file paths are insecure and not recommended: {}", paths.join(", "))]
    AbsolutePaths {
        /// The paths.
        paths: Vec<String>,
    },
    /// The time of creation is not a time.
    #[error("invalid date and time format: {found:?} is not as in RFC 3339")]
    Created {
        /// The annotation's value.
        found: String,
    },
    /// A media type is not one.
    #[error("{what} {found:?} is not a media type")]
    MediaType {
        /// Whose media type it is.
        what: &'static str,
        /// The text.
        found: String,
    },
    /// An artifact of version 1.1 with a configuration needs a type.
    #[error("missing artifact type for an artifact of image-spec v1.1")]
    NoArtifactType,
    /// A manifest of version 1.0 has one type only, and both are given.
    #[error("an artifact type and a configuration cannot both be given for a manifest of image-spec v1.0")]
    TwoTypes,
    /// A manifest of version 1.0 cannot refer to another.
    #[error("a manifest of image-spec v1.0 cannot have a subject")]
    SubjectUnsupported,
    /// Something is neither a file nor a folder.
    #[error("{path} is neither a regular file nor a folder")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// A file changed while it was packed.
    #[error("{path} changed while it was packed")]
    FileChanged {
        /// The path.
        path: String,
    },
    /// A name in a folder is not text.
    #[error("{path} has a name that is not UTF-8")]
    NotUtf8 {
        /// The path.
        path: String,
    },
    /// A file could not be read, or a temporary file not written.
    #[error("{path}")]
    File {
        /// The path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest cannot be written.
    #[error("manifest of the artifact")]
    Manifest(#[source] countersign_oci::StoreError),
}

impl PackError {
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}
