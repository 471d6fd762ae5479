//! `tags verify`: whether tags are where their signers say, and that nothing newer was seen.

use clap::Args;
use countersign_core::tag::{Recalled, TagsLock, TimeSource};
use serde_json::{Map, Value, json};

use super::super::Subcommand;
use super::believed::{Believed, BelievedArgs, Found, Run};
use super::lock;
use crate::args::image::at_least;
use crate::args::output::{OutputArgs, OutputFormat};
use crate::args::tag_state::TagStateArgs;
use crate::failure::Failure;
use crate::session::Session;
use crate::verdicts::Verdicts;

/// Verifies where tags point
#[derive(Args)]
pub(super) struct Verify {
    /// The tags; with a digest, whether that is the one that the tag must have now
    #[arg(value_name = "REPOSITORY:TAG[@DIGEST]", id = "tags")]
    tags: Vec<String>,

    #[command(flatten)]
    believed: BelievedArgs,
    #[command(flatten)]
    state: TagStateArgs,
    #[command(flatten)]
    output: OutputArgs,

    /// The lock file: the tags must be in it, with the digests that they have, and no older
    #[arg(long, value_name = "FILE")]
    locked: Option<String>,
}

impl Subcommand for Verify {
    const NAME: &'static str = "tags verify";
    const ABOUT: &'static str = "Verifies that tags are where their signers say now: not expired, not rolled back";
    const ARGUMENTS: &'static str = "REPOSITORY:TAG...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        at_least(1, &self.tags)?;
        let lock = match &self.locked {
            Some(path) => Some(lock::read(path, session)?),
            None => None,
        };
        session.wait(self.verify(lock.as_ref(), session))
    }
}

impl Verify {
    async fn verify(&self, lock: Option<&TagsLock>, session: &Session<'_>) -> Result<(), Failure> {
        let opened = self.believed.open(session).await?;
        let run = opened.run(&self.believed, session)?;
        let mut verdicts = Verdicts::default();
        let mut objects = Vec::new();
        for text in &self.tags {
            let outcome = self.one(text, &run, lock).await;
            let diagnostic = verdicts.note(&outcome, session.program());
            match (self.output.format(), outcome, diagnostic) {
                (Some(OutputFormat::Json), outcome, diagnostic) => {
                    let error = diagnostic.map(|diagnostic| json!(diagnostic.into_body()));
                    objects.push(object(text, outcome.ok().as_ref(), error));
                }
                (_, Ok((found, believed)), _) => self.tell(&found, &believed, session)?,
                (_, Err(_), Some(diagnostic)) => session.ui().report_as_text(&diagnostic),
                (_, Err(failure), None) => return Err(failure),
            }
        }
        if self.output.format() == Some(OutputFormat::Json) {
            session.ui().print_json(&json!({"schemaVersion": 1, "tags": objects}))?;
        }
        verdicts.end()
    }

    /// Fetches first, then judges and remembers while nobody else does.
    async fn one(&self, text: &str, run: &Run<'_, '_>, lock: Option<&TagsLock>) -> Result<(Found, Believed), Failure> {
        let found = run.find(text).await?;
        let mut known = self.state.open(run.session).await?;
        let rules = self.believed.rules(&found.name, lock);
        let believed = found.judge(&rules, &mut known.state, run.session.now())?;
        known.write(run.session)?;
        Ok((found, believed))
    }

    fn tell(&self, found: &Found, believed: &Believed, session: &Session<'_>) -> Result<(), Failure> {
        let statement = &believed.statement;
        let mut text = format!(
            "\nVerification for {} --\n  - sequence {}, by {}\n  - issued {}, expires {}\n  - signed {} by {}\n",
            found.name,
            statement.sequence,
            believed.signer,
            statement.period.issued(),
            statement.period.expires(),
            believed.dated.at,
            believed.dated.source,
        );
        text.push_str(&match &believed.recalled {
            Recalled::Nothing => {
                let state = self.state.shown(session)?;
                format!("  - first use: {state} says nothing of the tag, so an older statement would be believed too\n")
            }
            Recalled::Known { sequence, signer } if *signer != believed.signer => {
                format!("  - sequence {sequence} was seen before, by ANOTHER SIGNER: {signer}\n")
            }
            Recalled::Known { sequence, .. } => format!("  - sequence {sequence} was seen before\n"),
        });
        if let Some(set) = believed.set {
            text.push_str(&format!("  - as in the tag set of the repository, sequence {set}\n"));
        }
        session.ui().tell(&text);
        session.ui().print_line(&found.image.to_string())
    }
}

/// What is told to programs of a tag.
pub(super) fn object(text: &str, verified: Option<&(Found, Believed)>, error: Option<Value>) -> Value {
    let mut all = Map::new();
    all.insert("tag".to_owned(), text.into());
    all.insert("verified".to_owned(), verified.is_some().into());
    if let Some((found, believed)) = verified {
        all.insert("name".to_owned(), found.name.to_string().into());
        all.insert("digest".to_owned(), found.image.digest().to_string().into());
        facts(believed, &mut all);
    }
    if let Some(error) = error {
        all.insert("error".to_owned(), error);
    }
    Value::Object(all)
}

/// What a statement says, and how it is known.
pub(super) fn facts(believed: &Believed, all: &mut Map<String, Value>) {
    let statement = &believed.statement;
    let (source, of) = match &believed.dated.source {
        TimeSource::Log(url) => ("log", Some(url.as_str())),
        TimeSource::TimestampAuthority => ("timestamp-authority", None),
        _ => ("signer", None),
    };
    let seen = match &believed.recalled {
        Recalled::Nothing => Value::Null,
        Recalled::Known { sequence, signer } => json!({"sequence": sequence.number(), "signer": signer}),
    };
    let facts = [
        ("sequence", statement.sequence.number().into()),
        ("issued", statement.period.issued().to_string().into()),
        ("expires", statement.period.expires().to_string().into()),
        ("signer", believed.signer.as_str().into()),
        (
            "time",
            json!({"at": believed.dated.at.to_string(), "by": source, "of": of}),
        ),
        ("seen", seen),
        ("set", believed.set.map(|set| set.number()).into()),
    ];
    all.extend(facts.map(|(key, value): (_, Value)| (key.to_owned(), value)));
}
