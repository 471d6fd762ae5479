//! Adding to what a tag holds without losing what others add at the same time.
//!
//! Registries offer a tag as a bare register: one request reads it, another overwrites it. Two writers who read the same
//! state overwrite each other, and both are told of success. [`append`] makes an addition that stays.

mod race;

use std::collections::HashSet;
use std::time::Duration;

use countersign_core::Digest;
use futures_util::future::{try_join, try_join_all};
use tokio::time::Instant;

use self::race::{Race, WHOLE};
use crate::blob::Upload;
use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::reference::{Reference, Repository};
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
/// How long *W* must be nobody can know, as it is about the others; it is taken from what our own last replacement took,
/// from the start of the look to the end of the answer. That is the registry's work and two round trips, of which only
/// one lies between what the look saw and what the write did: over a slow network it is already twice what counts. *W* is
/// four times as long, and at least 300 ms, for a writer that is much further from the registry than we are; once another
/// writer was noticed, eight times as long and at least a second, as writers slow each other down. It is at most 5 s, and
/// grows where this machine is so busy that our own sleep ends late. A writer that stops for longer between its look and
/// its write, or one of another make that looks once and writes minutes later, can still undo us: no client can prevent
/// that without the registry's help.
///
/// What a [glance](Store::glance) showed is only good for storing blobs early. Every write is preceded by a look of its
/// own, so the time from look to write is as short with a glance as without.
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
    let mut stored = Stored::default();
    let looked = first_look(store, tag, merge, &mut stored).await?;
    append_to(looked, store, tag, merge, stored).await
}

/// Does what [`append`] does where the tag was looked at just now.
pub(crate) async fn append_to<S: Store>(
    mut looked: Look,
    store: &S,
    tag: &Reference,
    merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
    mut stored: Stored,
) -> Result<(), StoreError> {
    let mut race = Race::start(tag);
    loop {
        match merge(looked.manifest.as_ref())? {
            Merge::Present if race.writes == 0 => return Ok(()),
            Merge::Present => {
                if is_settled(store, tag, looked.digest(), merge, &mut race).await? {
                    return Ok(());
                }
            }
            Merge::Write { manifest, blobs } => {
                stored.add(store, tag.repository(), &blobs).await?;
                if let Some(looked) = refreshed(store, tag, looked).await?
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
        looked = Look::now(store, tag).await?;
    }
}

/// Looks at the tag. Where there was a glance at it before, the blobs that this asks for are stored meanwhile: most often
/// they are the right ones.
async fn first_look<S: Store>(
    store: &S,
    tag: &Reference,
    merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
    stored: &mut Stored,
) -> Result<Look, StoreError> {
    let Some(glance) = store.glance(tag) else {
        return Look::now(store, tag).await;
    };
    let blobs = match merge(glance.manifest.as_ref()) {
        Ok(Merge::Write { blobs, .. }) => blobs,
        // The look will tell.
        Ok(Merge::Present) | Err(_) => Vec::new(),
    };
    let again = Look::again(store, tag, glance.manifest);
    let (looked, ()) = try_join(again, stored.add(store, tag.repository(), &blobs)).await?;
    Ok(looked)
}

/// The blobs that were stored for an addition.
#[derive(Default)]
pub(crate) struct Stored(HashSet<Digest>);

impl Stored {
    /// Stores those that were not.
    async fn add<S: Store>(&mut self, store: &S, repository: &Repository, blobs: &[Upload]) -> Result<(), StoreError> {
        let is_missing = |blob: &&Upload| blob.digest.as_ref().is_none_or(|digest| !self.0.contains(digest));
        let missing = blobs.iter().filter(is_missing);
        let uploaded = try_join_all(missing.map(|blob| store.push_blob(repository, blob))).await?;
        self.0.extend(uploaded.into_iter().map(|uploaded| uploaded.digest));
        Ok(())
    }
}

/// What a tag pointed at.
pub(crate) struct Look {
    started: Instant,
    answered: Instant,
    manifest: Option<Manifest>,
}

impl Look {
    pub(crate) async fn now<S: Store>(store: &S, tag: &Reference) -> Result<Self, StoreError> {
        let started = Instant::now();
        let manifest = look(store, tag).await?;
        Ok(Self {
            started,
            answered: Instant::now(),
            manifest,
        })
    }

    /// Looks whether the tag still holds `manifest`, and at what it holds where it does not.
    async fn again<S: Store>(store: &S, tag: &Reference, manifest: Option<Manifest>) -> Result<Self, StoreError> {
        let started = Instant::now();
        let digest = digest_now(store, tag).await?;
        if digest.as_ref() != manifest.as_ref().map(Manifest::digest) {
            return Self::now(store, tag).await;
        }
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

/// Looks again where the last look is not of now; `None` when the tag has changed since.
async fn refreshed<S: Store>(store: &S, tag: &Reference, looked: Look) -> Result<Option<Look>, StoreError> {
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

/// How long a look stays good enough to write after it: a third of the least that others wait for us.
const FRESH: Duration = Duration::from_millis(100);
