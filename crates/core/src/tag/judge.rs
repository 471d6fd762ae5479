//! The judgement: statements, what was seen before, and a moment, to a statement that is believed or the reason why none is.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::lock::{self, Locked};
use super::refusal::TagRefusal;
use super::state::{Known, State};
use super::statement::{Sequence, TagName, TagStatement};
use super::{DATING, SKEW};
use crate::Digest;

/// A statement whose signature is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it says.
    pub statement: TagStatement,
    /// The earliest moment at which others prove that it was there.
    pub time: Option<TrustedTime>,
    /// Who has signed it: a key, or an identity with who vouches for it.
    pub signer: String,
}

/// A moment, and who proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedTime {
    /// The moment.
    pub at: Timestamp,
    /// Who proves it.
    pub source: TimeSource,
}

/// By whose word a statement was made at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeSource {
    /// A timestamp authority's.
    TimestampAuthority,
    /// That of the transparency log at this address.
    Log(String),
    /// The signer's own, which proves nothing.
    Signer,
}

impl fmt::Display for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimestampAuthority => f.write_str("a timestamp authority"),
            Self::Log(url) => write!(f, "the log {url}"),
            Self::Signer => f.write_str("the signer's own word"),
        }
    }
}

/// What is asked of a statement beyond being valid now.
#[derive(Clone, Copy, Debug)]
pub struct TagRules<'a> {
    /// How long ago it may have been made.
    pub max_age: Option<SignedDuration>,
    /// For how long it may be valid.
    pub max_ttl: Option<SignedDuration>,
    /// Whether others must prove when it was made.
    pub timestamp: TimestampDemand,
    /// What a lock file says of the tag; where there is a file without it, nothing.
    pub locked: Option<Option<&'a Locked>>,
}

impl TagRules<'_> {
    /// Nothing more.
    pub const NONE: Self = Self {
        max_age: None,
        max_ttl: None,
        timestamp: TimestampDemand::NotAsked,
        locked: None,
    };
}

/// Whether others must prove when a statement was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampDemand {
    /// They must, and it must be when the statement says it was.
    Required,
    /// They need not.
    NotAsked,
}

/// When a statement was made, and by whose word.
pub type Dated = TrustedTime;

/// A statement that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh<'a> {
    /// The statement.
    pub candidate: &'a Candidate,
    /// When it was made, and by whose word.
    pub dated: Dated,
    /// What was seen before.
    pub recalled: Recalled,
}

/// What was seen of a tag before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// Nothing: an older statement that is still valid would be believed too.
    Nothing,
    /// This.
    Known {
        /// The highest number.
        sequence: Sequence,
        /// Who had signed it.
        signer: String,
    },
}

/// Judges, at the moment `now`, what was found for the tag `name` at `digest`: the checks (4) to (9) of docs/tags.md, in order.
///
/// All of `found` are about this tag at this digest, by signatures that are accepted; `state` is what was seen before.
///
/// # Errors
/// [`TagRefusal`], with the first check that fails.
pub fn judge<'a>(
    name: &TagName,
    digest: &Digest,
    found: &'a [Candidate],
    rules: &TagRules<'_>,
    state: &State,
    now: Timestamp,
) -> Result<Fresh<'a>, TagRefusal> {
    let newest = newest(name, digest, found)?;
    let statement = &newest.statement;
    check_period(statement, now)?;
    let dated = check_age(newest, rules, now)?;
    let recalled = match state.known(name) {
        None => Recalled::Nothing,
        Some(known) => recall(statement, known)?,
    };
    if let Some(last) = state.last_time()
        && last.duration_since(now) > SignedDuration::from_secs(SKEW)
    {
        return Err(TagRefusal::ClockRolledBack { now, last });
    }
    if let Some(locked) = rules.locked {
        lock::check(statement, locked)?;
    }
    Ok(Fresh {
        candidate: newest,
        dated,
        recalled,
    })
}

