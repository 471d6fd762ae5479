//! Where the real tools and our own program are.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder with the peers, our program, and a scratch folder for one test.
pub struct Peers {
    folder: PathBuf,
    ours: PathBuf,
    scratch: tempfile::TempDir,
}

impl Peers {
    /// Finds the peers and our program; says why and returns nothing where one is missing.
    ///
    /// # Panics
    /// With `CI=true`, when something is missing: a test that did not run is a failure there.
    pub fn find() -> Option<Self> {
        let (folder, ours) = (peers_folder(), our_program());
        let is_built = |name: &str| folder.join(name).is_file();
        let missing = if !NEEDED.into_iter().all(is_built) {
            format!("no peers in {} (interop/peers.sh builds them)", folder.display())
        } else if !ours.is_file() {
            format!("no {} (cargo build builds it)", ours.display())
        } else {
            let scratch = tempfile::tempdir().unwrap_or_else(|error| panic!("no scratch folder: {error}"));
            let peers = Self { folder, ours, scratch };
            peers.write_no_services();
            return Some(peers);
        };
        assert!(
            env::var_os("CI").is_none_or(|ci| ci != "true"),
            "did not run: {missing}"
        );
        // past the test harness, which hides what a passing test prints; if that fails there is nowhere to say so
        drop(writeln!(std::io::stderr(), "skipped: {missing}"));
        None
    }

    /// Returns the program called `name`; "ours" is our own.
    pub fn program(&self, name: &str) -> PathBuf {
        if name == "ours" {
            self.ours.clone()
        } else {
            self.folder.join(name)
        }
    }

    /// Tells whether the peer called `name` was built.
    pub fn has(&self, name: &str) -> bool {
        self.program(name).is_file()
    }

    /// Tells whether the peer called `name` was built, and says so where it was not: for one that not every machine can have.
    pub fn has_or_says(&self, name: &str) -> bool {
        let is_there = self.has(name);
        if !is_there {
            let missing = format!("no {name} in {} (interop/peers.sh builds it)", self.folder.display());
            drop(writeln!(std::io::stderr(), "skipped: {missing}"));
        }
        is_there
    }

    /// Returns the folder of the peers, as text.
    pub fn folder(&self) -> String {
        self.folder.display().to_string()
    }

    /// Returns the scratch folder, which is removed with the peers.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns a path in the scratch folder, as text.
    pub fn path(&self, name: &str) -> String {
        self.scratch().join(name).display().to_string()
    }

    /// Returns a signing config that names no service and a trusted root that trusts nobody: cosign 3 wants them to sign
    /// and verify with a key and no network.
    pub fn no_services(&self) -> (String, String) {
        (self.path("signing-config.json"), self.path("trusted-root.json"))
    }

    fn write_no_services(&self) {
        let (config, root) = self.no_services();
        write(
            &config,
            r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}"#,
        );
        write(
            &root,
            r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
        );
    }
}

/// Peers without which no test makes sense; `peers.sh` builds the last of them last.
const NEEDED: [&str; 4] = ["cosign3", "memory-registry", "sigstore-stack", "timestamp-server"];

fn write(path: &str, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
}

fn peers_folder() -> PathBuf {
    if let Some(folder) = env::var_os("COUNTERSIGN_PEERS") {
        return folder.into();
    }
    PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/countersign/peers")
}

/// `COUNTERSIGN_BIN`, or the program that cargo has put beside this test's folder.
fn our_program() -> PathBuf {
    if let Some(program) = env::var_os("COUNTERSIGN_BIN") {
        return program.into();
    }
    let test = env::current_exe().unwrap_or_default();
    let built = test
        .parent()
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .unwrap_or_default();
    built.join("countersign")
}
