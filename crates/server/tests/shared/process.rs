//! A server in a process of its own, to be killed: this test binary, started again with a folder in its environment.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use countersign_server::Running;

const FOLDER: &str = "COUNTERSIGN_TEST_FOLDER";
const SERVING: &str = "serving on ";

/// The folder to serve, where this is that process.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Tells who started this process where the server is, and waits to be killed.
pub(crate) async fn wait(running: &Running) {
    let line = format!("{SERVING}{}\n", running.address());
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    std::future::pending::<()>().await;
}

/// Starts that process, in which the test called `test` serves the folder, and returns its address.
pub(crate) fn start(test: &str, folder: &Path) -> (Child, String) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .map(Result::unwrap)
        .find_map(|line| line.split_once(SERVING).map(|(_, address)| address.to_owned()))
        .unwrap();
    (child, address)
}
