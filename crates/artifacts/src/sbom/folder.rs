//! The packages of a folder: what its files name, without following links out of it, or at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::read::{self, Scope};
use super::view::View;
use super::{Catalogue, SbomError};

/// Lists the packages of the folder at `path`.
///
/// # Errors
/// [`SbomError::Folder`] where a file or folder of it cannot be read; a file that is not what it should be is a gap of the
/// list.
pub fn of_folder(path: &Path) -> Result<Catalogue, SbomError> {
    let mut view = View::default();
    let mut waiting: Vec<(PathBuf, String, usize)> = vec![(path.to_owned(), String::new(), 0)];
    while let Some((folder, below, depth)) = waiting.pop() {
        let failed = |source| failed(&folder, source);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                if depth == DEPTH_LIMIT {
                    return Err(SbomError::TooMany {
                        what: "folders in one another",
                        limit: DEPTH_LIMIT,
                    });
                }
                waiting.push((entry.path(), format!("{name}/"), depth + 1));
            } else if kind.is_file() {
                add_file(&entry.path(), name, &mut view)?;
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).map_err(failed)?;
                view.link(name, target.to_string_lossy().into_owned())?;
            }
        }
    }
    let release = ["etc/os-release", "usr/lib/os-release"];
    let release = release.iter().find_map(|path| view.find(path)?.reading.release.clone());
    Ok(Catalogue::of(view.into_files(), release.as_ref(), &[]))
}

fn add_file(path: &Path, name: String, view: &mut View) -> Result<(), SbomError> {
    let failed = |source| failed(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    match read::file(&name, size, &mut file, Scope::Folder).map_err(failed)? {
        Some(reading) => view.hold(name, reading),
        None => Ok(()),
    }
}

fn failed(path: &Path, source: std::io::Error) -> SbomError {
    SbomError::Folder {
        path: path.display().to_string(),
        source,
    }
}

/// How deep folders may be in one another.
const DEPTH_LIMIT: usize = 256;
