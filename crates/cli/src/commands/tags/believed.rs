//! Whether a tag is believed: what is fetched, the judgement, what is told.

use clap::Args;
use countersign::attachment::discover::Limits;
use countersign::tags::{Statements, StoredSet, fetch_set, statements};
use countersign::verify::Rules;
use countersign_core::policy::Claim;
use countersign_core::tag::{
    Dated, Fresh, Recalled, SET_TAG, Sequence, State, TagName, TagRefusal, TagRules, TagStatement, TagsLock,
    TimestampDemand, judge,
};
use countersign_oci::http::Http;
use countersign_oci::{Pinned, Registry};
use jiff::Timestamp;
use std::collections::BTreeMap;

use super::names::{self, Named, RepositoryArgs};
use crate::args::attachment::{self, LocationArgs};
use crate::args::duration::Lifetime;
use crate::args::registry::RegistryArgs;
use crate::args::trusted_signer::{Terms, TrustedSignerArgs};
use crate::diagnostic::{candidates, chain};
use crate::failure::Failure;
use crate::session::Session;

/// How tags are verified.
#[derive(Args)]
pub(super) struct BelievedArgs {
    #[command(flatten)]
    pub(super) trusted: TrustedSignerArgs,
    #[command(flatten)]
    location: LocationArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) repository: RepositoryArgs,

    /// How long ago the statement may have been made: 24h, 7d; by a log or a timestamp authority where one proves it
    #[arg(long, value_name = "DURATION")]
    max_age: Option<Lifetime>,

    /// For how long the statement may be valid: 24h, 7d
    #[arg(long, value_name = "DURATION")]
    max_ttl: Option<Lifetime>,

    /// Asks that a log or a timestamp authority proves when the statement was made
    #[arg(long)]
    require_timestamp: bool,

    /// Asks that the set of the repository's tags has the tag as it is
    #[arg(long)]
    set: bool,
}

/// What was fetched of a tag.
pub(super) struct Found {
    pub(super) name: TagName,
    pub(super) image: Pinned,
    said: Statements,
    set: Option<FoundSet>,
}

/// What was fetched of the set of its repository.
struct FoundSet {
    name: TagName,
    stored: StoredSet,
    said: Statements,
}

/// A tag that is believed.
pub(super) struct Believed {
    pub(super) statement: TagStatement,
    pub(super) signer: String,
    pub(super) dated: Dated,
    pub(super) recalled: Recalled,
    pub(super) set: Option<Sequence>,
}

/// What tags are verified by.
pub(super) struct Run<'a, 'w> {
    pub(super) args: &'a BelievedArgs,
    pub(super) session: &'a Session<'w>,
    pub(super) registry: &'a Registry,
    pub(super) rules: Rules<'a>,
    pub(super) limits: Limits,
}

/// The registry, and who must have signed.
pub(super) struct Opened {
    registry: Registry,
    http: Http,
    terms: Terms,
}

impl Opened {
    /// What tags are verified by, as the flags say.
    pub(super) fn run<'a, 'w>(
        &'a self,
        args: &'a BelievedArgs,
        session: &'a Session<'w>,
    ) -> Result<Run<'a, 'w>, Failure> {
        Ok(Run {
            args,
            session,
            registry: &self.registry,
            rules: self.terms.rules_online(&self.http),
            limits: limits(session)?,
        })
    }
}

impl BelievedArgs {
    /// Opens the registry and reads who must have signed; annotations are looked at later, each reason by itself.
    pub(super) async fn open(&self, session: &Session<'_>) -> Result<Opened, Failure> {
        let registry = self.registry.open(session)?;
        let http = self.registry.http(session)?;
        let claim = Claim::signature(BTreeMap::new());
        let terms = self.trusted.terms(claim, "signature", session, &http).await?;
        Ok(Opened { registry, http, terms })
    }

    /// What is asked of a statement.
    pub(super) fn rules<'a>(&self, name: &TagName, lock: Option<&'a TagsLock>) -> TagRules<'a> {
        TagRules {
            max_age: self.max_age.map(Lifetime::span),
            max_ttl: self.max_ttl.map(Lifetime::span),
            timestamp: match self.require_timestamp {
                true => TimestampDemand::Required,
                false => TimestampDemand::NotAsked,
            },
            locked: lock.map(|lock| lock.locked(name)),
        }
    }
}