/// The statement with the highest number, of which there must be only one.
fn newest<'a>(name: &TagName, digest: &Digest, found: &'a [Candidate]) -> Result<&'a Candidate, TagRefusal> {
    let about = found
        .iter()
        .filter(|candidate| candidate.statement.name == *name && candidate.statement.digest == *digest);
    let mut newest: Option<&Candidate> = None;
    let mut twin = None;
    for candidate in about {
        match newest.map(|known| candidate.statement.sequence.cmp(&known.statement.sequence)) {
            Some(std::cmp::Ordering::Less) => {}
            Some(std::cmp::Ordering::Equal) => {
                let is_other = newest.is_some_and(|known| !known.statement.says_the_same_as(&candidate.statement));
                twin = twin.or(is_other.then_some(candidate));
            }
            None | Some(std::cmp::Ordering::Greater) => (newest, twin) = (Some(candidate), None),
        }
    }
    let Some(newest) = newest else {
        return Err(TagRefusal::NotSigned {
            name: name.clone(),
            digest: digest.clone(),
        });
    };
    match twin {
        None => Ok(newest),
        Some(twin) => Err(equivocation(&newest.statement, &twin.statement.id())),
    }
}

fn equivocation(statement: &TagStatement, other: &Digest) -> TagRefusal {
    let mut ids = [statement.id(), other.clone()];
    ids.sort();
    let [one, other] = ids;
    TagRefusal::Equivocation {
        name: statement.name.clone(),
        sequence: statement.sequence,
        one,
        other,
    }
}

fn check_period(statement: &TagStatement, now: Timestamp) -> Result<(), TagRefusal> {
    let (name, sequence) = (statement.name.clone(), statement.sequence);
    let (issued, expires) = (statement.period.issued(), statement.period.expires());
    if issued.duration_since(now) > SignedDuration::from_secs(SKEW) {
        return Err(TagRefusal::FromFuture {
            name,
            sequence,
            issued,
            now,
        });
    }
    match expires <= now {
        true => Err(TagRefusal::Expired {
            name,
            sequence,
            expires,
            now,
        }),
        false => Ok(()),
    }
}

/// When the statement was made, which must be neither too long ago nor, where it must be proven, another time than it says.
fn check_age(candidate: &Candidate, rules: &TagRules<'_>, now: Timestamp) -> Result<Dated, TagRefusal> {
    let (statement, issued) = (&candidate.statement, candidate.statement.period.issued());
    let (name, sequence) = (|| statement.name.clone(), statement.sequence);
    let dated = candidate.time.clone().unwrap_or(TrustedTime {
        at: issued,
        source: TimeSource::Signer,
    });
    if rules.timestamp == TimestampDemand::Required {
        check_dating(statement, &dated)?;
    }
    let (age, length) = (now.duration_since(dated.at), statement.period.length());
    if let Some(limit) = rules.max_age.filter(|limit| age > *limit) {
        return Err(TagRefusal::Stale {
            name: name(),
            sequence,
            time: dated.at,
            source_of_time: dated.source,
            age,
            limit,
        });
    }
    match rules.max_ttl.filter(|limit| length > *limit) {
        Some(limit) => Err(TagRefusal::TooLong {
            name: name(),
            sequence,
            length,
            limit,
        }),
        None => Ok(dated),
    }
}

/// Others prove when the statement was made, and it is when the statement says.
fn check_dating(statement: &TagStatement, dated: &Dated) -> Result<(), TagRefusal> {
    let (name, sequence, issued) = (statement.name.clone(), statement.sequence, statement.period.issued());
    if dated.source == TimeSource::Signer {
        return Err(TagRefusal::Undated { name, sequence });
    }
    match dated.at.duration_since(issued).abs() > SignedDuration::from_secs(DATING) {
        true => Err(TagRefusal::Misdated {
            name,
            sequence,
            issued,
            time: dated.at,
            source_of_time: dated.source.clone(),
        }),
        false => Ok(()),
    }
}

/// Compares with what was seen before; numbers never go down, and one number says one thing.
fn recall(statement: &TagStatement, known: &Known) -> Result<Recalled, TagRefusal> {
    if statement.sequence < known.sequence {
        return Err(TagRefusal::Rollback {
            name: statement.name.clone(),
            known: known.sequence,
            digest: known.digest.clone(),
            found: statement.sequence,
        });
    }
    if statement.sequence == known.sequence && statement.id() != known.statement {
        return Err(equivocation(statement, &known.statement));
    }
    Ok(Recalled::Known {
        sequence: known.sequence,
        signer: known.signer.clone(),
    })
}
