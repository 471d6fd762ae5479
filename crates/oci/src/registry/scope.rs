//! What a token is for (distribution token specification, §scope).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a request does to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access<'a> {
    /// Reads.
    Pull,
    /// Writes.
    Push,
    /// Writes, and reads a blob of the other repository with this path.
    Mount(&'a str),
    /// Deletes.
    Delete,
}

/// Resources, each with the actions wanted on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Scopes(BTreeMap<String, BTreeSet<String>>);

impl Scopes {
    /// What `access` to the repository at `path` needs.
    pub(super) fn of(path: &str, access: Access<'_>) -> Self {
        let mut scopes = Self::default();
        let repository = format!("repository:{path}");
        match access {
            Access::Pull => scopes.add(&repository, "pull"),
            Access::Push => scopes.add(&repository, "pull,push"),
            Access::Mount(from) => {
                scopes.add(&repository, "pull,push");
                scopes.add(&format!("repository:{from}"), "pull");
            }
            Access::Delete => scopes.add(&repository, "delete,pull"),
        }
        scopes
    }

    /// Reads a challenge's `scope`: resources with their actions, separated by blanks.
    pub(super) fn parse(text: &str) -> Self {
        let mut scopes = Self::default();
        for part in text.split_ascii_whitespace().take(LIMIT) {
            match part.rsplit_once(':') {
                Some((resource, actions)) => scopes.add(resource, actions),
                None => scopes.add(part, ""),
            }
        }
        scopes
    }

    fn add(&mut self, resource: &str, actions: &str) {
        let known = self.0.entry(resource.to_owned()).or_default();
        known.extend(
            actions
                .split(',')
                .filter(|action| !action.is_empty())
                .map(str::to_owned),
        );
    }

    /// Adds what `other` has.
    pub(super) fn extend(&mut self, other: &Self) {
        for (resource, actions) in &other.0 {
            let known = self.0.entry(resource.clone()).or_default();
            known.extend(actions.iter().cloned());
        }
    }

    /// Says whether everything of `other` is in here.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(resource, actions)| {
            self.0
                .get(resource)
                .is_some_and(|known| actions.is_subset(known) || known.contains("*"))
        })
    }

    /// Each resource with its actions, as a `scope` parameter takes it.
    pub(super) fn parameters(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(resource, actions)| {
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            if actions.is_empty() {
                resource.clone()
            } else {
                format!("{resource}:{}", actions.join(","))
            }
        })
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parameters().collect::<Vec<_>>().join(" "))
    }
}

/// How many resources of one challenge are read.
const LIMIT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_needs_pull_on_its_source() {
        assert_eq!(
            Scopes::of("a", Access::Mount("b/c")).to_string(),
            "repository:a:pull,push repository:b/c:pull"
        );
    }

    #[test]
    fn wider_scopes_cover_narrower_ones() {
        let push = Scopes::parse("repository:a:push,pull");
        assert!(push.covers(&Scopes::of("a", Access::Pull)));
        assert!(!Scopes::of("a", Access::Pull).covers(&push));
        assert!(Scopes::parse("repository:a:*").covers(&push));
        assert!(!push.covers(&Scopes::of("b", Access::Pull)));
    }
}
