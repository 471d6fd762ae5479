//! Helper programs: `docker-credential-NAME get`, the host on standard input, JSON on standard output.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use countersign_core::secret::Secret;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::Credential;
use super::file::TOKEN_USER;
use crate::error::StoreError;

/// What a helper answered.
pub(super) enum Answered {
    /// It has one.
    Credential(Credential),
    /// It has none for this host.
    Nothing,
    /// It is not on this machine. Docker's configuration often names one that containers and servers lack.
    NoProgram,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Asks a helper for the credential it keeps under `key`.
pub(super) async fn ask(name: &str, key: &str, search_path: Option<&OsStr>) -> Result<Answered, StoreError> {
    let program = format!("docker-credential-{name}");
    let failed = |reason: String| StoreError::Credentials {
        place: program.clone(),
        reason,
    };
    if name.contains(['/', '\\', '\0']) {
        return Err(failed("the helper's name is not one of a program".to_owned()));
    }
    let Some(path) = locate(&program, search_path) else {
        return Ok(Answered::NoProgram);
    };
    let child = Command::new(&path)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let (is_success, output) = tokio::time::timeout(LONGEST, converse(child, key))
        .await
        .map_err(|_elapsed| failed(format!("no answer within {LONGEST:?}")))?
        .map_err(|error| failed(error.to_string()))?;
    if output.expose().len() as u64 > LIMIT {
        return Err(failed(format!("its answer is larger than {LIMIT} bytes")));
    }
    if is_success {
        return read(output.expose()).ok_or_else(|| failed("its answer is not as expected".to_owned()));
    }
    let text = String::from_utf8_lossy(output.expose());
    if NOT_FOUND.iter().any(|words| text.contains(words)) {
        return Ok(Answered::Nothing);
    }
    Err(failed(format!("it ended with an error: {}", shown(&text))))
}

pub(super) fn read(output: &[u8]) -> Option<Answered> {
    let answer: Output = serde_json::from_slice(output).ok()?;
    let secret = Secret::new(answer.secret);
    Some(match answer.username {
        _ if secret.expose().is_empty() => Answered::Nothing,
        username if username == TOKEN_USER => Answered::Credential(Credential::IdentityToken(secret)),
        username => Answered::Credential(Credential::Basic {
            username,
            password: secret,
        }),
    })
}

async fn converse(mut child: Child, key: &str) -> std::io::Result<(bool, Secret<Vec<u8>>)> {
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input may have ended by now; its answer tells.
        let _unread = input.write_all(key.as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LIMIT + 1).read_to_end(&mut output).await?;
    }
    let output = Secret::new(output);
    if output.expose().len() as u64 > LIMIT {
        return Ok((true, output));
    }
    Ok((child.wait().await?.success(), output))
}

fn locate(program: &str, search_path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(search_path?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn shown(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(SHOWN)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// How helpers say that they have nothing (docker-credential-helpers, `credentials/error.go`).
const NOT_FOUND: [&str; 3] = [
    "credentials not found in native keychain",
    "credentials server URL not found",
    "no credentials",
];

/// How long a helper may take: it may ask the user to unlock a key chain.
const LONGEST: Duration = Duration::from_secs(60);

/// The largest answer read, in bytes.
const LIMIT: u64 = 64 * 1024;

/// How much of a helper's words an error repeats, in characters.
const SHOWN: usize = 200;
