//! Messages: bytes that are signed as they are, read once and known by their hashes.
//!
//! A file may be larger than memory, so a key says what it [needs](Needs) of one, whoever reads the file feeds a
//! [`MessageHasher`], and signatures are made and checked with what it kept.

use std::fmt;

use aws_lc_rs::digest as hash;

use crate::digest::{Algorithm, Digest, Hasher};
use crate::key::SignatureDigest;

/// What must be kept of a message while it is read, so that signatures over it can be made or checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    digests: Vec<SignatureDigest>,
    bytes: Bytes,
}

/// Whether the bytes of a message are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// They pass: the hashes are enough.
    Dropped,
    /// They are kept, up to a limit: pure Ed25519 hashes the message twice, the second time after its own first hash
    /// (RFC 8032 §5.1.6).
    Kept,
}

impl Needs {
    /// Asks for hashes, and perhaps for the bytes.
    pub fn new(digests: &[SignatureDigest], bytes: Bytes) -> Self {
        let none = Self {
            digests: Vec::new(),
            bytes,
        };
        digests.iter().fold(none, |needs, digest| needs.and(*digest))
    }

    /// Asks for every hash and for the bytes, as whatever key there is may need.
    pub fn everything() -> Self {
        let digests = [
            SignatureDigest::Sha256,
            SignatureDigest::Sha384,
            SignatureDigest::Sha512,
        ];
        Self::new(&digests, Bytes::Kept)
    }

    /// Asks for one more hash.
    #[must_use]
    pub fn and(mut self, digest: SignatureDigest) -> Self {
        if !self.digests.contains(&digest) {
            self.digests.push(digest);
        }
        self
    }

    /// Asks for what either asks for.
    #[must_use]
    pub fn joined(self, other: &Self) -> Self {
        let bytes = match other.bytes {
            Bytes::Kept => Bytes::Kept,
            Bytes::Dropped => self.bytes,
        };
        let joined = other.digests.iter().fold(self, |needs, digest| needs.and(*digest));
        Self { bytes, ..joined }
    }

    /// Returns the hashes asked for.
    pub fn digests(&self) -> &[SignatureDigest] {
        &self.digests
    }

    /// Says whether a message that was read for these needs serves `others` too; SHA-256 always does.
    pub fn cover(&self, others: &Self) -> bool {
        let has = |digest: &SignatureDigest| *digest == SignatureDigest::Sha256 || self.digests.contains(digest);
        others.digests.iter().all(has) && (self.bytes == Bytes::Kept || others.bytes == Bytes::Dropped)
    }

    /// Returns whether the bytes are asked for.
    pub fn bytes(&self) -> Bytes {
        self.bytes
    }
}

/// A message that was read, or that is known by its digest alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    digest: Digest,
    hashes: Vec<(SignatureDigest, Vec<u8>)>,
    kept: Kept,
}

/// What is left of the bytes of a message.
#[derive(Clone, PartialEq, Eq)]
enum Kept {
    Nothing,
    Everything(Vec<u8>),
    TooLong { limit: usize },
}

/// Why the bytes of a message are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// Nobody asked for them, or nobody had them.
    Unknown,
    /// There are more of them than are kept.
    TooLong {
        /// The most bytes that are kept.
        limit: usize,
    },
}

impl Message {
    /// Takes a message that is at hand.
    pub fn of(bytes: &[u8], needs: &Needs) -> Self {
        let mut hasher = MessageHasher::new(needs, bytes.len());
        hasher.update(bytes);
        hasher.finish()
    }

    /// Takes a message of which only the digest is known.
    pub fn named(digest: Digest) -> Self {
        let algorithm = match digest.algorithm() {
            Algorithm::Sha256 => SignatureDigest::Sha256,
            Algorithm::Sha512 => SignatureDigest::Sha512,
        };
        Self {
            hashes: vec![(algorithm, digest.bytes())],
            digest,
            kept: Kept::Nothing,
        }
    }

    /// Returns the digest that names the message: its SHA-256 where it was read.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns the message's hash, if it is known.
    pub fn hash(&self, digest: SignatureDigest) -> Option<&[u8]> {
        let (_, hash) = self.hashes.iter().find(|(known, _)| *known == digest)?;
        Some(hash)
    }