impl Run<'_, '_> {
    /// Fetches what is said of a tag, and of the set of its repository where that is asked for.
    pub(super) async fn find(&self, text: &str) -> Result<Found, Failure> {
        let named = self.args.repository.open(text, self.registry, self.session).await?;
        let image = named.pin().await?;
        let said = self.said(&named.name, &image, &named).await?;
        let set = match self.args.set {
            true => Some(self.find_set(&named).await?),
            false => None,
        };
        Ok(Found {
            name: named.name,
            image,
            said,
            set,
        })
    }

    async fn find_set(&self, named: &Named) -> Result<FoundSet, Failure> {
        let repository = named.reference().repository();
        let name = named.name.sibling(SET_TAG).map_err(names::unusable)?;
        let Some(stored) = fetch_set(repository, named.store()).await? else {
            let image = repository.tag(SET_TAG)?.to_string();
            return Err(Failure::NoTag { image });
        };
        let said = self.said(&name, &stored.image, named).await?;
        Ok(FoundSet { name, stored, said })
    }

    async fn said(&self, name: &TagName, image: &Pinned, named: &Named) -> Result<Statements, Failure> {
        let location = self.args.location.of(image, self.session)?;
        let now = self.session.now();
        Ok(statements(name, image, named.store(), &location, self.rules, &self.limits, now).await?)
    }
}

impl Found {
    /// Judges what was fetched by what was seen before, the set first; notes in `state` what is believed.
    pub(super) fn judge(&self, rules: &TagRules<'_>, state: &mut State, now: Timestamp) -> Result<Believed, Failure> {
        let mut noted = state.clone();
        if let Some(set) = &self.set {
            let alone = TagRules { locked: None, ..*rules };
            let fresh = decide(&set.name, &set.stored.image, &set.said, &alone, state, now)?;
            let known = state.known_set(set.name.repository());
            set.stored.set.check(&set.name, known).map_err(Failure::tag)?;
            noted.note(&fresh, now);
            noted.note_set(&set.stored.set);
        }
        let fresh = decide(&self.name, &self.image, &self.said, rules, state, now)?;
        if let Some(set) = &self.set {
            let statement = &fresh.candidate.statement;
            set.stored.set.check_tag(statement).map_err(Failure::tag)?;
        }
        noted.note(&fresh, now);
        *state = noted;
        Ok(Believed {
            statement: fresh.candidate.statement.clone(),
            signer: fresh.candidate.signer.clone(),
            dated: fresh.dated,
            recalled: fresh.recalled,
            set: self.set.as_ref().map(|set| set.stored.set.sequence()),
        })
    }
}

/// Judges, and says what else is attached where nothing is said of the tag.
pub(super) fn decide<'a>(
    name: &TagName,
    image: &Pinned,
    said: &'a Statements,
    rules: &TagRules<'_>,
    state: &State,
    now: Timestamp,
) -> Result<Fresh<'a>, Failure> {
    judge(name, image.digest(), &said.candidates, rules, state, now).map_err(|refusal| {
        let found = match &refusal {
            TagRefusal::NotSigned { .. } => others(said),
            _ => Vec::new(),
        };
        Failure::Tag {
            refusal: Box::new(refusal),
            found,
        }
    })
}

/// What is attached and says nothing of the tag, a line each.
fn others(said: &Statements) -> Vec<String> {
    let others = said.others.iter().take(SHOWN);
    let mut lines: Vec<String> = others
        .map(|(place, reason)| format!("  {place}: {}", chain(reason)))
        .collect();
    lines.extend(candidates(&said.refused));
    lines
}

/// The limits of what is read for a tag.
pub(super) fn limits(session: &Session<'_>) -> Result<Limits, Failure> {
    attachment::limits(PARALLEL, session)
}

/// How many requests are under way at once.
pub(super) const PARALLEL: usize = 16;

/// How many signatures that say nothing of the tag are shown.
const SHOWN: usize = 20;
