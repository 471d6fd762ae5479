//! `tags renew`: says again, for longer, what is said of tags and still true. Made for cron.

use clap::Args;
use countersign::attachment::Place;
use countersign::sign::Subject;
use countersign::tags::Statements;
use countersign_core::tag::{Candidate, Period, State, TagName, TagRefusal, TagRules, TagStatement, judge};
use countersign_oci::{Registry, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::super::Subcommand;
use super::believed::decide;
use super::names::{self, Named};
use super::own::{Own, OwnArgs, Said, Wanted};
use crate::args::duration::Lifetime;
use crate::args::image::at_least;
use crate::args::tag_state::{TagState, TagStateArgs};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;
use crate::verdicts::Verdicts;

/// Renews what is said of tags
#[derive(Args)]
pub(super) struct Renew {
    /// The tags, or with --all repositories
    #[arg(value_name = "REPOSITORY[:TAG]", id = "tags")]
    tags: Vec<String>,

    #[command(flatten)]
    own: OwnArgs,
    #[command(flatten)]
    state: TagStateArgs,

    /// For how long it holds: 24h, 7d; without it, for as long as before
    #[arg(long, value_name = "DURATION")]
    ttl: Option<Lifetime>,

    /// Renews only what would expire within this time: 72h, 3d
    #[arg(long, value_name = "DURATION")]
    if_expires_within: Option<Lifetime>,

    /// Renews every tag of the repositories of which this signer has said anything
    #[arg(long)]
    all: bool,

    /// Signs also where the tag has got another digest, of which nothing is said yet
    #[arg(long)]
    accept_new_digest: bool,

    /// Deletes one's own bundles of statements that were renewed and expired more than 30 days ago
    #[arg(long)]
    prune: bool,
}

impl Subcommand for Renew {
    const NAME: &'static str = "tags renew";
    const ABOUT: &'static str = "Signs again what expires soon, if it is still true";
    const ARGUMENTS: &'static str = "REPOSITORY[:TAG]...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        at_least(1, &self.tags)?;
        if let Some(repository) = self.tags.iter().find(|text| names::has_tag(text) == self.all) {
            let reason = match self.all {
                true => format!("--all is of repositories, and {repository} is a tag"),
                false => format!("{repository} is a repository: name a tag, or pass --all"),
            };
            return Err(UsageError::because(reason).into());
        }
        let chosen = self.own.check(session)?;
        session.wait(async {
            let registry = self.own.registry.open(session)?;
            let http = self.own.registry.http(session)?;
            let own = self.own.open(&chosen, session, &http).await?;
            let mut verdicts = Verdicts::default();
            for text in names::all(&self.tags, &registry).await? {
                let outcome = self.one(&text, &own, &registry).await;
                if let Some(diagnostic) = verdicts.note(&outcome, session.program()) {
                    session.ui().report_as_text(&diagnostic);
                }
            }
            verdicts.end()
        })
    }
}

impl Renew {
    async fn one(&self, text: &str, own: &Own<'_, '_>, registry: &Registry) -> Result<(), Failure> {
        let named = self.own.repository.open(text, registry, own.session).await?;
        if named.has_digest() {
            let reason = format!("{text}: what is renewed is the tag as it is, so name it without a digest");
            return Err(UsageError::because(reason).into());
        }
        let subject = named.subject().await?;
        let mut known = self.state.open(own.session).await?;
        let found = own.earlier(&named.name, &subject.image, named.store()).await?;
        let now = own.session.now();
        let newest = match self.still_true(&named, &subject, &found, &known.state, now)? {
            Standing::Nothing => return Ok(()),
            Standing::Moved => None,
            Standing::Said(newest) => Some(newest),
        };
        match newest.as_ref().filter(|newest| self.is_far(newest, now)) {
            Some(newest) => own.session.ui().info(&format!(
                "{} needs no renewal: it expires {}",
                named.name,
                newest.period.expires()
            )),
            None => {
                let period = self.period(newest.as_ref(), now)?;
                renew(&named, &subject, &found, period, own, &mut known).await?;
            }
        }
        match (self.prune, &newest) {
            (true, Some(newest)) => self.prune(&named, newest, &found, own, now).await,
            _ => Ok(()),
        }
    }

