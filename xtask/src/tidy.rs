//! Size, names, words, dependencies and documents: what reviewers should not have to look for.

mod dependencies;
mod documents;
mod functions;
mod tests_present;
mod words;

use std::path::Path;

use crate::report::Report;
use crate::source::{self, Source};

/// Checks every Rust file, the dependency table and the documents.
pub(crate) fn check(root: &Path) -> Report {
    let mut report = Report::default();
    for folder in FOLDERS {
        for file in source::files(root, folder, ".rs") {
            size(&file, &mut report);
            names(&file, &mut report);
            words::check(&file, &mut report);
            functions::check(&file, &mut report);
        }
    }
    dependencies::check(root, &mut report);
    documents::check(root, &mut report);
    tests_present::check(root, &mut report);
    report
}

fn size(file: &Source, report: &mut Report) {
    let lines = file.text.lines().count();
    if lines > MOST_LINES {
        report.fail(format!(
            "{} has {lines} lines, at most {MOST_LINES} are allowed",
            file.path
        ));
    } else if lines > WANTED_LINES {
        report.warn(format!("{} has {lines} lines, {WANTED_LINES} are wanted", file.path));
    }
}

fn names(file: &Source, report: &mut Report) {
    if file.name() == "mod.rs" {
        report.fail(format!("{}: write foo.rs beside foo/, not foo/mod.rs", file.path));
    }
    for part in file.path.split('/') {
        if REFUSED_NAMES.contains(&part.trim_end_matches(".rs")) {
            report.fail(format!("{}: {part} says nothing about what is inside", file.path));
        }
    }
}

const FOLDERS: &[&str] = &["crates", "xtask", "interop", "fuzz"];
const WANTED_LINES: usize = 400;
const MOST_LINES: usize = 600;
const REFUSED_NAMES: &[&str] = &["common", "helper", "helpers", "imp", "misc", "types", "util", "utils"];
