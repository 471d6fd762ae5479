//! What was seen of tags before, a file that is whole at every moment and that one process changes at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use countersign_core::tag::{STATE_LIMIT, State};

use super::given;
use super::usage::UsageError;
use crate::env;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Where what was seen of tags is kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct TagStateArgs {
    /// The file that says what was seen of tags before; without it countersign/tags.json under XDG_STATE_HOME
    #[arg(long, value_name = "FILE")]
    state: Option<String>,

    /// Remembers nothing: an older statement that has not expired is believed
    #[arg(long, conflicts_with = "state")]
    stateless: bool,
}

/// What was seen of tags, which nobody else changes while this lives.
pub(crate) struct TagState {
    /// What was seen.
    pub(crate) state: State,
    path: Option<String>,
    _lock: Option<File>,
}

impl TagStateArgs {
    /// A flag that is given.
    pub(crate) fn flag(&self) -> Option<&'static str> {
        match (given(&self.state), self.stateless) {
            (Some(_), _) => Some("--state"),
            (None, true) => Some("--stateless"),
            (None, false) => None,
        }
    }

    /// Reads the file for somebody who changes nothing.
    pub(crate) fn read(&self, session: &Session<'_>) -> Result<State, Failure> {
        match self.path(session)? {
            Some(path) => read(&path, session),
            None => Ok(State::default()),
        }
    }

    /// Waits until nobody else changes the file, and reads it.
    pub(crate) async fn open(&self, session: &Session<'_>) -> Result<TagState, Failure> {
        let Some(path) = self.path(session)? else {
            return Ok(TagState {
                state: State::default(),
                path: None,
                _lock: None,
            });
        };
        let name = format!("{path}.lock");
        let folder = session.path(&name);
        let folder = folder.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(writing(&path))?;
        let file = File::options().create(true).append(true).open(session.path(&name));
        let lock = lock(file.map_err(writing(&name))?, &name).await?;
        Ok(TagState {
            state: read(&path, session)?,
            path: Some(path),
            _lock: Some(lock),
        })
    }

    /// How messages call the file.
    pub(crate) fn shown(&self, session: &Session<'_>) -> Result<String, Failure> {
        Ok(self
            .path(session)?
            .unwrap_or_else(|| "no state (--stateless)".to_owned()))
    }

    fn path(&self, session: &Session<'_>) -> Result<Option<String>, Failure> {
        if self.stateless {
            return Ok(None);
        }
        if let Some(path) = given(&self.state) {
            return Ok(Some(path.to_owned()));
        }
        let environment = session.environment();
        let folder = match (environment.text(env::XDG_STATE_HOME), environment.text(env::HOME)) {
            (Some(folder), _) => folder.to_owned(),
            (None, Some(home)) => format!("{home}/.local/state"),
            (None, None) => {
                let reason = "neither XDG_STATE_HOME nor HOME says where what was seen of tags is kept: \
                              pass --state with a file, or --stateless";
                return Err(UsageError::because(reason).into());
            }
        };
        Ok(Some(format!("{folder}/countersign/tags.json")))
    }
}

impl TagState {
    /// Writes what is known now: aside, flushed and renamed.
    pub(crate) fn write(&self, session: &Session<'_>) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let json = self.state.to_json();
        file::write(session.directory(), path, &json, Mode::Private, Existing::Replace)?;
        // A name that is lost with the power would bring back what was known before.
        let full = session.path(path);
        let folder = full.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(writing(path))
    }
}

/// Waits until nobody else has locked what is open.
pub(crate) async fn lock(file: File, name: &str) -> Result<File, Failure> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(source)) => return Err(writing(name)(source)),
        }
    }
}

fn read(path: &str, session: &Session<'_>) -> Result<State, Failure> {
    let bytes = match file::read(session.directory(), path, STATE_LIMIT) {
        Ok(bytes) => bytes,
        Err(Failure::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
        Err(failure) => return Err(failure),
    };
    State::parse(&bytes).map_err(|source| Failure::TagFile {
        path: path.to_owned(),
        source,
    })
}

fn writing(path: &str) -> impl Fn(io::Error) -> Failure {
    move |source| Failure::File {
        action: "writing",
        path: path.to_owned(),
        source,
    }
}

/// How long to wait before a lock is tried again.
const PAUSE: Duration = Duration::from_millis(20);
