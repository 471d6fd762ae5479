//! Adding to what a tag holds without losing what others add at the same time.
//!
//! Registries offer a tag as a bare register: one request reads it, another overwrites it. Two writers who read the same
//! state overwrite each other, and both are told of success. [`append`] makes an addition that stays.

use std::time::Duration;

use countersign_core::Digest;
use futures_util::future::try_join_all;
use tokio::time::Instant;

use crate::blob::Upload;
use crate::error::StoreError;
use crate::http::retry::random_part;
use crate::manifest::Manifest;
use crate::reference::Reference;
use crate::store::{Condition, Replacement, Store};

/// What an entry makes of the manifest that a tag has now.
pub enum Merge {
    /// The entry is there.
    Present,
    /// The tag must point at this.
    Write {
        /// The manifest with the entry in it, and with everything that the one before had.
        manifest: Box<Manifest>,
        /// What it refers to and the store may not have yet.
        blobs: Vec<Upload>,
    },
}

/// Writes what `merge` makes of the manifest under `tag`, again and again until the entry is there to stay.
///
/// `merge` is called with the manifest that the tag has, or `None` where there is no such tag, and must keep what it finds.
///
/// # Why an entry stays
///
/// Where the store checks conditions ([`Replacement::Checked`]), each replacement is a compare-and-swap, and there is
/// nothing more to show.
///
/// Elsewhere all rests on one assumption: every writer's replacement takes effect within a time *W* of the moment at
/// which the writer last saw the state that it builds on. Writers keep to it by looking again (one `HEAD`) right before
/// they write when preparing took long. Then this is the rule: a state that has the entry and is seen unchanged over
/// a time of at least *W* will have the entry for ever. For take the moment of the first look. Whoever saw an earlier
/// state has written before the second look, by the assumption; as the second look finds the same state, which nobody
/// else can have written (a state differs from all those it was built from), he wrote before the first. So every later
/// write builds on this state or on one that was built on it, and `merge` keeps all entries.
///
/// It is not enough that the entry is *found* at a later look: with many writers a state without the entry and one with
/// it can replace each other several times. Only an unchanged state is proof.
///
/// *W* is eight times as long as our own last replacement took from look to answer, at least 200 ms, at least a second
/// once another writer was noticed, and at most 5 s; it grows where this machine is so busy that our own sleep ends late.
/// A writer that stops for longer between its look and its write, or one of another make that looks once and writes
/// minutes later, can still undo us: no client can prevent that without the registry's help.
///
/// # Errors
/// What `merge` says; [`StoreError::Contended`] where others kept replacing the entry for three minutes;
/// [`StoreError::NotStored`] where the store says that it has written and has not; and what else the store says, except
/// for a passing failure of a replacement, after which the state is read anew.
pub async fn append<S: Store>(
    store: &S,
    tag: &Reference,
    merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
) -> Result<(), StoreError> {
    let mut race = Race::start(tag);
    loop {
        let looked = Look::now(store, tag).await?;
        match merge(looked.manifest.as_ref())? {
            Merge::Present if race.writes == 0 => return Ok(()),
            Merge::Present => {
                if is_settled(store, tag, looked.digest(), merge, &mut race).await? {
                    return Ok(());
                }
            }
            Merge::Write { manifest, blobs } => {
                let prepared = prepare(store, tag, looked, &blobs).await?;
                if let Some(looked) = prepared
                    && is_written(store, tag, &looked, &manifest, &mut race).await?
                {
                    return Ok(());
                }
                if race.is_unproven && is_settled(store, tag, Some(manifest.digest().clone()), merge, &mut race).await?
                {
                    return Ok(());
                }
            }
        }
        race.lose().await?;
    }
}

/// What a tag pointed at.
struct Look {
    started: Instant,
    answered: Instant,
    manifest: Option<Manifest>,
}

impl Look {
    async fn now<S: Store>(store: &S, tag: &Reference) -> Result<Self, StoreError> {
        let started = Instant::now();
        let manifest = look(store, tag).await?;
        Ok(Self {
            started,
            answered: Instant::now(),
            manifest,
        })
    }

    fn digest(&self) -> Option<Digest> {
        self.manifest.as_ref().map(|manifest| manifest.digest().clone())
    }
}

/// Stores what the manifest refers to, and looks again where that took long; `None` when the tag has changed meanwhile.
async fn prepare<S: Store>(
    store: &S,
    tag: &Reference,
    looked: Look,
    blobs: &[Upload],
) -> Result<Option<Look>, StoreError> {
    let uploads = blobs.iter().map(|blob| store.push_blob(tag.repository(), blob));
    try_join_all(uploads).await?;
    if looked.answered.elapsed() < FRESH {
        return Ok(Some(looked));
    }
    let started = Instant::now();
    let is_same = digest_now(store, tag).await? == looked.digest();
    Ok(is_same.then_some(Look { started, ..looked }))
}

/// Replaces the tag; says whether that is final.
async fn is_written<S: Store>(
    store: &S,
    tag: &Reference,
    looked: &Look,
    manifest: &Manifest,
    race: &mut Race,
) -> Result<bool, StoreError> {
    let condition = looked.digest().map_or(Condition::Absent, Condition::Unchanged);
    let outcome = store.replace(tag, manifest, condition).await;
    race.gap = looked.started.elapsed();
    race.base = looked.digest();
    if outcome.is_ok() {
        race.failures = 0;
    }
    match outcome {
        Ok(Replacement::Checked) => Ok(true),
        Ok(Replacement::Unchecked) => {
            race.writes += 1;
            race.is_unproven = true;
            Ok(false)
        }
        Err(StoreError::Changed { .. }) => Ok(false),
        // It may have been written all the same; the next look tells.
        Err(error) if is_passing(&error) => race.fail(error).map(|()| false),
        Err(error) => Err(error),
    }
}

