//! The project's files, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the project.
pub(crate) struct Source {
    /// Path below the project's root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// Returns the folder that holds the workspace, as Cargo says it at each run: a build folder may serve several checkouts.
pub(crate) fn project_root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    let here = here.as_path();
    here.parent().unwrap_or(here).to_path_buf()
}

/// Reads every file below `folder` whose name ends in `extension`, in a stable order.
///
/// A missing folder holds no files; anything else that cannot be read stops the check.
pub(crate) fn files(root: &Path, folder: &str, extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(root, &root.join(folder), extension, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Reads one file of the project.
pub(crate) fn file(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

fn collect(root: &Path, folder: &Path, extension: &str, found: &mut Vec<Source>) {
    if !folder.is_dir() {
        return;
    }
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for entry in entries {
        let path = entry
            .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()))
            .path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('.') && !matches!(name.as_str(), "target" | "corpus") {
                collect(root, &path, extension, found);
            }
        } else if name.ends_with(extension) {
            let shown = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {shown}: {error}"));
            found.push(Source { path: shown, text });
        }
    }
}
