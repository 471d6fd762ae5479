//! Why something is no chart that is pushed or pulled.

use std::io;

use countersign_oci::StoreError;

use crate::pull::UnpackError;
use crate::yaml::YamlError;

/// Why something is no chart that is pushed or pulled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// The registry did not give or take something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive, or what is in it, is larger than the limit.
    #[error("chart is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The archive is not compressed as charts are.
    #[error("chart does not appear to be a gzipped archive")]
    NotGzip,
    /// The archive cannot be read.
    #[error("chart archive")]
    Archive(#[source] UnpackError),
    /// A file leads out of the chart.
    #[error("chart illegally contains content outside the base directory: {name:?}")]
    Outside {
        /// The file's name.
        name: String,
    },
    /// A file is larger than the limit.
    #[error("chart file {name:?} is larger than the maximum file size {limit}")]
    FileTooLarge {
        /// The file's name.
        name: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// There is something of the chart's name where it is to be unpacked.
    #[error("a file or directory with the name {path} already exists")]
    Exists {
        /// The path.
        path: String,
    },
    /// A file or a folder cannot be written.
    #[error("{path}")]
    File {
        /// The path.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// An entry is a link or a special file.
    #[error("chart archive has {name:?}, which is a link or a special file, expected files and folders")]
    NotAFile {
        /// The entry's name.
        name: String,
    },
    /// A file is there twice.
    #[error("chart has the file {name:?} twice")]
    Twice {
        /// The file's name.
        name: String,
    },
    /// A file is no text.
    #[error("chart file {name:?} is not UTF-8, or is cut short")]
    NotText {
        /// The file's name.
        name: String,
    },
    /// The file that says what the chart is is not there.
    #[error("Chart.yaml file is missing")]
    NoChart,
    /// A file is no YAML.
    #[error("cannot load {file}")]
    Yaml {
        /// The file.
        file: &'static str,
        /// Why not.
        source: YamlError,
    },
    /// A value is of the wrong kind.
    #[error("cannot load {file}: {field} is not {expected}")]
    Kind {
        /// The file.
        file: &'static str,
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A key differs from a known one in its case only.
    #[error("cannot load {file}: expected the key {expected}, found {found:?}")]
    Key {
        /// The file.
        file: &'static str,
        /// The key it should be.
        expected: &'static str,
        /// The key there is.
        found: String,
    },
    /// A value that a chart must have is missing; Helm's words.
    #[error("validation: chart.metadata.{field} is required")]
    Required {
        /// The field.
        field: &'static str,
    },
    /// A value is not one that a chart may have; Helm's words.
    #[error("validation: chart.metadata.{field} {found:?} is invalid")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The value.
        found: String,
    },
    /// Two dependencies have one name; Helm's words.
    #[error("validation: more than one dependency with name or alias {name:?}")]
    SameDependency {
        /// The name.
        name: String,
    },
    /// What the name stands for is no chart.
    #[error("{name} is not a chart: expected a configuration of type {expected}, found {found}")]
    NotAChart {
        /// The name.
        name: String,
        /// The type of a chart's configuration.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A layer is missing, or there is more than one.
    #[error("manifest does not contain one layer with mediatype {media_type}, but {found}")]
    Layers {
        /// The media type.
        media_type: &'static str,
        /// How many there are.
        found: usize,
    },
    /// What is said of the chart at two places is not the same.
    #[error("the chart's {what} is {expected:?} in its {place}, and {found:?} in the Chart.yaml of its archive")]
    Differs {
        /// What is said.
        what: &'static str,
        /// Where else it is said.
        place: &'static str,
        /// What is said there.
        expected: String,
        /// What the archive says.
        found: String,
    },
    /// No tag is a version that is not a pre-release.
    #[error("unable to locate any tags in provided repository: {repository}")]
    NoVersion {
        /// The repository.
        repository: String,
    },
}
