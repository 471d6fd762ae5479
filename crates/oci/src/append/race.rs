//! How one addition fares against other writers, and how long it waits for them.

use std::time::Duration;

use countersign_core::Digest;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::http::retry::random_part;
use crate::reference::Reference;

/// How one addition fares against other writers.
pub(super) struct Race {
    tag: String,
    started: Instant,
    /// From the last look to the answer to the last replacement.
    pub(super) gap: Duration,
    pub(super) writes: u32,
    losses: u32,
    /// How often in a row a replacement failed by the registry's fault.
    pub(super) failures: u32,
    pub(super) is_contended: bool,
    /// What was written is still to be looked at.
    pub(super) is_unproven: bool,
    /// What the tag had before the last replacement.
    pub(super) base: Option<Digest>,
    /// How often in a row the tag was as before.
    pub(super) untaken: u32,
}

impl Race {
    pub(super) fn start(tag: &Reference) -> Self {
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
    pub(super) fn first_share(&self) -> u32 {
        if self.is_contended { EARLY } else { WHOLE }
    }

    /// Waits until a share of *W* has passed, in short sleeps that show how busy the machine is.
    pub(super) async fn wait(&self, since: Instant, share: u32) {
        let (factor, least) = if self.is_contended {
            (FACTOR_CONTENDED, LEAST_CONTENDED)
        } else {
            (FACTOR, LEAST)
        };
        let mut late = Duration::ZERO;
        loop {
            let goal = (self.gap.max(late) * factor).clamp(least, MOST) / share;
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
    pub(super) async fn lose(&mut self) -> Result<(), StoreError> {
        self.is_contended = true;
        self.check_limits()?;
        let window = self.gap.max(SHORTEST_GAP) * (4 << self.losses.min(4));
        self.losses += 1;
        tokio::time::sleep(random_part(window.min(MOST))).await;
        Ok(())
    }

    pub(super) fn fail(&mut self, error: StoreError) -> Result<(), StoreError> {
        self.writes += 1;
        self.failures += 1;
        if self.failures > FAILURES { Err(error) } else { Ok(()) }
    }

    pub(super) fn note_untaken(&mut self) -> Result<(), StoreError> {
        self.untaken += 1;
        if self.untaken < UNTAKEN {
            return Ok(());
        }
        Err(StoreError::NotStored { what: self.tag.clone() })
    }

    pub(super) fn check_limits(&self) -> Result<(), StoreError> {
        if self.started.elapsed() < LIMIT {
            return Ok(());
        }
        Err(StoreError::Contended {
            what: self.tag.clone(),
            attempts: self.writes.max(self.losses),
        })
    }
}

/// How many times longer than our own replacement another's may take.
const FACTOR: u32 = 4;

/// The same where other writers are about, who slow each other down.
const FACTOR_CONTENDED: u32 = 8;

/// The shortest wait before the last look: what a writer on the other side of the Earth needs from its look to its write.
const LEAST: Duration = Duration::from_millis(300);

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
pub(super) const WHOLE: u32 = 1;

/// A quarter of it.
const EARLY: u32 = 4;

/// How often in a row a replacement may leave the tag as it was.
const UNTAKEN: u32 = 3;
