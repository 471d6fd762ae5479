//! Every command as a user sees it: stdout, stderr and exit code together.

mod harness;
mod registry;
mod signing;

mod completion;
mod digest;
mod env;
mod generate;
mod generate_key_pair;
mod import_key_pair;
mod line;
mod login;
mod ls;
mod man;
mod manifest;
mod public_key;
mod pull;
mod push;
mod quickstart;
mod serve;
mod sign;
mod tag;
mod tree;
mod triangulate;
mod verify;
mod version;

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_command_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = modules(&root.join("src/commands"));
    for module in modules(&root.join("tests/commands")) {
        missing.remove(&module);
    }
    assert!(missing.is_empty(), "no tests for {missing:?}");
}

fn modules(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .expect("the folder is part of the source")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}
