//! `tags status`: what is said of tags, and until when; nothing is remembered.

use clap::Args;
use countersign_core::tag::State;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::super::Subcommand;
use super::believed::{Believed, BelievedArgs, Found, PARALLEL, Run};
use super::names;
use super::verify::object;
use crate::args::image::at_least;
use crate::args::output::{OutputArgs, OutputFormat};
use crate::args::tag_state::TagStateArgs;
use crate::diagnostic::{Diagnostic, explain};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Shows what is said of tags
#[derive(Args)]
pub(super) struct Status {
    /// The tags; a repository stands for all of its tags
    #[arg(value_name = "REPOSITORY[:TAG]", id = "tags")]
    tags: Vec<String>,

    #[command(flatten)]
    believed: BelievedArgs,
    #[command(flatten)]
    state: TagStateArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Subcommand for Status {
    const NAME: &'static str = "tags status";
    const ABOUT: &'static str = "Lists tags with their numbers, until when they hold, and who says so";
    const ARGUMENTS: &'static str = "REPOSITORY[:TAG]...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        at_least(1, &self.tags)?;
        let state = self.state.read(session)?;
        session.wait(self.status(&state, session))
    }
}

impl Status {
    /// Fails only where it is not known what is said.
    async fn status(&self, state: &State, session: &Session<'_>) -> Result<(), Failure> {
        let opened = self.believed.open(session).await?;
        let run = opened.run(&self.believed, session)?;
        let names = names::all(&self.tags, run.registry).await?;
        let mut rows = stream::iter(&names)
            .map(|text| async { (text.as_str(), self.one(text, &run, state).await) })
            .buffered(PARALLEL);
        let mut table = vec![HEAD.map(str::to_owned)];
        let mut objects: Vec<Value> = Vec::new();
        let mut worst = None;
        while let Some((text, outcome)) = rows.next().await {
            let diagnostic = outcome
                .as_ref()
                .err()
                .map(|failure| explain(failure, session.program()));
            worst = worst.max(diagnostic.as_ref().map(|diagnostic| diagnostic.exit).filter(is_unknown));
            table.push(row(text, outcome.as_ref().ok(), diagnostic.as_ref()));
            let error = diagnostic.map(|diagnostic| json!(diagnostic.into_body()));
            objects.push(object(text, outcome.ok().as_ref(), error));
        }
        match self.output.format() {
            Some(OutputFormat::Json) => session.ui().print_json(&json!({"schemaVersion": 1, "tags": objects}))?,
            _ => session.ui().print(aligned(&table).as_bytes())?,
        }
        worst.map_or(Ok(()), |exit| Err(Failure::Told { exit }))
    }

    async fn one(&self, text: &str, run: &Run<'_, '_>, state: &State) -> Result<(Found, Believed), Failure> {
        let found = run.find(text).await?;
        let rules = self.believed.rules(&found.name, None);
        let believed = found.judge(&rules, &mut state.clone(), run.session.now())?;
        Ok((found, believed))
    }
}

/// Says whether a failure is that nothing is known, rather than that what is known is not good.
fn is_unknown(exit: &Exit) -> bool {
    matches!(exit, Exit::CouldNotTell | Exit::Corrupt | Exit::Denied)
}

fn row(text: &str, verified: Option<&(Found, Believed)>, diagnostic: Option<&Diagnostic>) -> [String; 6] {
    let Some((found, believed)) = verified else {
        let reason = diagnostic.map_or("", |diagnostic| diagnostic.exit.name());
        let none = || "-".to_owned();
        return [text.to_owned(), reason.to_owned(), none(), none(), none(), none()];
    };
    [
        text.to_owned(),
        "fresh".to_owned(),
        believed.statement.sequence.to_string(),
        believed.statement.period.expires().to_string(),
        found.image.digest().to_string(),
        believed.signer.clone(),
    ]
}

/// A table whose columns begin below each other.
fn aligned(rows: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

const HEAD: [&str; 6] = ["TAG", "STATUS", "SEQUENCE", "EXPIRES", "DIGEST", "SIGNED BY"];
