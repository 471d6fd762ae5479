//! Files that are signed or verified as they are.

use std::fs::File;
use std::path::{Path, PathBuf};

use countersign::blob::{self, ReadError};
use countersign_core::message::{Message, Needs};

use super::attachment;
use crate::failure::Failure;
use crate::session::Session;

/// Where the bytes of a blob come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlobSource {
    /// Standard input, `-`; it can be read once.
    Stdin,
    /// A file.
    File {
        /// The path as the user gave it.
        given: String,
        /// The path from the working folder.
        path: PathBuf,
    },
}

impl BlobSource {
    /// Takes `-` for standard input and anything else for a file.
    pub(crate) fn new(given: &str, session: &Session<'_>) -> Self {
        match given {
            "-" => Self::Stdin,
            _ => Self::File {
                given: given.to_owned(),
                path: session.path(given),
            },
        }
    }

    /// Says whether it is a plain file, which can be read again.
    pub(crate) fn is_a_file(&self) -> bool {
        matches!(self, Self::File { path, .. } if path.is_file())
    }

    /// Says whether it is a plain file that is read at once.
    pub(crate) fn is_short(&self) -> bool {
        let Self::File { path, .. } = self else {
            return false;
        };
        path.metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() < blob::SHORT as u64)
    }

    /// The failure that it was not the same when it was read again.
    pub(crate) fn changed(&self) -> Failure {
        Failure::Changed {
            path: match self {
                Self::Stdin => "standard input".to_owned(),
                Self::File { given, .. } => given.clone(),
            },
        }
    }

    /// Reads the blob to its end, keeping what `needs` says; of its bytes at most `COSIGN_MAX_ATTACHMENT_SIZE`.
    pub(crate) fn read(&self, needs: &Needs, session: &Session<'_>) -> Result<Message, Failure> {
        let limit = limit(session)?;
        match self {
            Self::Stdin => session
                .ui()
                .with_stdin(|mut stdin| blob::read(&mut stdin, needs, limit))
                .map_err(Failure::Input),
            Self::File { given, path } => read_file(path, given, needs, limit),
        }
    }
}

fn read_file(path: &Path, given: &str, needs: &Needs, limit: usize) -> Result<Message, Failure> {
    let reading = |source| Failure::File {
        action: "reading",
        path: given.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(reading)?;
    blob::read_file(&mut file, needs, limit).map_err(|error| match error {
        ReadError::Io(source) => reading(source),
        _ => Failure::Changed { path: given.to_owned() },
    })
}

/// Where the bundle of a file is, where nobody says otherwise.
pub(crate) fn beside(file: &str) -> String {
    format!("{file}{SUFFIX}")
}

/// Where the attestation of a file is, where nobody says otherwise.
pub(crate) fn attestation_beside(file: &str) -> String {
    format!("{file}.attestation{SUFFIX}")
}

/// What the name of a bundle adds to that of its file.
pub(crate) const SUFFIX: &str = ".sigstore.json";

/// The most bytes of a blob that are kept in memory, for keys that sign it as it is.
pub(crate) fn limit(session: &Session<'_>) -> Result<usize, Failure> {
    let limits = attachment::limits(1, session)?;
    Ok(usize::try_from(limits.attachment).unwrap_or(usize::MAX))
}
