//! Members of JSON objects, each of the kind that it must be.

use serde_json::{Map, Value};

use super::Refusal;
use crate::quoted::Quoted;

/// An object of the metadata.
#[derive(Clone, Copy)]
pub(super) struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    /// Takes a value that must be an object; `member` is its name.
    pub(super) fn of(member: &'static str, value: &'a Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(refused(member, "an object", Some(other))),
        }
    }

    pub(super) fn object(self, member: &'static str) -> Result<Self, Refusal> {
        match self.0.get(member) {
            Some(value) => Self::of(member, value),
            None => Err(refused(member, "an object", None)),
        }
    }

    /// An object that need not be there.
    pub(super) fn optional_object(self, member: &'static str) -> Result<Option<Self>, Refusal> {
        self.0.get(member).map(|value| Self::of(member, value)).transpose()
    }

    pub(super) fn text(self, member: &'static str) -> Result<&'a str, Refusal> {
        match self.0.get(member) {
            Some(Value::String(text)) => Ok(text),
            other => Err(refused(member, "a text", other)),
        }
    }

    pub(super) fn truth(self, member: &'static str) -> Result<bool, Refusal> {
        match self.0.get(member) {
            Some(Value::Bool(truth)) => Ok(*truth),
            other => Err(refused(member, "true or false", other)),
        }
    }

    /// An integer from `least` on.
    pub(super) fn number(self, member: &'static str, least: u64) -> Result<u64, Refusal> {
        let value = self.0.get(member);
        match value.and_then(Value::as_u64) {
            Some(number) if number >= least => Ok(number),
            _ if least == 0 => Err(refused(member, "an integer that is not negative", value)),
            _ => Err(refused(member, "a positive integer", value)),
        }
    }

    /// A number that need not be there.
    pub(super) fn optional_number(self, member: &'static str) -> Result<Option<u64>, Refusal> {
        match self.0.get(member) {
            None => Ok(None),
            Some(_) => self.number(member, 0).map(Some),
        }
    }

    /// A list of at most `limit` members.
    pub(super) fn list(self, member: &'static str, limit: usize) -> Result<&'a [Value], Refusal> {
        match self.0.get(member) {
            Some(Value::Array(list)) => within(member, limit, list.len()).map(|()| list.as_slice()),
            other => Err(refused(member, "a list", other)),
        }
    }

    /// A list of texts.
    pub(super) fn texts(self, member: &'static str, limit: usize) -> Result<Vec<String>, Refusal> {
        let list = self.list(member, limit)?.iter();
        list.map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(refused(member, "a list of texts", Some(other))),
        })
        .collect()
    }

    /// The members of a map, of which there may be `limit`.
    pub(super) fn entries(
        self,
        member: &'static str,
        limit: usize,
    ) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, Refusal> {
        within(member, limit, self.0.len())?;
        Ok(self.0.iter())
    }

    pub(super) fn has(self, member: &str) -> bool {
        self.0.contains_key(member)
    }
}

/// Says what a member is, and what it should be.
pub(super) fn refused(member: &'static str, expected: &'static str, found: Option<&Value>) -> Refusal {
    Refusal::Member {
        member,
        expected,
        found: Quoted::new(&found.map_or_else(|| "missing".to_owned(), Value::to_string)),
    }
}

fn within(member: &'static str, limit: usize, found: usize) -> Result<(), Refusal> {
    if found > limit {
        return Err(Refusal::TooMany { member, limit, found });
    }
    Ok(())
}
