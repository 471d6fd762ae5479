//! Checkpoints: tree heads that a log signed and witnesses cosigned (C2SP `tlog-checkpoint`, `tlog-cosignature`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::merkle::{TreeHash, TreeHead};
use super::note::{KeyId, Note, NoteError, SignerError};
use crate::key::{PublicKey, PublicKeyAlgorithm, Signature};
use crate::quoted::Quoted;
use crate::trust::TransparencyLog;

/// A tree head as a log published it; *untrusted* until it is [signed](Self::check_signed_by).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    note: Note<'a>,
    origin: &'a str,
    head: TreeHead,
    extensions: Vec<&'a str>,
}

impl<'a> Checkpoint<'a> {
    /// Parses a checkpoint.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`], naming the first line that is not as it must be.
    pub fn parse(note: &'a str) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        let mut lines = note.text().split_terminator('\n');
        let mut line = |expected| lines.next().ok_or(CheckpointError::NoLine { expected });
        let origin = line("origin")?;
        if origin.is_empty() {
            return Err(CheckpointError::NoLine { expected: "origin" });
        }
        let size = size_of(line("tree size")?)?;
        let root = root_of(line("root hash")?)?;
        let extensions: Vec<_> = lines.collect();
        if extensions.iter().any(|extension| extension.is_empty()) {
            return Err(CheckpointError::EmptyExtension);
        }
        Ok(Self {
            note,
            origin,
            head: TreeHead { size, root },
            extensions,
        })
    }

    /// Returns which log the checkpoint says it is of.
    pub fn origin(&self) -> &'a str {
        self.origin
    }

    /// Returns the tree head.
    pub fn head(&self) -> &TreeHead {
        &self.head
    }

    /// Returns the lines after the root, which mean what the log says they mean.
    pub fn extensions(&self) -> &[&'a str] {
        &self.extensions
    }

    /// Returns the checkpoint as a note.
    pub fn note(&self) -> &Note<'a> {
        &self.note
    }

    /// Says whether the origin is a shard of Rekor 1: a name and the number of a tree.
    pub fn is_of_rekor_1(&self) -> bool {
        self.shard().is_some()
    }

    fn shard(&self) -> Option<&'a str> {
        let (name, tree) = self.origin.rsplit_once(" - ")?;
        let is_number = !tree.is_empty() && tree.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then_some(name)
    }

    /// Checks that `log` signed the checkpoint under its name, which is also the origin.
    ///
    /// The key's id is the one that the trusted root says, else the one that its kind of key has.
    /// The name is the host and path of the log's address, or the host alone. Rekor 1 calls itself what its operator
    /// wants, which the address need not show; there the origin starts with the name.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] when the origin is another, or there is no signature of the log's key that verifies.
    pub fn check_signed_by(&self, log: &TransparencyLog) -> Result<(), CheckpointError> {
        let key = log.key();
        let (name, id) = if let Some(name) = self.shard() {
            (name, KeyId::of_key(key.key()))
        } else {
            self.check_origin(log.url())?;
            (self.origin, KeyId::of_log(key.key(), self.origin))
        };
        let id = log.checkpoint_key_id().map_or(id, KeyId::new);
        let text = self.note.text().as_bytes();
        Ok(self
            .note
            .check_signed_by(name, id, |signature| key.verifies(text, signature))?)
    }

    fn check_origin(&self, url: &str) -> Result<(), CheckpointError> {
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let address = address.strip_suffix('/').unwrap_or(address);
        let host = address.split(['/', ':']).next().unwrap_or(address);
        if self.origin == address || self.origin == host {
            return Ok(());
        }
        Err(CheckpointError::Origin {
            expected: Quoted::new(address),
            found: Quoted::new(self.origin),
        })
    }

    /// Returns when `witness` saw that the tree continues all it had seen of the log.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] when it did not cosign, or its cosignature does not verify.
    pub fn cosigned_by(&self, witness: &Witness) -> Result<Timestamp, CheckpointError> {
        let id = KeyId::of_witness(&witness.key, &witness.name);
        let is_valid = |cosignature: &Signature| self.verifies(witness, cosignature).is_some();
        self.note.check_signed_by(&witness.name, id, is_valid)?;
        let mut times = self
            .note
            .signatures()
            .iter()
            .filter(|found| found.name() == witness.name && found.key_id() == id)
            .filter_map(|found| self.verifies(witness, found.signature()));
        times.next().ok_or_else(|| {
            CheckpointError::Signer(SignerError::Mismatch {
                name: Quoted::new(&witness.name),
                id,
            })
        })
    }

    fn verifies(&self, witness: &Witness, cosignature: &Signature) -> Option<Timestamp> {
        let (time, signature) = cosignature.as_bytes().split_first_chunk()?;
        let seconds = u64::from_be_bytes(*time);
        let message = format!("cosignature/v1\ntime {seconds}\n{}", self.note.text());
        let signature = Signature::new(signature.to_vec());
        witness
            .key
            .verifies_whole(message.as_bytes(), &signature)
            .then(|| Timestamp::from_second(i64::try_from(seconds).ok()?).ok())?
    }
}

/// A party that watches logs and cosigns what they publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    name: String,
    key: PublicKey,
}

impl Witness {
    /// Names a witness by its name and its Ed25519 key.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::WitnessKey`] for a key of another kind.
    pub fn new(name: String, key: PublicKey) -> Result<Self, CheckpointError> {
        match key.algorithm() {
            PublicKeyAlgorithm::Ed25519 => Ok(Self { name, key }),
            found => Err(CheckpointError::WitnessKey { found }),
        }
    }
}

/// Why a text is no checkpoint, or not of the one who must have signed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is no note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A line is not there.
    #[error("checkpoint has no {expected}")]
    NoLine {
        /// What the line holds.
        expected: &'static str,
    },
    /// The tree size is no decimal number, or is spelled in another way than the shortest.
    #[error("tree size is {found}, expected a decimal number")]
    Size {
        /// The line.
        found: Quoted,
    },
    /// The root hash is not 32 bytes in base64.
    #[error("root hash is {found}, expected 32 bytes in base64")]
    Root {
        /// The line.
        found: Quoted,
    },
    /// A line after the root hash is empty.
    #[error("checkpoint has an empty line after its root hash")]
    EmptyExtension,
    /// It is of another log.
    #[error("origin is {found}, expected {expected}")]
    Origin {
        /// The log's name.
        expected: Quoted,
        /// The origin as written.
        found: Quoted,
    },
    /// It is not signed by the one who must have.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// Witnesses have keys of another kind.
    #[error("key of a witness is {found}, expected ed25519")]
    WitnessKey {
        /// The kind found.
        found: PublicKeyAlgorithm,
    },
}

fn size_of(line: &str) -> Result<u64, CheckpointError> {
    let is_short = line == "0" || !line.starts_with(['0', '+']);
    line.parse()
        .ok()
        .filter(|_| is_short)
        .ok_or_else(|| CheckpointError::Size {
            found: Quoted::new(line),
        })
}

fn root_of(line: &str) -> Result<TreeHash, CheckpointError> {
    STANDARD
        .decode(line)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .map(TreeHash::new)
        .ok_or_else(|| CheckpointError::Root {
            found: Quoted::new(line),
        })
}

#[cfg(test)]
mod tests;
