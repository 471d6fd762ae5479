//! What is published, and what is to follow it.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::files::{Changes, Files};
use super::metadata::{DAY, Role, Roles, described, described_target, target_path};
use super::{Target, TufError};

/// A version of a role's metadata.
#[derive(Clone, Debug)]
pub(super) struct Edition {
    version: u64,
    expires: Timestamp,
    signed: Value,
    signer: String,
    bytes: Bytes,
}

/// The last version of each role's metadata; none of any before the first was published.
#[derive(Clone, Debug, Default)]
pub(super) struct Editions {
    root: Option<Edition>,
    targets: Option<Edition>,
    snapshot: Option<Edition>,
    timestamp: Option<Edition>,
}

impl Editions {
    /// Finds what is published: what the timestamp leads to. What else there is was never published.
    pub(super) fn read(files: &Files) -> Result<Self, TufError> {
        let root = Edition::last_root(files)
            .map(|path| Edition::read(files, &path))
            .transpose()?;
        let Some(timestamp) = files
            .get(TIMESTAMP)
            .map(|_| Edition::read(files, TIMESTAMP))
            .transpose()?
        else {
            return Ok(Self {
                root,
                ..Self::default()
            });
        };
        let snapshot = Edition::read(files, &timestamp.names(TIMESTAMP, Role::Snapshot)?)?;
        let targets = Edition::read(files, &snapshot.names("snapshot.json", Role::Targets)?)?;
        Ok(Self {
            root,
            targets: Some(targets),
            snapshot: Some(snapshot),
            timestamp: Some(timestamp),
        })
    }

    /// Makes what must follow: what changed, what expires soon, and what names them; the timestamp comes last.
    pub(super) fn advance(&mut self, roles: &Roles, targets: &[Target], now: Timestamp) -> Result<Changes, TufError> {
        let mut changes = Changes::new();
        let (keys, told) = roles.told();
        if let Some(root) = &self.root
            && root.signer != roles.id(Role::Root)
        {
            let file = format!("{}.root.json", root.version);
            return Err(TufError::OtherRootKey { file });
        }
        let content = json!({"consistent_snapshot": true, "keys": keys, "roles": told});
        Edition::follow(&mut self.root, Role::Root, content, roles, now, &mut changes)?;

        let mut list = Map::new();
        for target in targets {
            let described = described_target(target);
            let hash = described["hashes"]["sha256"].as_str().unwrap_or_default();
            changes.push((target_path(&target.name, hash), target.bytes.clone()));
            list.insert(target.name.clone(), described);
        }
        let content = json!({"targets": list});
        if !Edition::follow(&mut self.targets, Role::Targets, content, roles, now, &mut changes)? {
            changes.retain(|(path, _)| !path.starts_with(super::files::TARGETS_PREFIX));
        }
        let content = Edition::naming(&self.targets, Role::Targets);
        Edition::follow(&mut self.snapshot, Role::Snapshot, content, roles, now, &mut changes)?;
        let content = Edition::naming(&self.snapshot, Role::Snapshot);
        Edition::follow(&mut self.timestamp, Role::Timestamp, content, roles, now, &mut changes)?;
        Ok(changes)
    }

    /// When the first of them is to be signed anew.
    pub(super) fn renewal(&self) -> Timestamp {
        let editions = [&self.root, &self.targets, &self.snapshot, &self.timestamp];
        let renewals = Role::ALL.into_iter().zip(editions);
        let renewals = renewals.filter_map(|(role, edition)| Some(edition.as_ref()?.renewal(role)));
        renewals.min().unwrap_or(Timestamp::MIN)
    }

    /// Says whether a file is of an edition that is long past.
    pub(super) fn is_old(&self, path: &str) -> bool {
        let is_past = |suffix: &str, last: &Option<Edition>| {
            let version: Option<u64> = path.strip_suffix(suffix).and_then(|version| version.parse().ok());
            let last = last.as_ref().map_or(0, |edition| edition.version);
            version.is_some_and(|version| version.saturating_add(KEPT) <= last)
        };
        is_past(".targets.json", &self.targets) || is_past(".snapshot.json", &self.snapshot)
    }
}

