//! Adds an entry to the manifest under a tag so that concurrent writers lose nothing.
//!
//! The distribution specification has no compare-and-swap: the last writer of a tag wins. Two ways lead out.
//!
//! **Where the store checks conditions** (`If-Match`, RFC 9110 §13.1.1; few registries do, our server and layouts do)
//! a stale write is refused, and the entry is merged again. Whether a registry checks is found out by the first write
//! itself: it carries a condition that cannot hold. A store that checks refuses it; one that does not has written.
//!
//! **Elsewhere** the writer waits after its write and reads back. Let *g* be the time from a writer's last look at the
//! tag to the answer to its write. A writer that looked before our write has written at the latest *g* after it; a
//! writer that looked later saw our entry and kept it. So an entry that is still there after a wait of at least the
//! longest *g* of all writers is there to stay, and one that is gone is merged again. A writer keeps its own *g* short
//! (it looks again when preparing took long) and waits [`PATIENCE`] times its own *g*, since writers of one tag
//! suffer much the same network and load.

use std::time::{Duration, Instant};

use countersign_core::Digest;
use tokio::time::sleep;

use crate::blob::Upload;
use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::reference::Reference;
use crate::store::{Condition, Store};

/// What an entry makes of the manifest that a tag has now.
pub enum Merge {
    /// The entry is there.
    Present,
    /// The tag must point at this.
    Write {
        /// The manifest with the entry in it.
        manifest: Box<Manifest>,
        /// What it refers to and the store may not have yet.
        blobs: Vec<Upload>,
    },
}

/// Writes what `merge` makes of the manifest under `tag`, again and again until `merge` finds its entry present.
///
/// `merge` is called with the manifest that the tag has, or `None` where there is no such tag, and must keep what it finds.
///
/// # Errors
/// What `merge` or the store says; [`StoreError::Contended`] where other writers kept replacing the entry, and
/// [`StoreError::NotStored`] where the store says that it has written and has not.
pub async fn append<S: Store>(
    store: &S,
    tag: &Reference,
    merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
) -> Result<(), StoreError> {
    let mut conditions = Conditions::Unknown;
    let mut untaken = 0;
    for attempt in 0..ATTEMPTS {
        let looked = Look::now(store, tag).await?;
        let (manifest, blobs) = match merge(looked.manifest.as_ref())? {
            Merge::Present => return Ok(()),
            Merge::Write { manifest, blobs } => (manifest, blobs),
        };
        let Some(looked) = prepare(store, tag, looked, &blobs).await? else {
            continue;
        };
        let condition = match conditions {
            Conditions::Unknown => Condition::Unchanged(impossible()),
            Conditions::Checked => looked.unchanged(),
            Conditions::Ignored => Condition::Always,
        };
        match store.push_manifest(tag, &manifest, condition).await {
            Ok(()) => {
                if conditions == Conditions::Unknown {
                    conditions = Conditions::Ignored;
                }
            }
            Err(StoreError::Changed { .. }) => {
                if conditions == Conditions::Checked {
                    sleep(jittered(SHORTEST_WAIT, attempt)).await;
                }
                conditions = Conditions::Checked;
                continue;
            }
            Err(error) => return Err(error),
        }
        let wait = match conditions {
            Conditions::Checked => Duration::ZERO,
            _ => (looked.at.elapsed() * PATIENCE).clamp(SHORTEST_WAIT, LONGEST_WAIT),
        };
        match fate(store, tag, &manifest, &looked, wait, merge).await? {
            Fate::Kept => return Ok(()),
            Fate::Replaced => untaken = 0,
            Fate::Untaken => untaken += 1,
        }
        if untaken == UNTAKEN_LIMIT {
            return Err(StoreError::NotStored { what: tag.to_string() });
        }
        sleep(jittered(wait, attempt)).await;
    }
    Err(StoreError::Contended {
        what: tag.to_string(),
        attempts: ATTEMPTS,
    })
}

/// Whether the store checks conditions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conditions {
    Unknown,
    Checked,
    Ignored,
}

/// What a tag pointed at, and when.
struct Look {
    at: Instant,
    manifest: Option<Manifest>,
}

impl Look {
    async fn now<S: Store>(store: &S, tag: &Reference) -> Result<Self, StoreError> {
        let at = Instant::now();
        let manifest = match store.manifest(tag).await {
            Ok(manifest) => Some(manifest),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { at, manifest })
    }

    fn unchanged(&self) -> Condition {
        match &self.manifest {
            Some(manifest) => Condition::Unchanged(manifest.digest().clone()),
            None => Condition::Absent,
        }
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
    futures_util::future::try_join_all(uploads).await?;
    if looked.at.elapsed() < FRESH {
        return Ok(Some(looked));
    }
    let at = Instant::now();
    let now = digest(store, tag).await?;
    let is_same = now.as_ref() == looked.manifest.as_ref().map(Manifest::digest);
    Ok(is_same.then_some(Look { at, ..looked }))
}

/// What became of a write.
enum Fate {
    /// The entry is there.
    Kept,
    /// Another writer replaced it.
    Replaced,
    /// The tag is as it was before.
    Untaken,
}

/// Finds out after `wait` what became of the write of `written`.
async fn fate<S: Store>(
    store: &S,
    tag: &Reference,
    written: &Manifest,
    before: &Look,
    wait: Duration,
    merge: &(dyn Fn(Option<&Manifest>) -> Result<Merge, StoreError> + Sync),
) -> Result<Fate, StoreError> {
    sleep(wait).await;
    let now = digest(store, tag).await?;
    if now.as_ref() == Some(written.digest()) {
        return Ok(Fate::Kept);
    }
    if now.as_ref() == before.manifest.as_ref().map(Manifest::digest) {
        return Ok(Fate::Untaken);
    }
    let looked = Look::now(store, tag).await?;
    Ok(match merge(looked.manifest.as_ref())? {
        Merge::Present => Fate::Kept,
        Merge::Write { .. } => Fate::Replaced,
    })
}

async fn digest<S: Store>(store: &S, tag: &Reference) -> Result<Option<Digest>, StoreError> {
    match store.resolve(tag).await {
        Ok(pinned) => Ok(Some(pinned.digest().clone())),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A digest that no manifest has.
fn impossible() -> Digest {
    IMPOSSIBLE.parse().expect("sixty-four zeros after sha256: are a digest")
}

/// A time between nothing and `base`, doubled with each attempt, so that writers spread out.
fn jittered(base: Duration, attempt: u32) -> Duration {
    let longest = (base * 2_u32.pow(attempt.min(4))).min(LONGEST_WAIT);
    longest.mul_f64(random_fraction())
}

/// A fraction that differs between processes and calls; it only spreads writers out.
fn random_fraction() -> f64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let drawn = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(drawn >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

const IMPOSSIBLE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// How long a look at the tag is good for before the write.
const FRESH: Duration = Duration::from_millis(30);
/// How many times its own time from look to answer a writer waits before it reads back.
const PATIENCE: u32 = 10;
/// The wait where the network is quick.
const SHORTEST_WAIT: Duration = Duration::from_millis(150);
/// The wait where it is very slow.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often the entry is merged before giving up.
const ATTEMPTS: u32 = 100;
/// How often in a row a write may leave the tag as it was.
const UNTAKEN_LIMIT: u32 = 3;
