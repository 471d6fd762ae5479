//! The client's workflow (TUF specification §5).

use jiff::Timestamp;

use super::names::encode;
use super::roles::{Described, Root, Snapshot, TargetFile, Targets, TimestampRole, check_not_older, check_version};
use super::search::{Asked, Search};
use super::{METADATA_LIMIT, ROOT_LIMIT, Refusal, TIMESTAMP_LIMIT, TufError};

/// Where a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In what earlier updates kept.
    Kept,
    /// In the repository, where it is published.
    Published,
}

/// How far an update goes for its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To what earlier updates kept, as long as it has not expired.
    Kept,
    /// To the repository.
    Published,
}

/// A file that an update wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Where it is to be read.
    pub source: Source,
    /// Its path below the folder of what is kept, or below the repository's address (already encoded).
    pub path: String,
    /// The most bytes that are to be read.
    pub limit: u64,
    /// Whether it is right that the repository does not have it.
    pub may_be_absent: bool,
}

/// The paths below the folder of what is kept at which the file that was given is to be written; none where it is not.
pub type Keep = Vec<String>;

/// One update of what is known of a repository, and searches for targets in it.
#[derive(Debug)]
pub struct Update {
    now: Timestamp,
    reach: Reach,
    root: Root,
    followed: u32,
    timestamp: Option<TimestampRole>,
    snapshot: Option<Snapshot>,
    targets: Option<Targets>,
    search: Option<Search>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Root(Source),
    Timestamp(Source),
    Snapshot(Source),
    Targets(Source),
    Delegated(Source),
    Rest,
}

impl Update {
    /// Begins with a root that is trusted, at a time that is the same for the whole update (§5.1, §5.2).
    ///
    /// # Errors
    /// [`TufError`] where that root is none, or not signed by its own keys.
    pub fn begin(anchor: &[u8], reach: Reach, now: Timestamp) -> Result<Self, TufError> {
        Ok(Self {
            now,
            reach,
            root: Root::trusted(anchor).map_err(|refusal| TufError::of("root.json", refusal))?,
            followed: 0,
            timestamp: None,
            snapshot: None,
            targets: None,
            search: None,
            stage: Stage::Root(Source::Kept),
        })
    }

    /// The file that is wanted next; none when the update, or the search, is complete.
    pub fn ask(&self) -> Option<Ask> {
        let (source, name, version, limit) = match self.stage {
            Stage::Root(source) => (source, "root".to_owned(), Some(self.next_root()), ROOT_LIMIT),
            Stage::Timestamp(source) => (source, "timestamp".to_owned(), None, TIMESTAMP_LIMIT),
            Stage::Snapshot(source) => {
                let described = self.timestamp.as_ref().map(|timestamp| &timestamp.snapshot);
                let (version, limit) = self.edition(described);
                (source, "snapshot".to_owned(), version, limit)
            }
            Stage::Targets(source) => {
                let (version, limit) = self.edition(self.described("targets").ok());
                (source, "targets".to_owned(), version, limit)
            }
            Stage::Delegated(source) => {
                let name = &self.asked()?.role.name;
                let (version, limit) = self.edition(self.described(name).ok());
                (source, encode(name), version, limit)
            }
            Stage::Rest => return None,
        };
        let path = match (source, version, self.stage) {
            (Source::Kept, _, Stage::Root(_)) => history(self.next_root()),
            (Source::Published, Some(version), _) => format!("{version}.{name}.json"),
            _ => format!("{name}.json"),
        };
        // What is kept may be an older and longer edition, which still says which versions were seen.
        let limit = match (source, self.stage) {
            (Source::Kept, Stage::Snapshot(_) | Stage::Targets(_) | Stage::Delegated(_)) => METADATA_LIMIT,
            _ => limit,
        };
        let may_be_absent = source == Source::Kept || matches!(self.stage, Stage::Root(_));
        Some(Ask {
            source,
            path,
            limit,
            may_be_absent,
        })
    }

    /// Takes what was asked for, or that there is none, and says where it is to be kept.
    ///
    /// # Errors
    /// [`TufError`] where it cannot be believed: the update is over, and what was kept before stays as it is.
    pub fn give(&mut self, answer: Option<&[u8]>) -> Result<Keep, TufError> {
        let judged = match self.stage {
            Stage::Root(source) => self.give_root(source, answer),
            Stage::Timestamp(source) => self.give_timestamp(source, answer),
            Stage::Snapshot(source) => self.give_snapshot(source, answer),
            Stage::Targets(source) => self.give_targets(source, answer),
            Stage::Delegated(source) => self.give_delegated(source, answer),
            Stage::Rest => Ok(Keep::new()),
        };
        judged.map_err(|refusal| {
            let file = match (self.stage, &refusal) {
                // No root follows the one that has expired.
                (Stage::Root(_), Refusal::Expired { .. }) => format!("{}.root.json", self.root_version()),
                _ => self.ask().map_or_else(String::new, |ask| ask.path),
            };
            TufError::of(&file, refusal)
        })
    }

