//! Every dependency has its reason beside it, and there are not too many.

use std::path::Path;

use crate::report::Report;
use crate::source;

/// Checks the dependency table of the workspace, the manifests of its packages and the lock file.
pub(crate) fn check(root: &Path, report: &mut Report) {
    let packages = source::file(root, "Cargo.lock").matches("[[package]]").count();
    if packages > MOST_PACKAGES {
        report.fail(format!(
            "Cargo.lock holds {packages} packages, at most {MOST_PACKAGES} are allowed"
        ));
    }
    for line in section(&source::file(root, "Cargo.toml"), "[workspace.dependencies]") {
        if !line.contains("{ path =") && !line.contains(" # ") {
            report.fail(format!("Cargo.toml: no reason beside `{line}`"));
        }
    }
    for manifest in source::files(root, "crates", "Cargo.toml") {
        for header in ["[dependencies]", "[dev-dependencies]", "[build-dependencies]"] {
            for line in section(&manifest.text, header) {
                if !line.contains("workspace = true") {
                    report.fail(format!(
                        "{}: `{line}` belongs in the workspace's table, with its reason",
                        manifest.path
                    ));
                }
            }
        }
    }
}

/// Returns the entries of one table; comments, blank lines and continuations of an entry are not entries.
fn section<'a>(manifest: &'a str, header: &str) -> Vec<&'a str> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.split_once('=').is_some() && !line.starts_with(['#', ' ']))
        .collect()
}

const MOST_PACKAGES: usize = 250;

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn a_section_ends_at_the_next_table() {
        let manifest = "[a]\nx = 1\n[b]\n# why\ny = 2\n\nz = 3 # reason\n[c]\nw = 4\n";
        assert_eq!(section(manifest, "[b]"), ["y = 2", "z = 3 # reason"]);
    }
}
