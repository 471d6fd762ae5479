//! Judges a statement by Rego policies: `countersign-policy-rego POLICY...`, the statement on standard input, a verdict on
//! standard output: `{"allowed":false,"reasons":["…"]}`. Exit code 0 says that there is a verdict, 1 that there is none, and why on
//! standard error.

mod heads;
mod verdict;

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use verdict::{Policy, Verdict, judge};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Where standard error is gone too, the exit code tells.
            let _gone = writeln!(io::stderr(), "{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut policies = Vec::new();
    for path in std::env::args().skip(1) {
        let text = File::open(&path)
            .and_then(|file| text(file, POLICY_LIMIT))
            .map_err(|error| format!("reading {path}: {error}"))?;
        policies.push(Policy { path, text });
    }
    if policies.is_empty() {
        return Err("usage: countersign-policy-rego POLICY... < STATEMENT".to_owned());
    }
    let input = text(io::stdin(), INPUT_LIMIT).map_err(|error| format!("reading standard input: {error}"))?;
    let verdict: Verdict = judge(policies, &input)?;
    let json = serde_json::to_string(&verdict).map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{json}").map_err(|error| format!("writing standard output: {error}"))
}

fn text(from: impl Read, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    from.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::other(format!("more than {limit} bytes")));
    }
    Ok(text)
}

/// The longest policy that is read, in bytes.
const POLICY_LIMIT: u64 = 4 * 1024 * 1024;

/// The longest statement that is read, in bytes: more than countersign reads.
const INPUT_LIMIT: u64 = 64 * 1024 * 1024;
