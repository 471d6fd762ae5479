//! Docker's configuration file, as far as `login` writes it.

use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use countersign_core::Secret;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::env::{self, Environment};
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Docker's `config.json`, with everything in it that is not ours.
pub(crate) struct DockerConfig {
    path: String,
    content: Map<String, Value>,
}

/// Where a credential was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Into the file itself, where anybody who can read it can read them.
    InFile,
    /// With a helper program.
    ByHelper,
}

impl DockerConfig {
    /// Reads the file under `DOCKER_CONFIG` or `HOME`; a missing one is empty.
    pub(crate) fn load(session: &Session<'_>) -> Result<Self, Failure> {
        let path = place(session.environment(), session.directory().to_owned())?;
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        let path = path.display().to_string();
        let content = if file::exists(session.directory(), &path) {
            let bytes = file::read(session.directory(), &path, LIMIT)?;
            serde_json::from_slice(&bytes).map_err(|source| Failure::DockerConfig {
                path: path.clone(),
                source,
            })?
        } else {
            Map::new()
        };
        Ok(Self { path, content })
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Stores a credential for `server`, with the helper program that the file names for it, else in the file.
    pub(crate) fn store(
        &mut self,
        session: &Session<'_>,
        server: &str,
        username: &str,
        password: &Secret<String>,
    ) -> Result<Stored, Failure> {
        if let Some(helper) = self.helper(server) {
            session.wait(run_helper(helper, session.environment(), server, username, password))?;
            self.edit_auths(server, Value::Object(Map::new()));
            self.save(session)?;
            return Ok(Stored::ByHelper);
        }
        let auth = Secret::new(base64_of(format!("{username}:{}", password.expose())));
        let mut entry = Map::new();
        entry.insert("auth".to_owned(), Value::String(auth.expose().clone()));
        self.edit_auths(server, Value::Object(entry));
        self.save(session)?;
        Ok(Stored::InFile)
    }

    fn helper(&self, server: &str) -> Option<&str> {
        let own = self.content.get("credHelpers").and_then(|helpers| helpers.get(server));
        own.or_else(|| self.content.get("credsStore"))
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
    }

    fn edit_auths(&mut self, server: &str, entry: Value) {
        let auths = self.content.entry("auths").or_insert_with(|| Value::Object(Map::new()));
        match auths {
            Value::Object(auths) => {
                auths.insert(server.to_owned(), entry);
            }
            other => {
                let mut auths = Map::new();
                auths.insert(server.to_owned(), entry);
                *other = Value::Object(auths);
            }
        }
    }

    fn save(&self, session: &Session<'_>) -> Result<(), Failure> {
        let mut text = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        self.content
            .serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))
            .expect("JSON that was read can be written");
        text.push(b'\n');
        let write_error = |source| Failure::File {
            action: "writing",
            path: self.path.clone(),
            source,
        };
        if let Some(folder) = session.path(&self.path).parent() {
            std::fs::create_dir_all(folder).map_err(write_error)?;
        }
        file::write(session.directory(), &self.path, &text, Mode::Private, Existing::Replace)
    }
}

pub(crate) fn place(environment: &Environment, directory: PathBuf) -> Result<PathBuf, Failure> {
    let folder = match (environment.text(env::DOCKER_CONFIG), environment.text(env::HOME)) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => PathBuf::from(home).join(".docker"),
        (None, None) => return Err(Failure::NoHome),
    };
    Ok(directory.join(folder).join("config.json"))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HelperInput<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    username: &'a str,
    secret: &'a str,
}

/// Runs `docker-credential-NAME store` (docker-credential-helpers, protocol of `store`).
async fn run_helper(
    name: &str,
    environment: &Environment,
    server: &str,
    username: &str,
    password: &Secret<String>,
) -> Result<(), Failure> {
    let program = format!("docker-credential-{name}");
    let failed = |reason: String| Failure::CredentialHelper {
        program: program.clone(),
        reason,
    };
    if name.contains(['/', '\\']) {
        return Err(failed("its name has a slash".to_owned()));
    }
    let input = HelperInput {
        server_url: server,
        username,
        secret: password.expose(),
    };
    let input = Secret::new(serde_json::to_vec(&input).expect("strings always serialise"));
    let output = talk_to(&program, environment, &input)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let words: String = String::from_utf8_lossy(&output.stdout)
        .trim()
        .chars()
        .take(200)
        .collect();
    Err(failed(format!("{}: {words}", output.status)))
}

async fn talk_to(program: &str, environment: &Environment, input: &Secret<Vec<u8>>) -> io::Result<Output> {
    let mut child = Command::new(program)
        .arg("store")
        .env_clear()
        .envs(environment.iter())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.expose()).await?;
    }
    child.wait_with_output().await
}

fn base64_of(text: String) -> String {
    use base64::Engine;
    let text = Secret::new(text);
    base64::engine::general_purpose::STANDARD.encode(text.expose())
}

/// The most bytes of the file that are read.
const LIMIT: u64 = 4 * 1024 * 1024;
