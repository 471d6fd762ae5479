//! Every command as a user sees it: stdout, stderr and exit code together.

mod attaching;
mod belongings;
mod harness;
mod hostile;
mod published;
mod registry;
mod signing;

mod attach;
mod attest;
mod attest_blob;
mod bad_input;
mod bundle;
mod clean;
mod completion;
mod copy;
mod digest;
mod discover;
mod dockerfile;
mod download;
mod env;
mod generate;
mod generate_key_pair;
mod golden;
mod helm;
mod import_key_pair;
mod initialize;
mod line;
mod load;
mod login;
mod ls;
mod man;
mod manifest;
mod public_key;
mod pull;
mod push;
mod quickstart;
mod save;
mod serve;
mod sign;
mod sign_blob;
mod signing_config;
#[cfg(target_os = "linux")]
mod start;
mod tag;
mod tree;
mod triangulate;
mod trusted_root;
mod upload;
mod verify;
mod verify_attestation;
mod verify_blob;
mod verify_blob_attestation;
mod version;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn every_command_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = commands(&root.join("src/commands"));
    missing.retain(|file| !root.join("tests/commands").join(file).exists());
    assert!(missing.is_empty(), "no tests for {missing:?}");
}

#[test]
fn every_test_that_the_differences_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("../../docs/cosign-differences.md")).expect("it is text");
    let (_, table) = document
        .split_once("## Faults of cosign that are tested not to be here")
        .expect("the section is there");
    let mut sources = String::new();
    for folder in ["tests/commands", "../countersign/tests/signing"] {
        read_sources(&root.join(folder), &mut sources);
    }
    let code = table.split('`').skip(1).step_by(2);
    let tests: Vec<&str> = code.filter(|name| name.matches('_').count() > 2).collect();
    assert!(tests.len() > 10, "{tests:?}");
    for name in tests {
        let name = name.rsplit("::").next().unwrap_or(name);
        assert!(sources.contains(&format!("fn {name}()")), "no test {name}");
    }
}

/// Each row names a test at least, and each test is where the page says.
#[test]
fn every_test_that_the_page_on_conformance_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = std::fs::read_to_string(root.join("docs/conformance.md")).expect("it is text");
    let (page, rest) = document.split_once("## A second opinion").expect("it is there");
    let (_, checks) = rest.split_once("## Checks").expect("it is there");
    // there the code of a check stands before the name
    let checks = checks
        .lines()
        .map(|row| (row, row.rsplit('`').nth(1).into_iter().collect()));
    let page = page
        .lines()
        .map(|row| (row, row.split('`').skip(1).step_by(2).collect()));
    let rows: Vec<(&str, Vec<&str>)> = page.chain(checks).filter(|(row, _)| row.starts_with("| ")).collect();
    let mut count = 0;
    for (row, names) in rows {
        let names = names.into_iter().filter(|name| name.contains("::"));
        let before = count;
        for name in names {
            let (file, test) = name.rsplit_once("::").expect("it has two colons");
            let (folder, file) = match file.split_once('/') {
                Some(("core", file)) => ("crates/core/src", file),
                Some(("cli", file)) => ("crates/cli/tests", file),
                Some(("countersign", file)) => ("crates/countersign/tests", file),
                _ => ("crates/core/tests", file),
            };
            let path = root.join(folder).join(file).with_extension("rs");
            let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(source.contains(&format!("fn {test}(")), "no test {name}");
            count += 1;
        }
        let is_head = ["demand", "from", "check"]
            .iter()
            .any(|head| row.starts_with(&format!("| {head} |")));
        assert!(is_head || count > before, "no test in {row}");
    }
    assert!(count > 100, "{count}");
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder is part of the source") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).expect("a source is text"));
        } else if path.is_dir() && !path.ends_with("data") {
            read_sources(&path, sources);
        }
    }
}

/// The files that have a command in them, also those of groups.
fn commands(root: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is part of the source") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains("\nimpl Subcommand for ")) {
                found.insert(path.strip_prefix(root).expect("it is below").to_owned());
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}