    /// Returns the digests that are known, of the algorithms that name artifacts.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        self.hashes.iter().filter_map(|(algorithm, hash)| {
            let algorithm = match algorithm {
                SignatureDigest::Sha256 => Algorithm::Sha256,
                SignatureDigest::Sha384 => return None,
                SignatureDigest::Sha512 => Algorithm::Sha512,
            };
            Digest::from_bytes(algorithm, hash)
        })
    }

    /// Returns the hashes that are known.
    pub fn known(&self) -> impl Iterator<Item = SignatureDigest> {
        self.hashes.iter().map(|(digest, _)| *digest)
    }

    /// Returns the bytes, if they were kept.
    pub fn bytes(&self) -> Result<&[u8], NotKept> {
        match &self.kept {
            Kept::Everything(bytes) => Ok(bytes),
            Kept::Nothing => Err(NotKept::Unknown),
            Kept::TooLong { limit } => Err(NotKept::TooLong { limit: *limit }),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.digest)
    }
}

/// Hashes a message as it passes.
pub struct MessageHasher {
    name: Hasher,
    others: Vec<(SignatureDigest, hash::Context)>,
    kept: Kept,
    limit: usize,
}

impl MessageHasher {
    /// Starts a message of which at most `limit` bytes are kept, if any are needed. SHA-256 is always among the hashes.
    pub fn new(needs: &Needs, limit: usize) -> Self {
        let others = needs
            .digests
            .iter()
            .filter(|digest| **digest != SignatureDigest::Sha256);
        Self {
            name: Hasher::new(Algorithm::Sha256),
            others: others
                .map(|digest| (*digest, hash::Context::new(digest.engine())))
                .collect(),
            kept: match needs.bytes {
                Bytes::Kept => Kept::Everything(Vec::new()),
                Bytes::Dropped => Kept::Nothing,
            },
            limit,
        }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.name.update(bytes);
        for (_, context) in &mut self.others {
            context.update(bytes);
        }
        if let Kept::Everything(kept) = &mut self.kept {
            if kept.len().saturating_add(bytes.len()) > self.limit {
                self.kept = Kept::TooLong { limit: self.limit };
            } else {
                kept.extend_from_slice(bytes);
            }
        }
    }

    /// Ends the message.
    pub fn finish(self) -> Message {
        let digest = self.name.finish();
        let others = self.others.into_iter();
        let mut hashes = vec![(SignatureDigest::Sha256, digest.bytes())];
        hashes.extend(others.map(|(digest, context)| (digest, context.finish().as_ref().to_vec())));
        Message {
            digest,
            hashes,
            kept: self.kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_pieces_has_the_hashes_of_the_whole() {
        let needs = Needs::new(&[SignatureDigest::Sha384, SignatureDigest::Sha512], Bytes::Kept);
        let mut hasher = MessageHasher::new(&needs, 5);
        for piece in [&b"he"[..], b"", b"llo"] {
            hasher.update(piece);
        }
        let message = hasher.finish();
        assert_eq!(message, Message::of(b"hello", &needs));
        assert_eq!(message.digest(), &Digest::sha256(b"hello"));
        for digest in [
            SignatureDigest::Sha256,
            SignatureDigest::Sha384,
            SignatureDigest::Sha512,
        ] {
            assert_eq!(
                message.hash(digest).unwrap(),
                hash::digest(digest.engine(), b"hello").as_ref()
            );
        }
        assert_eq!(message.bytes(), Ok(&b"hello"[..]));
    }

    #[test]
    fn bytes_past_the_limit_are_not_kept() {
        let needs = Needs::new(&[], Bytes::Kept);
        let mut hasher = MessageHasher::new(&needs, 4);
        for piece in [&b"hell"[..], b"o", b"!"] {
            hasher.update(piece);
        }
        let message = hasher.finish();
        assert_eq!(message.bytes(), Err(NotKept::TooLong { limit: 4 }));
        assert_eq!(message.digest(), &Digest::sha256(b"hello!"));
    }

    #[test]
    fn bytes_that_nobody_needs_are_not_kept() {
        let needs = Needs::new(&[SignatureDigest::Sha256], Bytes::Dropped);
        assert_eq!(Message::of(b"hello", &needs).bytes(), Err(NotKept::Unknown));
    }

    #[test]
    fn of_a_message_that_is_named_only_the_digest_is_known() {
        let message = Message::named(Digest::of(Algorithm::Sha512, b"hello"));
        assert_eq!(message.known().collect::<Vec<_>>(), [SignatureDigest::Sha512]);
        assert_eq!(message.hash(SignatureDigest::Sha256), None);
        assert_eq!(message.bytes(), Err(NotKept::Unknown));
    }
}