/// Waits until a state with the entry stays; `false` when the entry is gone.
async fn is_settled<S: Store>(
    store: &S,
    tag: &Reference,
    mut seen: Option<Digest>,
    merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
    race: &mut Race,
) -> Result<bool, StoreError> {
    race.is_unproven = false;
    let mut since = Instant::now();
    let mut share = race.first_share();
    loop {
        race.wait(since, share).await;
        let now = digest_now(store, tag).await?;
        if now == seen {
            if share == WHOLE {
                return Ok(true);
            }
            share = WHOLE;
            continue;
        }
        if now == race.base {
            race.note_untaken()?;
            return Ok(false);
        }
        race.is_contended = true;
        race.untaken = 0;
        race.check_limits()?;
        let looked = Look::now(store, tag).await?;
        match merge(looked.manifest.as_ref())? {
            Merge::Present => seen = looked.digest(),
            Merge::Write { .. } => return Ok(false),
        }
        since = looked.answered;
        share = race.first_share();
    }
}

async fn look<S: Store>(store: &S, tag: &Reference) -> Result<Option<Manifest>, StoreError> {
    match store.manifest(tag).await {
        Ok(manifest) => Ok(Some(manifest)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn digest_now<S: Store>(store: &S, tag: &Reference) -> Result<Option<Digest>, StoreError> {
    match store.resolve(tag).await {
        Ok(pinned) => Ok(Some(pinned.digest().clone())),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says whether a failure may go away by itself.
fn is_passing(error: &StoreError) -> bool {
    match error {
        StoreError::Connection { .. } | StoreError::Unsettled { .. } => true,
        StoreError::Status { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
        _ => false,
    }
}

/// How one addition fares against other writers.
struct Race {
    tag: String,
    started: Instant,
    /// From the last look to the answer to the last replacement.
    gap: Duration,
    writes: u32,
    losses: u32,
    /// How often in a row a replacement failed by the registry's fault.
    failures: u32,
    is_contended: bool,
    /// What was written is still to be looked at.
    is_unproven: bool,
    /// What the tag had before the last replacement.
    base: Option<Digest>,
    /// How often in a row the tag was as before.
    untaken: u32,
}

impl Race {
    fn start(tag: &Reference) -> Self {
        Self {
            tag: tag.to_string(),
            started: Instant::now(),
            gap: Duration::ZERO,
            writes: 0,
            losses: 0,
            failures: 0,
            is_contended: false,
            is_unproven: false,
            base: None,
            untaken: 0,
        }
    }

    /// Among others, what was written is looked at early as well: most of what is lost is lost soon.
    fn first_share(&self) -> u32 {
        if self.is_contended { EARLY } else { WHOLE }
    }

    /// Waits until a share of *W* has passed, in short sleeps that show how busy the machine is.
    async fn wait(&self, since: Instant, share: u32) {
        let least = if self.is_contended { LEAST_CONTENDED } else { LEAST };
        let mut late = Duration::ZERO;
        loop {
            let goal = (self.gap.max(late) * FACTOR).clamp(least, MOST) / share;
            let left = goal.saturating_sub(since.elapsed());
            if left.is_zero() {
                return;
            }
            let nap = left.min(NAP);
            let asleep = Instant::now();
            tokio::time::sleep(nap).await;
            late = late.max(asleep.elapsed().saturating_sub(nap));
        }
    }

    /// Notes that another writer was faster, and stays away for a random time, so that the writers spread.
    async fn lose(&mut self) -> Result<(), StoreError> {
        self.is_contended = true;
        self.check_limits()?;
        let window = self.gap.max(SHORTEST_GAP) * (4 << self.losses.min(4));
        self.losses += 1;
        tokio::time::sleep(random_part(window.min(MOST))).await;
        Ok(())
    }

    fn fail(&mut self, error: StoreError) -> Result<(), StoreError> {
        self.writes += 1;
        self.failures += 1;
        if self.failures > FAILURES { Err(error) } else { Ok(()) }
    }

    fn note_untaken(&mut self) -> Result<(), StoreError> {
        self.untaken += 1;
        if self.untaken < UNTAKEN {
            return Ok(());
        }
        Err(StoreError::NotStored { what: self.tag.clone() })
    }

    fn check_limits(&self) -> Result<(), StoreError> {
        if self.started.elapsed() < LIMIT {
            return Ok(());
        }
        Err(StoreError::Contended {
            what: self.tag.clone(),
            attempts: self.writes.max(self.losses),
        })
    }
}

/// How long a look stays good enough to write after it.
const FRESH: Duration = Duration::from_millis(40);

/// How many times longer than our own replacement another's may take.
const FACTOR: u32 = 8;

/// The shortest wait before the last look.
const LEAST: Duration = Duration::from_millis(200);

/// The shortest wait where other writers are about.
const LEAST_CONTENDED: Duration = Duration::from_secs(1);

/// The longest wait, for this and for staying away.
const MOST: Duration = Duration::from_secs(5);

/// The length of one sleep of a wait.
const NAP: Duration = Duration::from_millis(25);

/// The least that a replacement is taken to need.
const SHORTEST_GAP: Duration = Duration::from_millis(5);

/// How often in a row a replacement may fail by the registry's fault.
const FAILURES: u32 = 4;

/// How long other writers may keep replacing the entry.
const LIMIT: Duration = Duration::from_secs(170);

/// All of *W*.
const WHOLE: u32 = 1;

/// A quarter of it.
const EARLY: u32 = 4;

/// How often in a row a replacement may leave the tag as it was.
const UNTAKEN: u32 = 3;
