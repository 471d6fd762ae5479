//! The four top-level roles and what their metadata says (TUF specification §4.3 to §4.6).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::delegation::Delegations;
use super::members::{Members, refused};
use super::signed::{Keys, Role, Signed};
use super::{METADATA_LIMIT, ROOT_LIMIT, Refusal, TARGET_LIMIT, TIMESTAMP_LIMIT};
use crate::digest::{Algorithm, Digest};
use crate::quoted::Quoted;

/// What every metadata says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edition {
    pub(super) version: u64,
    expires: Timestamp,
}

impl Edition {
    fn read(body: Members<'_>, kind: &'static str) -> Result<Self, Refusal> {
        let found = body.text("_type")?;
        if found != kind {
            return Err(refused("_type", kind, Some(&Value::from(found))));
        }
        let specification = body.text("spec_version")?;
        if specification.split('.').next() != Some("1") {
            return Err(refused("spec_version", "1", Some(&Value::from(specification))));
        }
        let expires = body.text("expires")?;
        Ok(Self {
            version: body.number("version", 1)?,
            expires: expires
                .parse()
                .map_err(|_| refused("expires", "a time in UTC", Some(&Value::from(expires))))?,
        })
    }

    /// Checks that the metadata still counts at the time of the update.
    pub(super) fn check_expiry(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.expires <= now {
            return Err(Refusal::Expired {
                expired: self.expires,
                now,
            });
        }
        Ok(())
    }
}

/// A root: whose signatures every other metadata needs.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) edition: Edition,
    pub(super) has_consistent_snapshots: bool,
    keys: Keys,
    root: Role,
    timestamp: Role,
    snapshot: Role,
    targets: Role,
}

impl Root {
    /// Reads a root that must be signed by its own keys.
    pub(super) fn trusted(bytes: &[u8]) -> Result<Self, Refusal> {
        let signed = Signed::read(bytes, ROOT_LIMIT)?;
        let root = Self::read(signed.body()?)?;
        signed.check(&root.root, &root.keys, "this root")?;
        Ok(root)
    }

    /// Reads the root that follows this one: signed by the keys of both, and one version further.
    pub(super) fn successor(&self, bytes: &[u8]) -> Result<Self, Refusal> {
        let signed = Signed::read(bytes, ROOT_LIMIT)?;
        signed.check(&self.root, &self.keys, "the root before it")?;
        let next = Self::read(signed.body()?)?;
        signed.check(&next.root, &next.keys, "this root")?;
        check_version(self.edition.version.saturating_add(1), next.edition.version)?;
        Ok(next)
    }

    pub(super) fn timestamp(&self, bytes: &[u8]) -> Result<TimestampRole, Refusal> {
        let signed = Signed::read(bytes, TIMESTAMP_LIMIT)?;
        signed.check(&self.timestamp, &self.keys, "the timestamp role")?;
        TimestampRole::read(signed.body()?)
    }

    pub(super) fn snapshot(&self, bytes: &[u8]) -> Result<Snapshot, Refusal> {
        let signed = Signed::read(bytes, METADATA_LIMIT)?;
        signed.check(&self.snapshot, &self.keys, "the snapshot role")?;
        Snapshot::read(signed.body()?)
    }

    pub(super) fn targets(&self, bytes: &[u8]) -> Result<Targets, Refusal> {
        Targets::signed(bytes, &self.targets, &self.keys, "the targets role")
    }

    pub(super) fn read(body: Members<'_>) -> Result<Self, Refusal> {
        let roles = body.object("roles")?;
        let role = |name| Role::read(roles.object(name)?);
        Ok(Self {
            edition: Edition::read(body, "root")?,
            has_consistent_snapshots: body.has("consistent_snapshot") && body.truth("consistent_snapshot")?,
            keys: Keys::read(body)?,
            root: role("root")?,
            timestamp: role("timestamp")?,
            snapshot: role("snapshot")?,
            targets: role("targets")?,
        })
    }
}

/// A timestamp: which snapshot is the latest.
#[derive(Clone, Debug)]
pub(super) struct TimestampRole {
    pub(super) edition: Edition,
    pub(super) snapshot: Described,
}

impl TimestampRole {
    pub(super) fn read(body: Members<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            edition: Edition::read(body, "timestamp")?,
            snapshot: Described::read(body.object("meta")?.object("snapshot.json")?)?,
        })
    }
}

/// A snapshot: which version of each targets metadata belongs together.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) edition: Edition,
    pub(super) meta: BTreeMap<String, Described>,
}

impl Snapshot {
    pub(super) fn read(body: Members<'_>) -> Result<Self, Refusal> {
        let edition = Edition::read(body, "snapshot")?;
        let mut meta = BTreeMap::new();
        for (file, described) in body.object("meta")?.entries("meta", FILES)? {
            meta.insert(file.clone(), Described::read(Members::of("meta", described)?)?);
        }
        Ok(Self { edition, meta })
    }

    /// Checks that nothing in `next` is older than here or gone.
    pub(super) fn check_not_rolled_back(&self, next: &Self) -> Result<(), Refusal> {
        for (file, known) in &self.meta {
            let Some(described) = next.meta.get(file) else {
                return Err(Refusal::RoleVanished {
                    role: Quoted::new(file),
                });
            };
            check_not_older(file, known.version, described.version)?;
        }
        Ok(())
    }
}

