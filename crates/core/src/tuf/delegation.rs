//! Roles that others speak through, and which targets they may speak of (TUF specification §4.5).

use std::sync::Arc;

use serde_json::Value;

use super::Refusal;
use super::members::{Members, refused};
use super::signed::{Keys, Role};
use crate::Digest;
use crate::quoted::Quoted;

/// The roles that a targets role delegates to, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Delegations {
    pub(super) keys: Arc<Keys>,
    pub(super) roles: Vec<DelegatedRole>,
}

/// A role that may speak of some targets.
#[derive(Clone, Debug)]
pub(super) struct DelegatedRole {
    pub(super) name: String,
    pub(super) role: Role,
    /// Whoever asks it asks nobody after it.
    pub(super) is_terminating: bool,
    scope: Scope,
}

#[derive(Clone, Debug)]
enum Scope {
    /// Paths, with `*` for some characters and `?` for one, none of them a `/`.
    Paths(Vec<String>),
    /// The starts of the SHA-256 of paths, in hexadecimal.
    HashPrefixes(Vec<String>),
}

impl Delegations {
    pub(super) fn read(delegations: Members<'_>) -> Result<Self, Refusal> {
        let roles = delegations.list("roles", ROLES)?;
        Ok(Self {
            keys: Arc::new(Keys::read(delegations)?),
            roles: roles.iter().map(DelegatedRole::read).collect::<Result<_, _>>()?,
        })
    }
}

impl DelegatedRole {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let role = Members::of("roles", value)?;
        let name = role.text("name")?;
        // Its file would take the place of the other's, on some disks whatever the case.
        let is_reserved = |top: &str| name.eq_ignore_ascii_case(top);
        if ["", "root", "timestamp", "snapshot", "targets"]
            .into_iter()
            .any(is_reserved)
        {
            return Err(Refusal::ReservedRole {
                name: Quoted::new(name),
            });
        }
        let scope = match (role.has("paths"), role.has("path_hash_prefixes")) {
            (true, false) => Scope::Paths(role.texts("paths", PATTERNS)?),
            (false, true) => Scope::HashPrefixes(role.texts("path_hash_prefixes", PATTERNS)?),
            _ => {
                return Err(refused(
                    "paths",
                    "to be there where path_hash_prefixes is not",
                    Some(value),
                ));
            }
        };
        Ok(Self {
            name: name.to_owned(),
            role: Role::read(role)?,
            is_terminating: role.truth("terminating")?,
            scope,
        })
    }

    /// Says whether the role may speak of a target.
    pub(super) fn covers(&self, path: &str) -> bool {
        match &self.scope {
            Scope::Paths(patterns) => patterns.iter().any(|pattern| matches_path(pattern, path)),
            Scope::HashPrefixes(prefixes) => {
                let digest = Digest::sha256(path.as_bytes());
                prefixes.iter().any(|prefix| digest.hex().starts_with(prefix.as_str()))
            }
        }
    }
}

/// Matches part by part, so that no wildcard stands for a separator.
fn matches_path(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if matches_part(pattern, part) => {}
            _ => return false,
        }
    }
}

/// Matches in the time of the product of the lengths: after a mismatch only the last `*` takes one character more.
pub(crate) fn matches_part(pattern: &str, part: &str) -> bool {
    let (mut pattern, mut rest) = (pattern.chars(), part.chars());
    let mut last_star = None;
    loop {
        let mut after = rest.clone();
        let mut ahead = pattern.clone();
        match (ahead.next(), after.next()) {
            (Some('*'), _) => {
                last_star = Some((ahead.clone(), rest.clone()));
                pattern = ahead;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => (pattern, rest) = (ahead, after),
            _ => {
                let Some((behind_star, taken)) = &mut last_star else {
                    return false;
                };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, rest) = (behind_star.clone(), taken.clone());
            }
        }
    }
}

/// The most roles that a role delegates to.
const ROLES: usize = 1024;

/// The most patterns or prefixes of a role.
const PATTERNS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_characters_of_one_part() {
        for (pattern, path) in [
            ("*", "a"),
            ("*", ""),
            ("*.tgz", "foo.tgz"),
            ("targets/*.tgz", "targets/foo.tgz"),
            ("foo-version-?.tgz", "foo-version-é.tgz"),
            ("a*b*c", "aXbXbYc"),
            ("**", "x"),
            ("a?*", "ab"),
            ("a/*/c", "a//c"),
        ] {
            assert!(matches_path(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*", "a/b"),
            ("*.tgz", "targets/foo.tgz"),
            ("targets/*.tgz", "targets/foo.txt"),
            ("foo-version-?.tgz", "foo-version-alpha.tgz"),
            ("foo.tgz", "Foo.tgz"),
            ("?", ""),
            ("?", "/"),
            ("a*b*c", "aXbXbY"),
            ("a", "ab"),
            ("ab", "a"),
            ("a/*", "a"),
            ("a", "a/b"),
        ] {
            assert!(!matches_path(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        assert!(!matches_path(&"*a".repeat(2000), &"a".repeat(1999)));
    }
}
