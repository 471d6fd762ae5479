//! Files the user names: read with a limit, written aside and renamed.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The owner only, 0600.
    Private,
    /// Everybody, 0644.
    Public,
}

/// What happens to a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is an error.
    Keep,
    /// It is replaced.
    Replace,
}

/// Reads a file of at most `limit` bytes; `given` is the path as the user wrote it.
pub(crate) fn read(directory: &Path, given: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    let read_error = |source| Failure::File {
        action: "reading",
        path: given.to_owned(),
        source,
    };
    let file = File::open(directory.join(given)).map_err(read_error)?;
    // room for all of it at once, as far as what a file claims to be is believed
    let length = file.metadata().map_err(read_error)?.len().min(limit).min(CLAIMED);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(read_error)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(Failure::TooLarge {
            what: given.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

/// Says whether there is anything at a path.
pub(crate) fn exists(directory: &Path, given: &str) -> bool {
    std::fs::symlink_metadata(directory.join(given)).is_ok()
}

/// Writes a file whole or not at all: aside in the same folder, synced, then renamed.
pub(crate) fn write(
    directory: &Path,
    given: &str,
    content: &[u8],
    mode: Mode,
    existing: Existing,
) -> Result<(), Failure> {
    prepare(directory, given, content, mode)?.place(existing)
}

/// A file that is written and only waits for its name.
pub(crate) struct Prepared {
    aside: NamedTempFile,
    path: PathBuf,
    given: String,
}

/// Writes a file aside in its folder, synced, without its name yet.
pub(crate) fn prepare(directory: &Path, given: &str, content: &[u8], mode: Mode) -> Result<Prepared, Failure> {
    let path = directory.join(given);
    let aside = write_aside(&path, content, mode).map_err(|source| write_error(given, source))?;
    Ok(Prepared {
        aside,
        path,
        given: given.to_owned(),
    })
}

impl Prepared {
    /// Gives the file its name.
    pub(crate) fn place(self, existing: Existing) -> Result<(), Failure> {
        let placed = match existing {
            Existing::Keep => self.aside.persist_noclobber(&self.path),
            Existing::Replace => self.aside.persist(&self.path),
        };
        placed.map(drop).map_err(|error| write_error(&self.given, error.error))
    }
}

/// Creates or empties a file that is written little by little.
pub(crate) fn create(directory: &Path, given: &str) -> Result<File, Failure> {
    File::create(directory.join(given)).map_err(|source| write_error(given, source))
}

fn write_aside(path: &Path, content: &[u8], mode: Mode) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::metadata(folder)?;
    let permissions = Permissions::from_mode(match mode {
        Mode::Private => 0o600,
        Mode::Public => 0o644,
    });
    let mut aside = tempfile::Builder::new()
        .prefix(".countersign-")
        .permissions(permissions.clone())
        .tempfile_in(folder)
        // Without the random name of the file aside, which says nothing to the user.
        .map_err(|error| io::Error::from(error.kind()))?;
    aside.write_all(content)?;
    aside.as_file().set_permissions(permissions)?;
    aside.as_file().sync_all()?;
    Ok(aside)
}

fn write_error(given: &str, source: io::Error) -> Failure {
    Failure::File {
        action: "writing",
        path: given.to_owned(),
        source,
    }
}

/// The most bytes that a file's length alone makes room for: what is larger grows as it is read.
const CLAIMED: u64 = 16 << 20;
