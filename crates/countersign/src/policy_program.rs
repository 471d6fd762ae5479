//! Policies that other programs interpret: Rego by our plug-in, CUE by `cue`.
//!
//! An interpreter has no place in the program that most people run, so it is a program of its own: the statement goes to its
//! standard input, the verdict comes back.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Policy files, by language.
#[derive(Clone, Debug, Default)]
pub struct PolicyFiles {
    rego: Vec<PathBuf>,
    cue: Vec<PathBuf>,
}

impl PolicyFiles {
    /// Sorts policy files by the ends of their names.
    ///
    /// # Errors
    /// [`PolicyError::Format`] for a name that ends neither with `.rego` nor with `.cue`.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Result<Self, PolicyError> {
        let mut files = Self::default();
        for path in paths {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("rego") => files.rego.push(path),
                Some("cue") => files.cue.push(path),
                _ => return Err(PolicyError::Format { path }),
            }
        }
        Ok(files)
    }

    /// Returns the files in Rego.
    pub fn rego(&self) -> &[PathBuf] {
        &self.rego
    }

    /// Returns the files in CUE.
    pub fn cue(&self) -> &[PathBuf] {
        &self.cue
    }

    /// Asks all policies of each language together for a verdict on `statement`; returns why they do not allow it, nothing where
    /// they do.
    ///
    /// # Errors
    /// [`PolicyError`] where there is no verdict.
    pub async fn judge(&self, statement: &[u8], programs: &Programs) -> Result<Vec<String>, PolicyError> {
        let mut reasons = Vec::new();
        if !self.cue.is_empty() {
            reasons.extend(judge_by_cue(&self.cue, statement, programs).await?);
        }
        if !self.rego.is_empty() {
            reasons.extend(judge_by_rego(&self.rego, statement, programs).await?);
        }
        Ok(reasons)
    }
}

/// Where programs are looked for: beside our own, then on the search path.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// The folder of our own program.
    pub beside: Option<PathBuf>,
    /// The folders of `PATH`.
    pub search_path: Option<OsString>,
}

impl Programs {
    fn locate(&self, name: &'static str) -> Result<PathBuf, PolicyError> {
        let on_path = self.search_path.iter().flat_map(std::env::split_paths);
        self.beside
            .iter()
            .cloned()
            .chain(on_path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
            .ok_or(PolicyError::NoProgram { program: name })
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file is in no language that is known.
    #[error("invalid policy format, expected .cue or .rego: {}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The program that interprets the language is not on this machine.
    #[error("{program}, which judges by these policies, is neither beside this program nor on PATH")]
    NoProgram {
        /// Its name.
        program: &'static str,
    },
    /// The program could not be run.
    #[error("running {program}")]
    Run {
        /// Its name.
        program: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The program came to no verdict.
    #[error("{program} came to no verdict: {reason}")]
    NoVerdict {
        /// Its name.
        program: &'static str,
        /// What it said.
        reason: String,
    },
}

/// What the Rego program prints.
#[derive(Deserialize)]
struct Verdict {
    allowed: bool,
    #[serde(default)]
    reasons: Vec<String>,
}

async fn judge_by_rego(files: &[PathBuf], statement: &[u8], programs: &Programs) -> Result<Vec<String>, PolicyError> {
    let path = programs.locate(REGO)?;
    let ended = run(REGO, Command::new(path).args(files), statement).await?;
    let no_verdict = |reason: String| PolicyError::NoVerdict { program: REGO, reason };
    if !ended.status.success() {
        return Err(no_verdict(said(&ended.stderr)));
    }
    let verdict: Verdict =
        serde_json::from_slice(&ended.stdout).map_err(|error| no_verdict(format!("its answer is {error}")))?;
    Ok(match (verdict.allowed, verdict.reasons.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec!["the policy does not allow it".to_owned()],
        (false, false) => verdict.reasons.iter().map(|reason| printable(reason)).collect(),
    })
}

/// `cue vet` says nothing where the statement satisfies the policies, which are one instance, and else ends with code 1.
async fn judge_by_cue(files: &[PathBuf], statement: &[u8], programs: &Programs) -> Result<Vec<String>, PolicyError> {
    let path = programs.locate(CUE)?;
    let mut command = Command::new(path);
    command.arg("vet").args(files).args(["json:", "-"]);
    let ended = run(CUE, &mut command, statement).await?;
    match ended.status.code() {
        Some(0) => Ok(Vec::new()),
        Some(1) => Ok(vec![said(&ended.stderr)]),
        _ => Err(PolicyError::NoVerdict {
            program: CUE,
            reason: format!("{}: {}", ended.status, said(&ended.stderr)),
        }),
    }
}

struct Ended {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn run(program: &'static str, command: &mut Command, input: &[u8]) -> Result<Ended, PolicyError> {
    let failed = |source| PolicyError::Run { program, source };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input may have ended by now; its answer tells.
            let _unread = stdin.write_all(input).await;
        }
        Ok(())
    };
    let (status, (), stdout, stderr) =
        tokio::try_join!(child.wait(), write, output(stdout), output(stderr)).map_err(failed)?;
    Ok(Ended { status, stdout, stderr })
}

/// Reads what a program prints, the start of it where it is too long.
async fn output(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream).take(OUTPUT_LIMIT).read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

/// What a program said, in one line that cannot steer a terminal.
fn said(bytes: &[u8]) -> String {
    printable(&String::from_utf8_lossy(bytes))
}

fn printable(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .chars()
        .filter(|character| !character.is_control())
        .take(SHOWN)
        .collect()
}

/// Our plug-in, in `plugins/policy-rego`.
const REGO: &str = "countersign-policy-rego";
/// CUE's own program, <https://cuelang.org>.
const CUE: &str = "cue";
/// The most that is read of what a program prints, in bytes.
const OUTPUT_LIMIT: u64 = 1024 * 1024;
/// How much of a program's words is repeated, in characters.
const SHOWN: usize = 2000;
