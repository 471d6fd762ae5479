//! The lock file: which digest each tag had when it was last looked at, a line each, to be kept beside what is deployed.

use std::collections::BTreeMap;

use super::TAGS;
use super::refusal::{TagRefusal, Unreadable};
use super::statement::{Sequence, TagName, TagStatement};
use crate::Digest;

/// What a lock file says of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The digest.
    pub digest: Digest,
    /// The number of the statement that gave it.
    pub sequence: Sequence,
}

/// A lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagsLock {
    tags: BTreeMap<TagName, Locked>,
}

impl TagsLock {
    /// Reads a file: a head, then `REPOSITORY:TAG DIGEST SEQUENCE` in each line; what begins with `#` is a comment.
    ///
    /// # Errors
    /// The number of the line that is wrong, and what is.
    pub fn parse(text: &str) -> Result<Self, (usize, Unreadable)> {
        let mut lines = text.lines().enumerate();
        let head = lines.next().map(|(_, line)| line).unwrap_or_default();
        if head != HEAD {
            return Err((1, Unreadable::new("the line `# countersign tags 1`", head)));
        }
        let mut tags = BTreeMap::new();
        for (place, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let wrong = |expected| (place.saturating_add(1), Unreadable::new(expected, line));
            let (name, locked) = entry(line).ok_or_else(|| wrong("REPOSITORY:TAG DIGEST SEQUENCE"))?;
            if tags.len() >= TAGS {
                return Err(wrong("no more than 100000 tags"));
            }
            if tags.insert(name, locked).is_some() {
                return Err(wrong("each tag once"));
            }
        }
        Ok(Self { tags })
    }

    /// Writes the file, sorted by name.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for (name, locked) in &self.tags {
            text.push_str(&format!("{name} {} {}\n", locked.digest, locked.sequence));
        }
        text
    }

    /// Returns what it says of a tag.
    pub fn locked(&self, name: &TagName) -> Option<&Locked> {
        self.tags.get(name)
    }

    /// Returns the tags in it.
    pub fn names(&self) -> impl Iterator<Item = &TagName> {
        self.tags.keys()
    }

    /// Writes down a statement that is believed; what is there already is never taken back.
    ///
    /// # Errors
    /// [`TagRefusal::Rollback`] where a newer one is there, [`TagRefusal::NotAsLocked`] where one of the same number gives the
    /// tag another digest.
    pub fn update(&mut self, statement: &TagStatement) -> Result<(), TagRefusal> {
        if let Some(locked) = self.tags.get(&statement.name) {
            check_order(statement, locked)?;
            if statement.sequence == locked.sequence {
                check_digest(statement, locked)?;
            }
        }
        let locked = Locked {
            digest: statement.digest.clone(),
            sequence: statement.sequence,
        };
        self.tags.insert(statement.name.clone(), locked);
        Ok(())
    }
}

/// Checks that a statement is what a lock file says or a renewal of that: another digest may not have come since.
pub(super) fn check(statement: &TagStatement, locked: Option<&Locked>) -> Result<(), TagRefusal> {
    let Some(locked) = locked else {
        return Err(TagRefusal::NotInLock {
            name: statement.name.clone(),
        });
    };
    check_order(statement, locked)?;
    check_digest(statement, locked)
}

fn check_order(statement: &TagStatement, locked: &Locked) -> Result<(), TagRefusal> {
    match statement.sequence < locked.sequence {
        true => Err(TagRefusal::Rollback {
            name: statement.name.clone(),
            known: locked.sequence,
            digest: locked.digest.clone(),
            found: statement.sequence,
        }),
        false => Ok(()),
    }
}

fn check_digest(statement: &TagStatement, locked: &Locked) -> Result<(), TagRefusal> {
    match statement.digest == locked.digest {
        true => Ok(()),
        false => Err(TagRefusal::NotAsLocked {
            name: statement.name.clone(),
            expected: locked.digest.clone(),
            locked: locked.sequence,
            found: statement.digest.clone(),
            sequence: statement.sequence,
        }),
    }
}

fn entry(line: &str) -> Option<(TagName, Locked)> {
    let mut words = line.split(' ');
    let (name, digest, sequence) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let locked = Locked {
        digest: digest.parse().ok()?,
        sequence: sequence.parse().ok()?,
    };
    Some((name.parse().ok()?, locked))
}

const HEAD: &str = "# countersign tags 1";
