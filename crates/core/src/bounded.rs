//! Lists from outside, of which only so many members are kept.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of at most `LIMIT` members that were kept, and how many there were.
///
/// Members past the limit are read and dropped, so a long list costs no memory.
pub(crate) struct Bounded<T, const LIMIT: usize> {
    kept: Vec<T>,
    found: usize,
}

impl<T, const LIMIT: usize> Bounded<T, LIMIT> {
    /// Returns the members, or how many there were if that is more than the limit.
    pub(crate) fn within_limit(self) -> Result<Vec<T>, usize> {
        if self.found > LIMIT {
            Err(self.found)
        } else {
            Ok(self.kept)
        }
    }
}

impl<T, const LIMIT: usize> From<Vec<T>> for Bounded<T, LIMIT> {
    fn from(kept: Vec<T>) -> Self {
        let found = kept.len();
        Self { kept, found }
    }
}

impl<T: Serialize, const LIMIT: usize> Serialize for Bounded<T, LIMIT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.kept.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Deserialize<'de> for Bounded<T, LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Members(PhantomData))
    }
}

struct Members<T, const LIMIT: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Visitor<'de> for Members<T, LIMIT> {
    type Value = Bounded<T, LIMIT>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < LIMIT {
            match members.next_element()? {
                Some(member) => kept.push(member),
                None => break,
            }
        }
        let mut found = kept.len();
        while members.next_element::<IgnoredAny>()?.is_some() {
            found += 1;
        }
        Ok(Bounded { kept, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_up_to_the_limit_are_kept() {
        let list: Bounded<u8, 2> = serde_json::from_str("[1,2]").unwrap();
        assert_eq!(list.within_limit(), Ok(vec![1, 2]));
        let list: Bounded<u8, 2> = serde_json::from_str("[]").unwrap();
        assert_eq!(list.within_limit(), Ok(vec![]));
    }

    #[test]
    fn members_past_the_limit_are_counted_and_not_kept() {
        let list: Bounded<u8, 2> = serde_json::from_str("[1,2,3,4]").unwrap();
        assert_eq!(list.kept, [1, 2]);
        assert_eq!(list.within_limit(), Err(4));
    }
}