    /// Begins a search for a target; the update must be complete.
    ///
    /// # Errors
    /// [`Refusal::NotInSnapshot`] where a role is to be asked whose version nobody knows.
    pub fn seek(&mut self, path: &str) -> Result<(), TufError> {
        self.search = self.targets.as_ref().map(|targets| Search::start(path, targets));
        self.stage_search()
    }

    /// What was searched for, once nothing is asked for any more.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTarget`] where nobody who may list it does.
    pub fn found(&self, path: &str) -> Result<&TargetFile, TufError> {
        let found = self.search.as_ref().and_then(Search::found);
        found
            .filter(|found| found.path() == path)
            .ok_or_else(|| TufError::of(path, Refusal::NoSuchTarget))
    }

    /// Whether the files of targets are called by their hashes.
    pub fn has_consistent_snapshots(&self) -> bool {
        self.root.has_consistent_snapshots
    }

    /// How far the update goes for its files.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// The version of the root that is believed.
    pub fn root_version(&self) -> u64 {
        self.root.edition.version
    }

    fn give_root(&mut self, source: Source, answer: Option<&[u8]>) -> Result<Keep, Refusal> {
        let version = self.next_root();
        match (source, answer) {
            (Source::Kept, answer) => {
                if let Some(Ok(next)) = answer.map(|bytes| self.root.successor(bytes)) {
                    self.root = next;
                    return Ok(Keep::new());
                }
                match self.reach {
                    Reach::Published => self.stage = Stage::Root(Source::Published),
                    Reach::Kept => self.settle_root()?,
                }
                Ok(Keep::new())
            }
            (Source::Published, None) => self.settle_root().map(|()| Keep::new()),
            (Source::Published, Some(bytes)) => {
                self.root = self.root.successor(bytes)?;
                self.followed += 1;
                if self.followed == MOST_ROOTS {
                    self.settle_root()?;
                }
                Ok(vec![history(version), "root.json".to_owned()])
            }
        }
    }

    /// Takes the last root for the latest (§5.3.10). Timestamps and snapshots that are kept are read after it and must be
    /// signed with its keys, so those of keys that were rotated count no more (§5.3.11).
    fn settle_root(&mut self) -> Result<(), Refusal> {
        self.root.edition.check_expiry(self.now)?;
        self.stage = Stage::Timestamp(Source::Kept);
        Ok(())
    }

    fn give_timestamp(&mut self, source: Source, answer: Option<&[u8]>) -> Result<Keep, Refusal> {
        let judged = answer
            .ok_or(Refusal::Absent)
            .and_then(|bytes| self.root.timestamp(bytes));
        if (source, self.reach) == (Source::Kept, Reach::Published) {
            self.timestamp = judged.ok();
            self.stage = Stage::Timestamp(Source::Published);
            return Ok(Keep::new());
        }
        let next = judged?;
        let mut keep = Keep::new();
        match &self.timestamp {
            Some(known) if known.edition.version == next.edition.version => known.edition.check_expiry(self.now)?,
            known => {
                if let Some(known) = known {
                    check_not_older("timestamp.json", known.edition.version, next.edition.version)?;
                    check_not_older("snapshot.json", known.snapshot.version, next.snapshot.version)?;
                }
                next.edition.check_expiry(self.now)?;
                self.timestamp = Some(next);
                keep.push("timestamp.json".to_owned());
            }
        }
        self.stage = Stage::Snapshot(Source::Kept);
        Ok(keep)
    }

    fn give_snapshot(&mut self, source: Source, answer: Option<&[u8]>) -> Result<Keep, Refusal> {
        let described = self.timestamp.as_ref().map(|timestamp| timestamp.snapshot.clone());
        let described = described.ok_or(Refusal::Absent)?;
        let bytes = answer.ok_or(Refusal::Absent);
        if source == Source::Kept {
            let current = bytes.and_then(|bytes| {
                let kept = self.root.snapshot(bytes)?;
                // Also one that is no longer current says which versions were seen.
                let kept = self.snapshot.insert(kept);
                described.check_bytes(bytes)?;
                check_version(described.version, kept.edition.version)?;
                kept.edition.check_expiry(self.now)
            });
            return self.settle_kept(
                current,
                Stage::Targets(Source::Kept),
                Stage::Snapshot(Source::Published),
            );
        }
        let bytes = bytes?;
        described.check_bytes(bytes)?;
        let next = self.root.snapshot(bytes)?;
        check_version(described.version, next.edition.version)?;
        if let Some(known) = &self.snapshot {
            known.check_not_rolled_back(&next)?;
        }
        next.edition.check_expiry(self.now)?;
        self.snapshot = Some(next);
        self.stage = Stage::Targets(Source::Kept);
        Ok(vec!["snapshot.json".to_owned()])
    }

