//! No test file is forgotten, and every command has one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::report::Report;
use crate::source;

/// Checks that each test folder's `main.rs` names its files, and that each command has a file of tests.
pub(crate) fn check(root: &Path, report: &mut Report) {
    forgotten(root, report);
    commands(root, report);
}

/// A file beside `tests/*/main.rs` that is not declared there is never compiled.
fn forgotten(root: &Path, report: &mut Report) {
    for main in source::files(root, "crates", "main.rs")
        .iter()
        .chain(&source::files(root, "interop", "main.rs"))
    {
        let Some(folder) = main
            .path
            .strip_suffix("main.rs")
            .filter(|folder| folder.contains("/tests/"))
        else {
            continue;
        };
        for name in modules(root, folder) {
            if name != "main" && !main.text.contains(&format!("mod {name};")) {
                report.fail(format!(
                    "{folder}/{name}.rs is not declared in {}, so its tests never run",
                    main.path
                ));
            }
        }
    }
}

fn commands(root: &Path, report: &mut Report) {
    let tested = modules(root, "crates/cli/tests/commands");
    if tested.is_empty() {
        return;
    }
    for command in modules(root, "crates/cli/src/commands") {
        if !tested.contains(&command) {
            report.fail(format!(
                "command {command} has no crates/cli/tests/commands/{command}.rs"
            ));
        }
    }
}

fn modules(root: &Path, folder: &str) -> BTreeSet<String> {
    source::files(root, folder, ".rs")
        .iter()
        .filter_map(|file| file.path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs"))
        .filter(|name| !name.contains('/'))
        .map(str::to_owned)
        .collect()
}
