//! `tags sign`: says which digest a tag has, for a time.

use clap::Args;
use countersign_core::digest::Digest;
use countersign_core::tag::{Listed, Period, Sequence, TagName};
use countersign_oci::{Pinned, Registry};
use jiff::Timestamp;

use super::super::Subcommand;
use super::names::Named;
use super::own::{Own, OwnArgs, Said, Wanted};
use super::set::{self, Change};
use crate::args::duration::Lifetime;
use crate::args::image::at_least;
use crate::args::tag_state::{TagState, TagStateArgs};
use crate::args::usage::UsageError;
use crate::failure::Failure;
use crate::session::Session;

/// Signs where tags point
#[derive(Args)]
pub(super) struct Sign {
    /// The tags; with a digest, which need not be the one that the tag has yet
    #[arg(value_name = "REPOSITORY:TAG[@DIGEST]", id = "tags")]
    tags: Vec<String>,

    #[command(flatten)]
    own: OwnArgs,
    #[command(flatten)]
    state: TagStateArgs,

    /// For how long it holds: 24h, 7d
    #[arg(long, value_name = "DURATION", default_value = "7d", conflicts_with = "expires")]
    ttl: Lifetime,

    /// Until when it holds, instead of for how long: 2026-12-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,

    /// From when it holds, instead of from now; with --seq and --expires, to sign what another signer has signed
    #[arg(long, value_name = "TIME")]
    issued: Option<Timestamp>,

    /// Its number, instead of one more than the newest that is known
    #[arg(long, value_name = "NUMBER")]
    seq: Option<Sequence>,

    /// A digest that the tag had before, beside which the newest statement is looked for; repeat it for several
    #[arg(long, value_name = "DIGEST")]
    from: Vec<Digest>,

    /// Lists the tags in the set of their repository too, and signs that
    #[arg(long)]
    set: bool,

    /// Lists these tags as removed in the set of the repository; repeat it for several
    #[arg(long, value_name = "TAG", requires = "set")]
    removed: Vec<String>,
}

impl Subcommand for Sign {
    const NAME: &'static str = "tags sign";
    const ABOUT: &'static str = "Signs which digests tags have, until when, with a number that only grows";
    const ARGUMENTS: &'static str = "REPOSITORY:TAG[@DIGEST]...";

    fn run(self, session: &Session<'_>) -> Result<(), Failure> {
        at_least(1, &self.tags)?;
        let chosen = self.own.check(session)?;
        self.period(session.now())?;
        session.wait(async {
            let registry = self.own.registry.open(session)?;
            let http = self.own.registry.http(session)?;
            let own = self.own.open(&chosen, session, &http).await?;
            self.sign(&own, &registry).await
        })
    }
}

impl Sign {
    async fn sign(&self, own: &Own<'_, '_>, registry: &Registry) -> Result<(), Failure> {
        let mut known = self.state.open(own.session).await?;
        let mut changes: Vec<Change> = Vec::new();
        for text in &self.tags {
            let named = self.own.repository.open(text, registry, own.session).await?;
            let (name, listed) = self.one(&named, own, &mut known).await?;
            if self.set {
                set::add(&mut changes, &named, name.tag(), listed)?;
            }
        }
        for tag in &self.removed {
            set::remove(&mut changes, tag)?;
        }
        for change in &changes {
            let period = self.period(own.session.now())?;
            set::update(change, period, own, &mut known).await?;
        }
        Ok(())
    }

    /// Says where one tag is.
    async fn one(&self, named: &Named, own: &Own<'_, '_>, known: &mut TagState) -> Result<(TagName, Listed), Failure> {
        let (subject, present) = (named.subject().await?, named.present().await?);
        let said = self.said(named, &subject.image, present, own, known).await?;
        let wanted = Wanted {
            name: named.name.clone(),
            period: self.period(own.session.now())?,
            sequence: self.seq,
        };
        if said.is_empty() && self.seq.is_none() {
            own.session.ui().info(&format!(
                "{}: nothing that was said before is known, so this is number 1; where there was something, pass --from or --seq",
                named.name
            ));
        }
        let statement = own.say(&wanted, &subject, named.store(), said).await?;
        known.state.know(named.name.clone(), own.known(&statement));
        known.write(own.session)?;
        let (sequence, expires) = (statement.sequence, statement.period.expires());
        own.session.ui().info(&format!(
            "Signed that {} is {}: sequence {sequence}, expires {expires}",
            named.name, statement.digest
        ));
        own.session.ui().print_line(&subject.image.to_string())?;
        let listed = Listed::At {
            digest: statement.digest,
            sequence,
        };
        Ok((statement.name, listed))
    }

    /// What is known to have been said of a tag.
    async fn said(
        &self,
        named: &Named,
        image: &Pinned,
        present: Option<Pinned>,
        own: &Own<'_, '_>,
        known: &TagState,
    ) -> Result<Said, Failure> {
        let mut said = Said::of_state(&known.state, &named.name);
        let repository = named.reference().repository();
        let mut images = vec![image.clone()];
        images.extend(present);
        let from = self
            .from
            .iter()
            .map(|digest| repository.digest(digest.clone()).pin(digest.clone()));
        images.extend(from);
        for image in &images {
            said.extend(&own.earlier(&named.name, image, named.store()).await?);
        }
        if self.set {
            let stored = set::fetch(&named.name, repository, named.store(), own, &known.state).await?;
            if let Some(listed) = stored.as_ref().and_then(|stored| stored.set.listed(named.name.tag())) {
                // also of a tag that was removed
                said.add(listed.sequence(), None);
            }
        }
        Ok(said)
    }

    fn period(&self, now: Timestamp) -> Result<Period, Failure> {
        let issued = self.issued.unwrap_or(now);
        let expires = match self.expires {
            Some(expires) => Some(expires),
            None => issued.checked_add(self.ttl.span()).ok(),
        };
        let period = expires
            .filter(|expires| *expires > now)
            .and_then(|expires| Period::new(issued, expires));
        period.ok_or_else(|| UsageError::because("it must expire after it is issued, and after now").into())
    }
}
