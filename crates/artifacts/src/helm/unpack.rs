//! Writing the files of a chart to a folder of its name, as Helm does it.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::archive::{FILE_LIMIT, inside};
use super::{ARCHIVE_LIMIT, Chart, ChartError};
use crate::pull::unpack::UnpackError;
use crate::pull::unpack::entry::{Entries, Entry, Kind};

/// Writes the files of a chart to the folder of its name in `parent`, which is made where it is missing; returns the folder.
///
/// They are written to a new folder beside it, which gets the name when all of them are there. Nothing but plain files is
/// written, none twice, and nothing of how they were packed is kept but their content.
///
/// # Errors
/// [`ChartError::Exists`] where there is something of that name; nothing is left then, nor where the archive is refused.
pub fn unpack(chart: &Chart, parent: &Path) -> Result<PathBuf, ChartError> {
    let target = parent.join(chart.metadata().name());
    let refuse_existing = || match target.symlink_metadata() {
        Ok(_) => Err(ChartError::Exists {
            path: target.display().to_string(),
        }),
        Err(_) => Ok(()),
    };
    refuse_existing()?;
    fs::create_dir_all(parent).map_err(file_error(parent))?;
    let beside = tempfile::Builder::new()
        .prefix(".countersign-")
        .tempdir_in(parent)
        .map_err(file_error(parent))?;
    let folder = beside.path().join("chart");
    fs::create_dir(&folder).map_err(file_error(&folder))?;
    extract(chart, &folder)?;
    refuse_existing()?;
    fs::rename(&folder, &target).map_err(file_error(&target))?;
    Ok(target)
}

fn extract(chart: &Chart, folder: &Path) -> Result<(), ChartError> {
    let mut entries = Entries::new(MultiGzDecoder::new(&chart.archive()[..]).take(ARCHIVE_LIMIT + 1));
    while let Some(entry) = entries.next().map_err(ChartError::Archive)? {
        match entry.kind {
            Kind::Folder => {}
            Kind::File => write(&entry, &mut entries, folder)?,
            _ => return Err(ChartError::NotAFile { name: entry.name }),
        }
    }
    Ok(())
}

fn write(entry: &Entry, content: &mut impl Read, folder: &Path) -> Result<(), ChartError> {
    if entry.size > FILE_LIMIT {
        return Err(ChartError::FileTooLarge {
            name: entry.name.clone(),
            limit: FILE_LIMIT,
        });
    }
    let path = folder.join(inside(&entry.name)?);
    let above = path.parent().unwrap_or(folder);
    fs::create_dir_all(above).map_err(file_error(above))?;
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        // readers differ on which of two counts
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ChartError::Twice {
                name: entry.name.clone(),
            });
        }
        opened => opened.map_err(file_error(&path))?,
    };
    let mut bytes = Vec::new();
    let read = content.read_to_end(&mut bytes);
    read.map_err(|source| ChartError::Archive(UnpackError::Compressed(source)))?;
    if bytes.len() as u64 != entry.size {
        return Err(ChartError::Archive(UnpackError::Malformed {
            reason: "it is cut short",
        }));
    }
    io::Write::write_all(&mut file, &bytes).map_err(file_error(&path))
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> ChartError {
    let path = path.display().to_string();
    move |source| ChartError::File {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;