    fn give_targets(&mut self, source: Source, answer: Option<&[u8]>) -> Result<Keep, Refusal> {
        let judged = self.judge_targets("targets", answer, |bytes| self.root.targets(bytes));
        match judged {
            Ok(targets) => self.targets = Some(targets),
            Err(refusal) => return self.settle_kept_or(source, refusal, Stage::Targets(Source::Published)),
        }
        self.stage = Stage::Rest;
        Ok(kept_where(source, "targets.json".to_owned()))
    }

    fn give_delegated(&mut self, source: Source, answer: Option<&[u8]>) -> Result<Keep, Refusal> {
        let Some(Asked { role, keys }) = self.asked().cloned() else {
            return Err(Refusal::Absent);
        };
        let read = |bytes: &[u8]| Targets::signed(bytes, &role.role, &keys, "the delegated role");
        let targets = match self.judge_targets(&role.name, answer, read) {
            Ok(targets) => targets,
            Err(refusal) => return self.settle_kept_or(source, refusal, Stage::Delegated(Source::Published)),
        };
        if let Some(search) = &mut self.search {
            search.arrived(&targets);
        }
        self.stage_search().map_err(|error| error.refusal)?;
        Ok(kept_where(source, format!("{}.json", encode(&role.name))))
    }

    /// Judges targets metadata, which is the same wherever it comes from (§5.6).
    fn judge_targets(
        &self,
        name: &str,
        answer: Option<&[u8]>,
        read: impl Fn(&[u8]) -> Result<Targets, Refusal>,
    ) -> Result<Targets, Refusal> {
        let described = self.described(name)?;
        let bytes = answer.ok_or(Refusal::Absent)?;
        described.check_bytes(bytes)?;
        let targets = read(bytes)?;
        check_version(described.version, targets.edition.version)?;
        targets.edition.check_expiry(self.now)?;
        Ok(targets)
    }

    /// Goes on after a file that was kept: to the next, or to the published one in its place.
    fn settle_kept(&mut self, current: Result<(), Refusal>, next: Stage, published: Stage) -> Result<Keep, Refusal> {
        match current {
            Ok(()) => self.stage = next,
            Err(refusal) => return self.settle_kept_or(Source::Kept, refusal, published),
        }
        Ok(Keep::new())
    }

    /// What was kept and is not current is no fault where the repository can be asked.
    fn settle_kept_or(&mut self, source: Source, refusal: Refusal, published: Stage) -> Result<Keep, Refusal> {
        if (source, self.reach) != (Source::Kept, Reach::Published) {
            return Err(refusal);
        }
        self.stage = published;
        Ok(Keep::new())
    }

    /// Goes on to the next role of the search; nothing is asked for a role that the snapshot does not list.
    fn stage_search(&mut self) -> Result<(), TufError> {
        self.stage = Stage::Rest;
        if let Some(asked) = self.asked() {
            let name = &asked.role.name;
            self.described(name).map_err(|refusal| TufError::of(name, refusal))?;
            self.stage = Stage::Delegated(Source::Kept);
        }
        Ok(())
    }

    fn asked(&self) -> Option<&Asked> {
        self.search.as_ref().and_then(Search::next)
    }

    fn described(&self, name: &str) -> Result<&Described, Refusal> {
        let snapshot = self.snapshot.as_ref().ok_or(Refusal::Absent)?;
        snapshot.meta.get(&format!("{name}.json")).ok_or(Refusal::NotInSnapshot)
    }

    /// The version in a file's name, where there is one, and the most bytes that it may have.
    fn edition(&self, described: Option<&Described>) -> (Option<u64>, u64) {
        let version = described.filter(|_| self.root.has_consistent_snapshots);
        let length = described.and_then(|described| described.length);
        (
            version.map(|described| described.version),
            length.map_or(METADATA_LIMIT, |length| length.min(METADATA_LIMIT)),
        )
    }

    fn next_root(&self) -> u64 {
        self.root.edition.version.saturating_add(1)
    }
}

/// Every root is kept, so that the way from the first to the last can be gone again without the repository.
fn history(version: u64) -> String {
    format!("root_history/{version}.root.json")
}

fn kept_where(source: Source, path: String) -> Keep {
    match source {
        Source::Kept => Keep::new(),
        Source::Published => vec![path],
    }
}

/// The most roots that are followed in one update; more come in the next one (§5.3.3).
const MOST_ROOTS: u32 = 256;
