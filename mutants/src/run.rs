//! Builds the copy's tests once and runs them, with no switch on, then with one at a time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::change::Change;

/// A program that runs tests.
pub(crate) struct Tests {
    program: PathBuf,
    folder: PathBuf,
}

/// What a program of tests reached, and how long it took.
pub(crate) struct Reached {
    numbers: BTreeSet<usize>,
    took: Duration,
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A test failed, or did not end.
    Noticed,
    /// Every test passed.
    Survived,
    /// No test reaches it.
    Unreached,
}

/// Builds the tests of the copy's `core`.
pub(crate) fn build(tree: &Path) -> Result<Vec<Tests>, String> {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "test",
        "--no-run",
        "--locked",
        "-p",
        "countersign-core",
        "--message-format=json-render-diagnostics",
    ]);
    cargo
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("RUSTFLAGS", "--cap-lints=allow");
    cargo.env("CARGO_TARGET_DIR", tree.with_file_name("target"));
    let built = cargo.current_dir(tree).stderr(Stdio::inherit()).output();
    let built = built.map_err(|error| format!("cargo test: {error}"))?;
    if !built.status.success() {
        return Err("the changed source does not compile".to_owned());
    }
    let lines = String::from_utf8_lossy(&built.stdout).into_owned();
    Ok(lines.lines().filter_map(|line| program(line, tree)).collect())
}

fn program(line: &str, tree: &Path) -> Option<Tests> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let program = message.get("executable")?.as_str()?;
    let is_test = message.pointer("/profile/test")?.as_bool()?;
    let folder = tree.join("crates/core");
    is_test.then(|| Tests {
        program: PathBuf::from(program),
        folder,
    })
}

/// Runs each program with no switch on: all must pass.
pub(crate) fn trace(tests: &[Tests], tree: &Path) -> Result<Vec<Reached>, String> {
    let path = tree.with_file_name("reached");
    let mut reached = Vec::new();
    for test in tests {
        let _ = std::fs::remove_file(&path);
        let begun = Instant::now();
        let mut child = start(test, None, Some(&path))?;
        let status = child.wait().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("{} fails though no switch is on", test.program.display()));
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let numbers = text.lines().filter_map(|line| line.parse().ok()).collect();
        reached.push(Reached {
            numbers,
            took: begun.elapsed(),
        });
    }
    Ok(reached)
}

fn start(test: &Tests, switch: Option<usize>, trace: Option<&Path>) -> Result<Child, String> {
    let mut command = Command::new(&test.program);
    command.current_dir(&test.folder).args(["-q", "--test-threads=1"]);
    command
        .env("CARGO_MANIFEST_DIR", &test.folder)
        .env("PROPTEST_CASES", "32");
    if let Some(number) = switch {
        command.env("MUTANT", number.to_string());
    }
    if let Some(path) = trace {
        command.env("MUTANT_TRACE", path);
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.map_err(|error| format!("{}: {error}", test.program.display()))
}

/// Runs the tests that reach each change, on every core.
pub(crate) fn all(changes: &[&Change], reached: &[Reached], tests: &[Tests]) -> Vec<Outcome> {
    let next = Mutex::new(0);
    let outcomes = Mutex::new(vec![Outcome::Unreached; changes.len()]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let take = || {
        let mut next = next.lock().ok()?;
        let index = *next;
        *next += 1;
        changes.get(index).map(|change| (index, *change))
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, change)) = take() {
                    let outcome = one(change, reached, tests);
                    if outcome != Outcome::Noticed {
                        eprintln!("{index}: {outcome:?} {}:{} {}", change.path, change.line, change.name());
                    }
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes[index] = outcome;
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_default()
}

/// The quickest programs run first.
fn one(change: &Change, reached: &[Reached], tests: &[Tests]) -> Outcome {
    let mut those: Vec<(&Reached, &Tests)> = reached.iter().zip(tests).collect();
    those.retain(|(reached, _)| reached.numbers.contains(&change.number));
    those.sort_by_key(|(reached, _)| reached.took);
    if those.is_empty() {
        return Outcome::Unreached;
    }
    let fails = |(reached, test): &(&Reached, &Tests)| fails(test, change.number, reached.took);
    if those.iter().any(fails) {
        Outcome::Noticed
    } else {
        Outcome::Survived
    }
}

fn fails(test: &Tests, number: usize, usual: Duration) -> bool {
    let Ok(mut child) = start(test, Some(number), None) else {
        return false;
    };
    let end = Instant::now() + usual * 10 + Duration::from_secs(10);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return !status.success(),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                // a change may make a loop endless; on a busy machine it may be the machine
                eprintln!(
                    "{number}: its tests did not end in {:?}",
                    usual * 10 + Duration::from_secs(10)
                );
                let _ = child.kill();
                let _ = child.wait();
                return true;
            }
        }
    }
}
