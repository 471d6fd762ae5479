//! A service as a flag describes it: `key=value,key=value`.

use jiff::Timestamp;

use super::usage::UsageError;
use crate::failure::Failure;

/// A service as a flag describes it, each key once.
pub(crate) struct ServiceSpec<'a> {
    flag: &'static str,
    members: Vec<(&'a str, &'a str)>,
}

impl<'a> ServiceSpec<'a> {
    /// Reads every use of `flag`, which knows these `keys`.
    pub(crate) fn each<T>(
        flag: &'static str,
        keys: &[&str],
        texts: &[String],
        read: impl Fn(&ServiceSpec<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        texts
            .iter()
            .map(|text| read(&ServiceSpec::parse(flag, keys, text)?))
            .collect()
    }

    fn parse(flag: &'static str, keys: &[&str], text: &'a str) -> Result<Self, Failure> {
        let mut spec = Self {
            flag,
            members: Vec::new(),
        };
        for member in text.split(',') {
            let (key, value) = member
                .split_once('=')
                .ok_or_else(|| spec.wrong(&format!("{member:?} is no key=value")))?;
            let key = key.trim();
            if !keys.contains(&key) {
                return Err(spec.wrong(&format!("unknown key {key:?}, expected one of {}", keys.join(", "))));
            }
            if spec.members.iter().any(|(other, _)| *other == key) {
                return Err(spec.wrong(&format!("key {key:?} is there twice")));
            }
            spec.members.push((key, value.trim()));
        }
        Ok(spec)
    }

    /// The value of a key; an empty one is none.
    pub(crate) fn find(&self, key: &str) -> Option<&'a str> {
        let (_, value) = self.members.iter().find(|(found, _)| *found == key)?;
        Some(*value).filter(|value| !value.is_empty())
    }

    /// The value of a key that must be there.
    pub(crate) fn require(&self, key: &str) -> Result<&'a str, Failure> {
        self.find(key)
            .ok_or_else(|| self.wrong(&format!("missing required key '{key}' in service spec")))
    }

    /// The time that a key gives.
    pub(crate) fn time(&self, key: &str) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = self.find(key) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(time) => Ok(Some(time)),
            Err(error) => Err(self.wrong(&format!("{key} is {text:?}, expected a time of RFC 3339: {error}"))),
        }
    }

    /// What is wrong with the description.
    pub(crate) fn wrong(&self, reason: &str) -> Failure {
        UsageError::because(format!("parsing {} spec: {reason}", self.flag)).into()
    }
}
