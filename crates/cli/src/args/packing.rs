//! How files become an artifact.

use clap::Args;
use countersign_artifacts::plan::{AbsolutePaths, Config};
use countersign_artifacts::{Annotations, FileSpec, PackOptions};
use countersign_oci::Manifest;

use super::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// How files become an artifact.
#[derive(Args, Clone, Debug)]
pub(crate) struct PackArgs {
    /// The type of the artifact
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<String>,

    /// The file that is the artifact's configuration
    #[arg(long, value_name = "FILE[:TYPE]")]
    config: Option<FileSpec>,

    /// Adds the annotation KEY=VALUE to the manifest; repeat it for several
    #[arg(
        short,
        long = "annotation",
        value_name = "KEY=VALUE",
        conflicts_with = "annotation_file"
    )]
    annotations: Vec<String>,

    /// The file with annotations for manifest, configuration and files, JSON
    #[arg(long, value_name = "FILE")]
    annotation_file: Option<String>,

    /// Takes files by absolute paths
    #[arg(long)]
    disable_path_validation: bool,

    /// Writes the manifest to FILE too
    #[arg(long, value_name = "FILE")]
    export_manifest: Option<String>,
}

impl PackArgs {
    /// Says whether there is a type.
    pub(crate) fn has_artifact_type(&self) -> bool {
        self.artifact_type.is_some()
    }

    /// How files are packed, as far as these flags say it.
    pub(crate) fn options(&self, session: &Session<'_>) -> Result<PackOptions, Failure> {
        let mut options = PackOptions::new(session.now());
        options.folder = session.directory().to_owned();
        options.artifact_type.clone_from(&self.artifact_type);
        if let Some(file) = &self.config {
            options.config = Config::File(file.clone());
        }
        if self.disable_path_validation {
            options.absolute_paths = AbsolutePaths::Allowed;
        }
        options.annotations = match &self.annotation_file {
            Some(path) => Annotations::from_json(&file::read(session.directory(), path, ANNOTATION_FILE_LIMIT)?)?,
            None => Annotations::of_manifest(&self.annotations)?,
        };
        Ok(options)
    }

    /// Writes the manifest to a file, where that is asked for.
    pub(crate) fn export(&self, manifest: &Manifest, session: &Session<'_>) -> Result<(), Failure> {
        match &self.export_manifest {
            Some(path) => file::write(
                session.directory(),
                path,
                manifest.bytes(),
                Mode::Public,
                Existing::Replace,
            ),
            None => Ok(()),
        }
    }
}

/// Reads files with their media types, `FILE[:TYPE]`.
pub(crate) fn files(texts: &[String]) -> Result<Vec<FileSpec>, Failure> {
    let files = texts.iter().map(|file| file.parse::<FileSpec>());
    let files = files.collect::<Result<_, _>>();
    Ok(files.map_err(|error| UsageError::because(error.to_string()))?)
}

/// The most bytes of an annotation file.
const ANNOTATION_FILE_LIMIT: u64 = 4 * 1024 * 1024;
