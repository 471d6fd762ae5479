//! JSON of which every member is known and is what it must be; errors name the member by its path.

use std::num::NonZero;

use serde_json::{Map, Value};

use super::Malformed;

/// A value, and the way to it.
pub(super) struct Reader<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Reader<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    pub(super) fn path(&self) -> &str {
        match self.path.as_str() {
            "" => "the policy",
            path => path,
        }
    }

    pub(super) fn path_of(&self, member: &str) -> String {
        match self.path.as_str() {
            "" => member.to_owned(),
            path => format!("{path}.{member}"),
        }
    }

    /// The object itself, whose members are all among `known`.
    pub(super) fn object(self, known: &[&str]) -> Result<Self, Malformed> {
        match self.members()?.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(Malformed::Unknown {
                path: self.path_of(unknown),
            }),
            None => Ok(self),
        }
    }

    /// A member of an object.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        Some(Self {
            value: self.value.get(name)?,
            path: self.path_of(name),
        })
    }

    pub(super) fn required(&self, name: &str) -> Result<Self, Malformed> {
        self.member(name).ok_or_else(|| Malformed::Missing {
            path: self.path_of(name),
        })
    }

    /// Checks that none of the `others` is beside the member.
    pub(super) fn alone(&self, name: &str, others: &[&'static str]) -> Result<(), Malformed> {
        match others.iter().find(|other| self.member(other).is_some()) {
            Some(other) => Err(Malformed::Both {
                path: self.path_of(name),
                other,
            }),
            None => Ok(()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.value.as_object().is_none_or(Map::is_empty)
    }

    pub(super) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Self)>, Malformed> {
        Ok(self.members()?.iter().map(|(name, value)| {
            let path = self.path_of(name);
            (name.as_str(), Self { value, path })
        }))
    }

    pub(super) fn items(&self, limit: usize) -> Result<Vec<Self>, Malformed> {
        let items = self.value.as_array().ok_or_else(|| self.is_not("a list"))?;
        if items.len() > limit {
            return Err(Malformed::TooMany {
                path: self.path.clone(),
                limit,
                found: items.len(),
            });
        }
        let items = items.iter().enumerate();
        Ok(items
            .map(|(place, value)| Self {
                value,
                path: format!("{}[{place}]", self.path),
            })
            .collect())
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Result<&'a str, Malformed> {
        let text = self.value.as_str().ok_or_else(|| self.is_not("a text"))?;
        match text {
            "" => Err(Malformed::Missing {
                path: self.path.clone(),
            }),
            text => Ok(text),
        }
    }

    pub(super) fn number(&self, limit: u64) -> Result<u64, Malformed> {
        match self.value.as_u64() {
            Some(number) if number <= limit => Ok(number),
            Some(found) => Err(Malformed::TooLarge {
                path: self.path.clone(),
                limit,
                found,
            }),
            None => Err(self.is_not("a whole number")),
        }
    }

    /// A number of witnesses; none is zero.
    pub(super) fn count(&self, name: &str, default: usize) -> Result<Option<NonZero<usize>>, Malformed> {
        let number = match self.member(name) {
            Some(member) => usize::try_from(member.number(COUNT)?).unwrap_or(usize::MAX),
            None => default,
        };
        Ok(NonZero::new(number))
    }

    fn members(&self) -> Result<&'a Map<String, Value>, Malformed> {
        self.value.as_object().ok_or_else(|| self.is_not("an object"))
    }

    fn is_not(&self, expected: &'static str) -> Malformed {
        Malformed::kind(self.path(), expected, self.value)
    }
}

/// The most witnesses that can be asked for, which is more than there are signers.
const COUNT: u64 = 64;
