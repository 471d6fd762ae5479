//! `tags lock`: writes down which digests tags have, for whoever deploys them.

use std::fs::File;
use std::io;
use std::path::Path;

use clap::Args;
use countersign_core::tag::{TagRefusal, TagsLock};

use super::super::Subcommand;
use super::believed::BelievedArgs;
use crate::args::image::at_least;
use crate::args::tag_state::{TagStateArgs, lock};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

/// Writes down which digests tags have
#[derive(Args)]
pub(super) struct Lock {
    /// The tags; without any, those that are in the file
    #[arg(value_name = "REPOSITORY:TAG", id = "tags")]
    tags: Vec<String>,

    #[command(flatten)]
    believed: BelievedArgs,
    #[command(flatten)]
    state: TagStateArgs,

    /// The lock file, to be kept beside what is deployed
    #[arg(short, long, value_name = "FILE", default_value = "tags.lock")]
    file: String,

    /// Only says whether the file would change, and fails if it would
    #[arg(long)]
    check: bool,
}

impl Subcommand for Lock {
    const NAME: &'static str = "tags lock";
    const ABOUT: &'static str = "Verifies tags and writes their digests and numbers to a lock file";
    const ARGUMENTS: &'static str = "[REPOSITORY:TAG...]";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        if self.tags.is_empty() && self.believed.repository.is_given() {
            return Err(
                UsageError::because("--tag-repo: name the tags too; the file has the names that are signed").into(),
            );
        }
        session.wait(self.lock(session))
    }
}

impl Lock {
    async fn lock(&self, session: &Session<'_>) -> Result<(), Failure> {
        let path = session.path(&self.file);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(|source| Failure::File {
            action: "writing",
            path: self.file.clone(),
            source,
        })?;
        // The folder is locked, so that no other file lies about beside the one that is committed.
        let _alone = lock(folder, &self.file).await?;
        let before = read_or_none(&self.file, session)?;
        let mut file = before.clone();
        let texts = match self.tags.is_empty() {
            true => before.names().map(ToString::to_string).collect(),
            false => self.tags.clone(),
        };
        at_least(1, &texts)?;
        self.update(&texts, &mut file, session).await?;
        if file == before {
            session.ui().info(&format!("{} is as it should be", self.file));
            return Ok(());
        }
        if self.check {
            let changed = file.names().find(|name| file.locked(name) != before.locked(name));
            let name = changed.expect("a name is never taken out").clone();
            return Err(Failure::tag(stale(&name, &file, &before)));
        }
        let text = file.to_text();
        file::write(
            session.directory(),
            &self.file,
            text.as_bytes(),
            Mode::Public,
            Existing::Replace,
        )?;
        session.ui().info(&format!("Wrote {}", self.file));
        Ok(())
    }

    async fn update(&self, texts: &[String], file: &mut TagsLock, session: &Session<'_>) -> Result<(), Failure> {
        let opened = self.believed.open(session).await?;
        let run = opened.run(&self.believed, session)?;
        for text in texts {
            let found = run.find(text).await?;
            let mut known = self.state.open(session).await?;
            let rules = self.believed.rules(&found.name, None);
            let believed = found.judge(&rules, &mut known.state, session.now())?;
            file.update(&believed.statement).map_err(Failure::tag)?;
            known.write(session)?;
        }
        Ok(())
    }
}

/// The refusal of a file that is behind.
fn stale(name: &countersign_core::tag::TagName, now: &TagsLock, before: &TagsLock) -> TagRefusal {
    match (before.locked(name), now.locked(name)) {
        (Some(old), Some(new)) => TagRefusal::NotAsLocked {
            name: name.clone(),
            expected: old.digest.clone(),
            locked: old.sequence,
            found: new.digest.clone(),
            sequence: new.sequence,
        },
        _ => TagRefusal::NotInLock { name: name.clone() },
    }
}

/// Reads a lock file.
pub(super) fn read(path: &str, session: &Session<'_>) -> Result<TagsLock, Failure> {
    let bytes = file::read(session.directory(), path, LIMIT)?;
    let text = String::from_utf8_lossy(&bytes);
    TagsLock::parse(&text).map_err(|(line, source)| Failure::TagFile {
        path: format!("{path}:{line}"),
        source,
    })
}

fn read_or_none(path: &str, session: &Session<'_>) -> Result<TagsLock, Failure> {
    match read(path, session) {
        Err(Failure::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(TagsLock::default()),
        other => other,
    }
}

/// The longest lock file that is read, in bytes.
const LIMIT: u64 = 32 * 1024 * 1024;