/// Targets metadata, of the top-level role or of one that it delegates to.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    pub(super) edition: Edition,
    pub(super) targets: BTreeMap<String, TargetFile>,
    pub(super) delegations: Delegations,
}

impl Targets {
    /// Reads a file that must be signed with the keys of its role.
    pub(super) fn signed(bytes: &[u8], role: &Role, keys: &Keys, signer: &'static str) -> Result<Self, Refusal> {
        let signed = Signed::read(bytes, METADATA_LIMIT)?;
        signed.check(role, keys, signer)?;
        Self::read(signed.body()?)
    }

    pub(super) fn read(body: Members<'_>) -> Result<Self, Refusal> {
        let edition = Edition::read(body, "targets")?;
        let mut targets = BTreeMap::new();
        for (path, file) in body.object("targets")?.entries("targets", FILES)? {
            targets.insert(path.clone(), TargetFile::read(path, Members::of("targets", file)?)?);
        }
        let delegations = body.optional_object("delegations")?;
        Ok(Self {
            edition,
            targets,
            delegations: delegations.map(Delegations::read).transpose()?.unwrap_or_default(),
        })
    }
}

/// What metadata says of other metadata.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) version: u64,
    pub(super) length: Option<u64>,
    hashes: Option<Hashes>,
}

impl Described {
    fn read(described: Members<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            version: described.number("version", 1)?,
            length: described.optional_number("length")?,
            hashes: described.optional_object("hashes")?.map(Hashes::read).transpose()?,
        })
    }

    /// Checks the bytes, which must not come from elsewhere than the metadata that describes them.
    pub(super) fn check_bytes(&self, bytes: &[u8]) -> Result<(), Refusal> {
        if let Some(length) = self.length {
            check_length(length, bytes)?;
        }
        self.hashes.as_ref().map_or(Ok(()), |hashes| hashes.check(bytes))
    }
}

/// A target: a file that the repository is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetFile {
    path: String,
    length: u64,
    hashes: Hashes,
}

impl TargetFile {
    fn read(path: &str, file: Members<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            path: path.to_owned(),
            length: file.number("length", 0)?,
            hashes: Hashes::read(file.object("hashes")?)?,
        })
    }

    /// The target's path, which names it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How many bytes it has.
    ///
    /// # Errors
    /// [`Refusal::Oversized`] where they are more than are fetched.
    pub fn length(&self) -> Result<u64, Refusal> {
        if self.length > TARGET_LIMIT {
            return Err(Refusal::Oversized {
                limit: TARGET_LIMIT,
                found: self.length,
            });
        }
        Ok(self.length)
    }

    /// The hash that its file is called by where snapshots are consistent.
    ///
    /// # Errors
    /// [`Refusal::NoKnownHash`] where it is hashed in no way that is known here.
    pub fn digest(&self) -> Result<&Digest, Refusal> {
        self.hashes.0.first().ok_or(Refusal::NoKnownHash)
    }

    /// Checks that these are the bytes that were signed for.
    ///
    /// # Errors
    /// [`Refusal::Length`], [`Refusal::Hash`] or [`Refusal::NoKnownHash`].
    pub fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        check_length(self.length, bytes)?;
        self.hashes.check(bytes)
    }
}

/// Hashes of a file, those whose algorithms are known here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hashes(Vec<Digest>);

impl Hashes {
    fn read(hashes: Members<'_>) -> Result<Self, Refusal> {
        let mut known = Vec::new();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            if hashes.has(algorithm.name()) {
                let hex = hashes.text(algorithm.name())?;
                let digest = format!("{}:{}", algorithm.name(), hex.to_ascii_lowercase()).parse();
                known.push(digest.map_err(|_| refused("hashes", "hashes in hexadecimal", Some(&Value::from(hex))))?);
            }
        }
        Ok(Self(known))
    }

    /// Checks every hash; there must be one.
    fn check(&self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::NoKnownHash);
        }
        for expected in &self.0 {
            let found = Digest::of(expected.algorithm(), bytes);
            if found != *expected {
                return Err(Refusal::Hash {
                    algorithm: expected.algorithm().name(),
                    expected: expected.hex().to_owned(),
                    found: found.hex().to_owned(),
                });
            }
        }
        Ok(())
    }
}

pub(super) fn check_version(expected: u64, found: u64) -> Result<(), Refusal> {
    if found != expected {
        return Err(Refusal::Version { expected, found });
    }
    Ok(())
}

/// Checks that a version that metadata names is not older than the one known.
pub(super) fn check_not_older(of: &str, known: u64, found: u64) -> Result<(), Refusal> {
    if found < known {
        let of = Quoted::new(of);
        return Err(Refusal::RolledBack { of, known, found });
    }
    Ok(())
}

fn check_length(expected: u64, bytes: &[u8]) -> Result<(), Refusal> {
    let found = bytes.len().try_into().unwrap_or(u64::MAX);
    if found != expected {
        return Err(Refusal::Length { expected, found });
    }
    Ok(())
}

/// The most files that a snapshot or targets metadata lists.
const FILES: usize = 16_384;
