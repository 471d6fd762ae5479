//! Helm charts as Helm stores them in registries, byte for byte.
//!
//! The archive is a layer as it is, its provenance another one, and what `Chart.yaml` says is the configuration and the
//! annotations. The manifest names no media type of its own, and the layers are sorted by digest.

mod archive;
mod error;
mod metadata;
mod pull;
mod push;
mod unpack;
mod version;

use bytes::Bytes;

pub use error::ChartError;
pub use metadata::Metadata;
pub use pull::{Provenance, Pulled, pull};
pub use push::{Packed, pack, push};
pub use unpack::unpack;
pub use version::{Version, latest, tag};

/// A chart as it is packed: the archive, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Chart {
    archive: Bytes,
    metadata: Metadata,
}

impl Chart {
    /// Reads an archive; all of it is walked through, so that none with a path that leads out of it gets any further.
    ///
    /// # Errors
    /// [`ChartError`].
    pub fn parse(archive: impl Into<Bytes>) -> Result<Self, ChartError> {
        let archive = archive.into();
        let files = archive::read(&archive)?;
        Ok(Self {
            metadata: Metadata::read(&files)?,
            archive,
        })
    }

    /// The bytes of the archive.
    pub fn archive(&self) -> &Bytes {
        &self.archive
    }

    /// What the chart says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The name that the archive's file has, `NAME-VERSION.tgz`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.metadata.name(), self.metadata.version())
    }
}

/// The largest archive that is read, in bytes; what is in it may have as many, as Helm has it.
pub const ARCHIVE_LIMIT: u64 = 100 << 20;

/// The largest provenance file that is read, in bytes.
pub const PROVENANCE_LIMIT: u64 = 1 << 20;

const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// What Helm wrote before version 3.7.
const CONTENT_BEFORE: &str = "application/tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
