//! The distribution specification's own suite.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite and the registry example, where both are built.
fn binaries() -> Option<(PathBuf, PathBuf)> {
    let peers = std::env::var_os("COUNTERSIGN_PEERS")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    let suite = peers
        .map(|folder| folder.join("conformance"))
        .filter(|path| path.is_file())?;
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent()?.parent()?.join("examples/registry");
    example.is_file().then_some((suite, example))
}

#[test]
fn conformance_suite_passes_with_every_category() {
    let Some((suite, example)) = binaries() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must run the conformance suite: set COUNTERSIGN_PEERS to the folder that has it"
        );
        // Past the harness, which would keep a passing test's words to itself.
        let skipped = b"skipped: COUNTERSIGN_PEERS does not lead to the conformance suite\n";
        std::io::Write::write_all(&mut std::io::stderr(), skipped).unwrap();
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance.sh");
    let output = Command::new(script).arg(example).arg(suite).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let summary = text
        .find("OCI Conformance Result")
        .map_or(&*text, |start| &text[start..]);
    assert!(
        output.status.success(),
        "{summary}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
