//! Entries of a log of certificates, as they are hashed, signed and stored (RFC 6962 §3.1, §3.4; C2SP static-ct-api, §Log
//! entries).

use countersign_core::log::merkle::TreeHash;

/// What is logged.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A certificate before the log's promise is put into it.
    Precertificate {
        /// The SHA-256 of the issuer's `SubjectPublicKeyInfo`.
        issuer_key_hash: [u8; 32],
        /// Its `TBSCertificate`, without what keeps anyone from believing it.
        tbs: Vec<u8>,
        /// The precertificate itself, for those who look into the log.
        der: Vec<u8>,
    },
}

impl Content {
    /// What makes two contents the same: their type and what is signed of them.
    pub(super) fn signed(&self) -> Vec<u8> {
        match self {
            Self::Certificate(der) => [&CERTIFICATE[..], &led::<3>(der)].concat(),
            Self::Precertificate {
                issuer_key_hash, tbs, ..
            } => [&PRECERTIFICATE[..], issuer_key_hash, &led::<3>(tbs)].concat(),
        }
    }

    /// Writes the `TileLeaf`: the entry, and what those who look into the log want besides.
    pub(super) fn tile_leaf(&self, time: u64, index: u64, issuers: &[[u8; 32]]) -> Vec<u8> {
        let [_, _, _, index @ ..] = index.to_be_bytes();
        let extensions = [&[LEAF_INDEX][..], &led::<2>(&index)].concat();
        let mut leaf = time.to_be_bytes().to_vec();
        leaf.extend(self.signed());
        leaf.extend(led::<2>(&extensions));
        if let Self::Precertificate { der, .. } = self {
            leaf.extend(led::<3>(der));
        }
        leaf.extend(led::<2>(&issuers.concat()));
        leaf
    }
}

/// What the log hashes and signs of an entry that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Logged<'a> {
    /// The `TimestampedEntry`.
    pub(super) entry: &'a [u8],
    pub(super) time: u64,
    pub(super) extensions: &'a [u8],
}

impl<'a> Logged<'a> {
    /// Reads a `TileLeaf`.
    pub(super) fn read(leaf: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(leaf);
        let time = u64::from_be_bytes(fields.array()?);
        let kind = fields.array::<2>()?;
        match kind {
            CERTIFICATE => _ = fields.led::<3>()?,
            PRECERTIFICATE => {
                fields.array::<32>()?;
                fields.led::<3>()?;
            }
            _ => return None,
        }
        let extensions = fields.led::<2>()?;
        let entry = leaf.get(..leaf.len() - fields.0.len())?;
        if kind == PRECERTIFICATE {
            fields.led::<3>()?;
        }
        let issuers = fields.led::<2>()?;
        (issuers.len() % 32 == 0 && fields.0.is_empty()).then_some(Self {
            entry,
            time,
            extensions,
        })
    }

    /// What is hashed as the leaf of the tree, a `MerkleTreeLeaf`, and what is signed as the promise: they are the same.
    pub(super) fn signed(&self) -> Vec<u8> {
        [&VERSION_1_TIMESTAMPED[..], self.entry].concat()
    }
}

/// Hashes an entry that is stored.
pub(super) fn leaf_of(leaf: &[u8]) -> Option<TreeHash> {
    Logged::read(leaf).map(|logged| TreeHash::of_leaf(&logged.signed()))
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    /// Reads bytes that are led by their number.
    fn led<const LENGTH: usize>(&mut self) -> Option<&'a [u8]> {
        let length = self.array::<LENGTH>()?;
        let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// Bytes led by their number. What is too long is told to be of no entry, for the number does not fit.
fn led<const LENGTH: usize>(bytes: &[u8]) -> Vec<u8> {
    let number = bytes.len().to_be_bytes();
    [&number[number.len() - LENGTH..], bytes].concat()
}

const CERTIFICATE: [u8; 2] = [0, 0];
const PRECERTIFICATE: [u8; 2] = [0, 1];
/// The type of the extension that tells an entry's place (C2SP static-ct-api, §SCT Extension).
const LEAF_INDEX: u8 = 0;
/// The version, and that a timestamped entry follows (RFC 6962 §3.2, §3.4).
const VERSION_1_TIMESTAMPED: [u8; 2] = [0, 0];
