//! Where files go: inside the output folder, whatever their titles and the links in the folder say.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Existing, PathTraversal, PullError};
use crate::title;

/// The output folder.
pub(super) struct Folder {
    root: PathBuf,
    path_traversal: PathTraversal,
}

/// Makes the output folder where it is not there, and opens it.
pub(super) async fn open(path: &Path, path_traversal: PathTraversal) -> Result<Folder, PullError> {
    let made = path.to_owned();
    blocking(path, move || {
        let on_file = |source| PullError::file(&made, source);
        std::fs::create_dir_all(&made).map_err(on_file)?;
        Ok(Folder {
            root: made.canonicalize().map_err(on_file)?,
            path_traversal,
        })
    })
    .await
}

impl Folder {
    /// Checks that a title stays inside the folder.
    pub(super) fn check(&self, title: &str) -> Result<(), PullError> {
        let is_refused = !title::is_inside(&title::clean(title)) || cfg!(windows) && title.contains(['\\', ':']);
        if self.path_traversal == PathTraversal::Refused && is_refused {
            return Err(self.refuse(title));
        }
        Ok(())
    }

    /// The path for a title; the folders above it are made.
    ///
    /// A link in the folder may not lead out of it, since an earlier artifact may have put it there.
    pub(super) async fn target(&self, title: &str) -> Result<PathBuf, PullError> {
        self.check(title)?;
        let target = self.root.join(title::clean(title));
        if target == self.root.join(".") {
            return Ok(self.root.clone());
        }
        let parent = target.parent().unwrap_or(&self.root).to_owned();
        let (root, refused) = (self.root.clone(), self.refuse(title));
        let path_traversal = self.path_traversal;
        let real = blocking(&target, move || {
            let on_file = |source| PullError::file(&parent, source);
            let mut known: &Path = &parent;
            while known.symlink_metadata().is_err() {
                match known.parent() {
                    Some(above) => known = above,
                    None => break,
                }
            }
            let real = known.canonicalize().map_err(on_file)?;
            if path_traversal == PathTraversal::Refused && !real.starts_with(&root) {
                return Err(refused);
            }
            std::fs::create_dir_all(&parent).map_err(on_file)?;
            parent.canonicalize().map_err(on_file)
        })
        .await?;
        Ok(match target.file_name() {
            Some(name) => real.join(name),
            None => real,
        })
    }

    /// The folder in which what becomes `target` is prepared: on the same disk, so that it can be renamed.
    pub(super) fn beside<'a>(&'a self, target: &'a Path) -> &'a Path {
        match target.parent() {
            Some(parent) if target != self.root => parent,
            _ => &self.root,
        }
    }

    fn refuse(&self, title: &str) -> PullError {
        PullError::PathTraversal {
            title: title.to_owned(),
        }
    }
}

/// Opens a file in `folder` to be written and renamed when it is complete.
pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".countersign-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Says early that a file is there and stays, before its replacement is fetched for nothing.
pub(super) fn refuse_existing(target: &Path, existing: Existing) -> Result<(), PullError> {
    match existing {
        Existing::Kept if target.symlink_metadata().is_ok() => Err(PullError::Exists {
            path: target.display().to_string(),
        }),
        _ => Ok(()),
    }
}

/// Gives a complete file its name.
pub(super) async fn keep(file: NamedTempFile, target: PathBuf, existing: Existing) -> Result<(), PullError> {
    let named = target.clone();
    blocking(&named, move || {
        let kept = match existing {
            Existing::Replaced => file.persist(&target),
            Existing::Kept => file.persist_noclobber(&target),
        };
        match kept {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(PullError::Exists {
                path: target.display().to_string(),
            }),
            Err(error) => Err(PullError::file(&target, error.error)),
        }
    })
    .await
}

/// Runs `work`, which waits for the disk, on a thread made for that.
pub(super) async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, PullError> + Send + 'static,
) -> Result<T, PullError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(PullError::file(path, io::ErrorKind::Interrupted.into())),
        },
    }
}