impl Edition {
    /// The path of the last root.
    pub(super) fn last_root(files: &Files) -> Option<String> {
        let path = |version: u64| format!("{version}.root.json");
        let mut last = None;
        while files.get(&path(last.unwrap_or(0) + 1)).is_some() {
            last = Some(last.unwrap_or(0) + 1);
        }
        last.map(path)
    }

    /// The targets that are published, with the paths of their bytes.
    pub(super) fn targets(files: &Files) -> Result<Option<BTreeMap<String, String>>, TufError> {
        let Some(targets) = Editions::read(files)?.targets else {
            return Ok(None);
        };
        Self::targets_in(files, &format!("{}.targets.json", targets.version)).map(Some)
    }

    /// The targets of a version of the targets metadata, with the paths of their bytes.
    pub(super) fn targets_in(files: &Files, path: &str) -> Result<BTreeMap<String, String>, TufError> {
        let edition = Self::read(files, path)?;
        let targets = edition.signed["targets"].as_object();
        let targets = targets.ok_or_else(|| corrupt(path, "it has no targets"))?;
        let paths = targets.iter().map(|(name, described)| {
            let hash = described["hashes"]["sha256"].as_str();
            let hash = hash.ok_or_else(|| corrupt(path, "a target has no hash"))?;
            Ok((name.clone(), target_path(name, hash)))
        });
        paths.collect()
    }

    fn read(files: &Files, path: &str) -> Result<Self, TufError> {
        let bytes = files.get(path).ok_or_else(|| corrupt(path, "it is not there"))?;
        let mut file: Value = serde_json::from_slice(bytes).map_err(|_| corrupt(path, "it is not JSON"))?;
        let signed = file["signed"].take();
        let expires = signed["expires"].as_str().and_then(|text| text.parse().ok());
        let signer = file["signatures"][0]["keyid"].as_str();
        Ok(Self {
            version: signed["version"]
                .as_u64()
                .ok_or_else(|| corrupt(path, "it has no version"))?,
            expires: expires.ok_or_else(|| corrupt(path, "it has no expiry"))?,
            signer: signer.ok_or_else(|| corrupt(path, "it has no signature"))?.to_owned(),
            signed,
            bytes: bytes.clone(),
        })
    }

    /// The file of the role that this edition names.
    fn names(&self, path: &str, role: Role) -> Result<String, TufError> {
        let file = format!("{}.json", role.name());
        let version = self.signed["meta"][&file]["version"].as_u64();
        let version = version.ok_or_else(|| corrupt(path, "it names no version"))?;
        Ok(format!("{version}.{file}"))
    }

    /// What metadata says that names this edition.
    fn naming(named: &Option<Self>, role: Role) -> Value {
        let described = named.as_ref().map(|named| described(named.version, &named.bytes));
        json!({"meta": {format!("{}.json", role.name()): described}})
    }

    /// Puts the next edition in the place of the last where it says something else, or where that one expires soon or is
    /// signed by another key; says whether it did.
    fn follow(
        last: &mut Option<Self>,
        role: Role,
        content: Value,
        roles: &Roles,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<bool, TufError> {
        let is_current = last.as_ref().is_some_and(|last| {
            let says = |(member, value)| last.signed.get(member) == Some(value);
            last.signer == roles.id(role)
                && now < last.renewal(role)
                && content.as_object().is_some_and(|content| content.iter().all(says))
        });
        if is_current {
            return Ok(false);
        }
        let version = last.as_ref().map_or(0, |last| last.version) + 1;
        let path = match role {
            Role::Timestamp => TIMESTAMP.to_owned(),
            _ => format!("{version}.{}.json", role.name()),
        };
        let bytes = roles.sign(role, version, content, now)?;
        changes.push((path.clone(), bytes));
        *last = Some(Self::read(&Files::default().with(changes), &path)?);
        Ok(true)
    }

    /// When half of the time is over for which it counts.
    fn renewal(&self, role: Role) -> Timestamp {
        Timestamp::from_second(self.expires.as_second() - role.days() * DAY / 2).unwrap_or(Timestamp::MIN)
    }
}

fn corrupt(file: &str, what: &'static str) -> TufError {
    TufError::Corrupt {
        file: file.to_owned(),
        what,
    }
}

const TIMESTAMP: &str = "timestamp.json";

/// How many editions of targets and snapshots are there at a time.
const KEPT: u64 = 8;
