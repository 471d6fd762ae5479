//! Moving an unpacked folder to its place.

use std::fs;
use std::io;
use std::path::Path;

use super::{Existing, UnpackError};

/// Moves the folder `from` to `to`; where there is a folder already, its content is joined with it.
pub(super) fn place(from: &Path, to: &Path, existing: Existing) -> Result<(), UnpackError> {
    match (to.symlink_metadata(), existing) {
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => rename(from, to),
        (Err(source), _) => Err(UnpackError::file(to, source)),
        (Ok(_), Existing::Kept) => Err(UnpackError::Exists {
            path: to.display().to_string(),
        }),
        (Ok(metadata), Existing::Replaced) if metadata.is_dir() => join(from, to),
        // A link is replaced and never followed, or the folder would be written somewhere else.
        (Ok(_), Existing::Replaced) => {
            fs::remove_file(to).map_err(|source| UnpackError::file(to, source))?;
            rename(from, to)
        }
    }
}

/// Joins the content of the folder `from` with that of the folder `to`.
fn join(from: &Path, to: &Path) -> Result<(), UnpackError> {
    let on_read = |source| UnpackError::file(from, source);
    for entry in from.read_dir().map_err(on_read)? {
        let entry = entry.map_err(on_read)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(on_read)?.is_dir() {
            place(&entry.path(), &target, Existing::Replaced)?;
        } else {
            rename(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), UnpackError> {
    fs::rename(from, to).map_err(|source| UnpackError::file(to, source))
}
