//! The layers of an image, by what is in them rather than by how that is compressed.

use serde::Deserialize;

use crate::bounded::Bounded;
use crate::digest::Digest;
use crate::json_object::JsonObject;
use crate::quoted::Quoted;

/// The most layers of an image; runtimes stop at 127.
pub const LAYERS: usize = 1000;

/// The layers of an image, lowest first, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    diff_ids: Vec<Digest>,
    /// For each layer, the chain id of it and all below (image-spec, config.md §layer chainid).
    chain_ids: Vec<Digest>,
}

impl Layers {
    /// Takes the digests of the uncompressed layers.
    ///
    /// # Errors
    ///
    /// [`LayersError::Empty`], [`LayersError::TooMany`].
    pub fn new(diff_ids: Vec<Digest>) -> Result<Self, LayersError> {
        if diff_ids.is_empty() {
            return Err(LayersError::Empty);
        }
        if diff_ids.len() > LAYERS {
            return Err(LayersError::TooMany { found: diff_ids.len() });
        }
        let mut chain_ids: Vec<Digest> = Vec::with_capacity(diff_ids.len());
        for diff_id in &diff_ids {
            chain_ids.push(match chain_ids.last() {
                None => diff_id.clone(),
                Some(below) => Digest::sha256(format!("{below} {diff_id}").as_bytes()),
            });
        }
        Ok(Self { diff_ids, chain_ids })
    }

    /// Reads them from an image's configuration, of an image of `count` layers.
    ///
    /// # Errors
    ///
    /// [`LayersError`]; also where programs in Go would read other layers there.
    pub fn of_configuration(json: &[u8], count: usize) -> Result<Self, LayersError> {
        #[derive(Deserialize)]
        struct RootFs {
            diff_ids: Bounded<Digest, LAYERS>,
        }
        let configuration = JsonObject::parse(json)?;
        let rootfs = configuration.get("rootfs").ok_or(LayersError::Empty)?.get();
        for object in [&configuration, &JsonObject::parse(rootfs.as_bytes())?] {
            if let Some(twin) = object.twin() {
                return Err(LayersError::Twin {
                    member: Quoted::new(twin),
                });
            }
        }
        let rootfs: RootFs = serde_json::from_str(rootfs)?;
        let diff_ids = rootfs.diff_ids.within_limit();
        let layers = Self::new(diff_ids.map_err(|found| LayersError::TooMany { found })?)?;
        match layers.len() == count {
            true => Ok(layers),
            false => Err(LayersError::Count {
                expected: count,
                found: layers.len(),
            }),
        }
    }

    /// Returns how many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is one at least")]
    pub fn len(&self) -> usize {
        self.diff_ids.len()
    }

    /// Returns the digests of the uncompressed layers.
    pub fn diff_ids(&self) -> &[Digest] {
        &self.diff_ids
    }

    /// Returns the chain id of the lowest `count` layers, if there are so many, and not none.
    pub fn chain_id(&self, count: usize) -> Option<&Digest> {
        self.chain_ids.get(count.checked_sub(1)?)
    }

    /// Returns the chain ids of the lowest layer, the lowest two, and so on.
    pub fn chain_ids(&self) -> impl Iterator<Item = (usize, &Digest)> {
        (1..).zip(&self.chain_ids)
    }

    /// Returns the lowest `count` layers, if there are so many, and not none.
    pub fn lowest(&self, count: usize) -> Option<Self> {
        Some(Self {
            diff_ids: self.diff_ids.get(..count).filter(|some| !some.is_empty())?.to_vec(),
            chain_ids: self.chain_ids.get(..count)?.to_vec(),
        })
    }

    /// Returns the first layer, from 1, in which the lowest layers are not those of `base`, with both digests.
    pub(super) fn departure<'a>(&'a self, base: &'a Self) -> Option<(usize, &'a Digest, &'a Digest)> {
        let pairs = base.diff_ids.iter().zip(&self.diff_ids);
        let mut numbered = (1..).zip(pairs);
        let (number, (expected, found)) = numbered.find(|(_, (expected, found))| expected != found)?;
        Some((number, expected, found))
    }

    /// Writes what is signed in the seed's form: canonical JSON (RFC 8785), which follows from an image alone.
    pub fn payload(&self) -> Vec<u8> {
        let ids: Vec<String> = self.diff_ids.iter().map(|id| format!("\"{id}\"")).collect();
        let chain_id = self.chain_ids.last().map_or("", Digest::as_str);
        // digests are of letters that JSON does not escape, and the members are in their order
        format!(
            "{{\"chainID\":\"{chain_id}\",\"diffIDs\":[{}],\"type\":\"{PAYLOAD_TYPE}\"}}",
            ids.join(",")
        )
        .into_bytes()
    }
}

/// Why the layers of an image are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// There are none.
    #[error("configuration names no layers")]
    Empty,
    /// There are more than are read.
    #[error("image has {found} layers, the limit is {LAYERS}")]
    TooMany {
        /// The number found.
        found: usize,
    },
    /// The manifest has more or fewer.
    #[error("configuration has {found} diff ids, expected {expected}, one for each layer of the manifest")]
    Count {
        /// The layers of the manifest.
        expected: usize,
        /// The diff ids of the configuration.
        found: usize,
    },
    /// The configuration cannot be read.
    #[error("configuration is malformed")]
    Json(#[from] serde_json::Error),
    /// A member is there twice, perhaps in another case: what is read there depends on the reader.
    #[error("{member} is there twice, or in another case too: programs differ on which one counts")]
    Twin {
        /// The member.
        member: Quoted,
    },
}

/// What the seed's payload says that it is, so that no signature over anything else passes for one.
const PAYLOAD_TYPE: &str = "base-image-layers/v1";
