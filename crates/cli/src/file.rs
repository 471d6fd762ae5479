//! Files the user names: read with a limit, written aside and renamed.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
    let mut bytes = Vec::new();
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
    place(&directory.join(given), content, mode, existing).map_err(|source| write_error(given, source))
}

/// Creates or empties a file that is written little by little.
pub(crate) fn create(directory: &Path, given: &str) -> Result<File, Failure> {
    File::create(directory.join(given)).map_err(|source| write_error(given, source))
}

fn place(path: &Path, content: &[u8], mode: Mode, existing: Existing) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let permissions = Permissions::from_mode(match mode {
        Mode::Private => 0o600,
        Mode::Public => 0o644,
    });
    let mut aside = tempfile::Builder::new()
        .prefix(".countersign-")
        .permissions(permissions.clone())
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    aside.write_all(content)?;
    aside.as_file().set_permissions(permissions)?;
    aside.as_file().sync_all()?;
    let placed = match existing {
        Existing::Keep => aside.persist_noclobber(path),
        Existing::Replace => aside.persist(path),
    };
    placed.map(drop).map_err(|error| error.error)
}

fn write_error(given: &str, source: io::Error) -> Failure {
    Failure::File {
        action: "writing",
        path: given.to_owned(),
        source,
    }
}
