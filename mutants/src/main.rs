//! Takes the checks of `core`'s verification away, one at a time, and sees whether a test fails.
//!
//! All changes are compiled at once, each behind a switch that an environment variable turns on: one build, then the tests
//! once for each change that they reach. `survivors.toml` explains the changes that no test notices; one that it does not
//! name, and one that it names though a test notices it, end the run with a failure.

mod change;
mod copy;
mod report;
mod run;
mod switch;

use std::path::Path;
use std::process::ExitCode;

use change::Change;

/// The parts of `crates/core/src` that verify.
const PARTS: [&str; 12] = [
    "artifact",
    "bundle",
    "certificate",
    "envelope",
    "key/public",
    "key/signature",
    "log",
    "payload",
    "policy",
    "timestamp",
    "trust",
    "verify",
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match mutate(&wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

/// Runs the changes in files whose path contains one of `wanted`, or all of them.
fn mutate(wanted: &[String]) -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let tree = copy::workspace(root)?;
    let changes = copy::instrument(&tree, &PARTS)?;
    println!("{} changes in {}", changes.len(), PARTS.join(", "));
    let tests = run::build(&tree)?;
    let reached = run::trace(&tests, &tree)?;
    let chosen: Vec<&Change> = changes
        .iter()
        .filter(|change| wanted.is_empty() || wanted.iter().any(|part| change.path.contains(part.as_str())))
        .collect();
    let outcomes = run::all(&chosen, &reached, &tests);
    report::judge(&chosen, &outcomes, root, wanted.is_empty())
}