    /// Judges what is said now as `tags verify` does: what is not true any more is not said again.
    fn still_true(
        &self,
        named: &Named,
        subject: &Subject,
        found: &Statements,
        state: &State,
        now: Timestamp,
    ) -> Result<Standing, Failure> {
        let (name, image) = (&named.name, &subject.image);
        let refusal = match decide(name, image, found, &TagRules::NONE, state, now) {
            Ok(fresh) => return Ok(Standing::Said(fresh.candidate.statement.clone())),
            Err(Failure::Tag { refusal, found: lines }) => match *refusal {
                TagRefusal::NotSigned { .. } if self.all && state.known(name).is_none() => {
                    return Ok(Standing::Nothing);
                }
                TagRefusal::NotSigned { .. } if self.accept_new_digest => return Ok(Standing::Moved),
                refusal => Failure::Tag {
                    refusal: Box::new(refusal),
                    found: lines,
                },
            },
            Err(other) => return Err(other),
        };
        // Two have renewed at once: each of both must be true by itself, and one more statement settles it.
        match (&refusal, one_of_twins(name, found, state)) {
            (Failure::Tag { refusal: twins, .. }, Some(one)) if matches!(**twins, TagRefusal::Equivocation { .. }) => {
                let one = [one];
                let fresh = judge(name, image.digest(), &one, &TagRules::NONE, state, now).map_err(Failure::tag)?;
                Ok(Standing::Said(fresh.candidate.statement.clone()))
            }
            _ => Err(refusal),
        }
    }

    fn is_far(&self, statement: &TagStatement, now: Timestamp) -> bool {
        let left = statement.period.expires().duration_since(now);
        self.if_expires_within.is_some_and(|within| left > within.span())
    }

    fn period(&self, newest: Option<&TagStatement>, now: Timestamp) -> Result<Period, Failure> {
        let before = newest.map(|statement| statement.period.length());
        let ttl = self.ttl.map(Lifetime::span).or(before).unwrap_or(USUAL);
        let period = now.checked_add(ttl).ok().and_then(|expires| Period::new(now, expires));
        period.ok_or_else(|| UsageError::because("--ttl: it would expire after the end of time").into())
    }

    /// Deletes bundles of older statements that nobody can believe any more.
    async fn prune(
        &self,
        named: &Named,
        newest: &TagStatement,
        found: &Statements,
        own: &Own<'_, '_>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        for (place, statement) in &found.places {
            let is_old = now.duration_since(statement.period.expires()) > KEPT && statement.sequence < newest.sequence;
            let Place::Referrer(referrer) = place else { continue };
            if !is_old {
                continue;
            }
            let location = own.location(&named.reference().clone().pin(statement.digest.clone()))?;
            let removed = named
                .store()
                .remove_referrer(location.repository(), &statement.digest, referrer);
            match removed.await {
                Ok(()) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            own.session.ui().info(&format!(
                "Deleted {referrer}: {} sequence {} expired {}",
                statement.name,
                statement.sequence,
                statement.period.expires()
            ));
        }
        Ok(())
    }
}

/// What is said of a tag as it is.
enum Standing {
    /// This, and it is true.
    Said(TagStatement),
    /// Nothing of the digest that it has now.
    Moved,
    /// Nothing at all.
    Nothing,
}

/// Says it again, under the next number.
async fn renew(
    named: &Named,
    subject: &Subject,
    found: &Statements,
    period: Period,
    own: &Own<'_, '_>,
    known: &mut TagState,
) -> Result<(), Failure> {
    let name = &named.name;
    let mut said = Said::of_state(&known.state, name);
    said.extend(found);
    if said.is_empty() {
        let reason = format!("{name}: nothing that was said before is known; `tags sign` begins");
        return Err(UsageError::because(reason).into());
    }
    let wanted = Wanted {
        name: name.clone(),
        period,
        sequence: None,
    };
    let statement = own.say(&wanted, subject, named.store(), said).await?;
    known.state.know(name.clone(), own.known(&statement));
    known.write(own.session)?;
    let (sequence, expires) = (statement.sequence, statement.period.expires());
    own.session.ui().info(&format!(
        "Renewed {name} at {}: sequence {sequence}, expires {expires}",
        statement.digest
    ));
    Ok(())
}

/// Of the newest statements the one that was seen before, or any.
fn one_of_twins(name: &TagName, found: &Statements, state: &State) -> Option<Candidate> {
    let newest = found
        .candidates
        .iter()
        .map(|candidate| candidate.statement.sequence)
        .max()?;
    let mut twins = found
        .candidates
        .iter()
        .filter(|candidate| candidate.statement.sequence == newest);
    let known = state.known(name).filter(|known| known.sequence == newest);
    match known {
        Some(known) => twins.find(|twin| twin.statement.id() == known.statement),
        None => twins.next(),
    }
    .cloned()
}

/// For how long a statement holds where nothing says it.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a statement is kept after it expired.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
