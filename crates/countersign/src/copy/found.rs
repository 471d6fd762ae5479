//! What belongs to an image.

use std::collections::{HashMap, HashSet};

use countersign_core::Digest;
use countersign_oci::manifest::{Descriptor, Manifest};
use countersign_oci::{Reference, Repository, StoreError, media_type};

/// Everything that belongs to an image, itself first.
#[derive(Debug)]
pub struct Found {
    pub(super) parts: Vec<Part>,
    pub(super) places: HashMap<Digest, usize>,
    pub(super) absent: Vec<Reference>,
    /// What the target has already, and lists where it refers to something.
    pub(super) present: HashSet<Digest>,
    bytes: usize,
}

/// A manifest that belongs to an image.
#[derive(Debug)]
pub struct Part {
    /// The digest that others name it by.
    pub digest: Digest,
    /// The repository of the source that it is in.
    pub repository: Repository,
    /// The manifest.
    pub manifest: Manifest,
    /// 0 for the image and what is beneath it, 1 for what is attached to those, and so on.
    pub generation: usize,
    /// The tags that it has as an attachment.
    pub tags: Vec<Tag>,
}

/// A tag of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name, the same at both ends.
    pub name: String,
    /// What the target has under it.
    pub state: TagState,
}

/// What a target has under a tag that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagState {
    /// Nothing, or what may be replaced.
    Free,
    /// What is to be written.
    Same,
}

impl Found {
    pub(super) fn new() -> Self {
        Self {
            parts: Vec::new(),
            places: HashMap::new(),
            absent: Vec::new(),
            present: HashSet::new(),
            bytes: 0,
        }
    }

    /// The manifests, the image's own first.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What a list of referrers names and the source does not have.
    pub fn absent(&self) -> &[Reference] {
        &self.absent
    }

    /// Finds a manifest by its digest.
    pub(super) fn part(&self, digest: &Digest) -> Option<&Part> {
        self.places.get(digest).and_then(|place| self.parts.get(*place))
    }

    /// Notes a tag of a manifest.
    pub(super) fn tag(&mut self, digest: &Digest, name: String, state: TagState) {
        let part = self.places.get(digest).and_then(|place| self.parts.get_mut(*place));
        if let Some(part) = part
            && part.tags.iter().all(|tag| tag.name != name)
        {
            part.tags.push(Tag { name, state });
        }
    }

    /// Puts the image's own manifest first.
    pub(super) fn rooted(mut self, image: &Digest) -> Self {
        if let Some(place) = self.places.get(image).copied()
            && place != 0
        {
            self.parts.swap(0, place);
            self.places.insert(image.clone(), 0);
            if let Some(moved) = self.parts.get(place) {
                self.places.insert(moved.digest.clone(), place);
            }
        }
        self
    }

    /// Keeps a manifest that is not known yet.
    pub(super) fn add(&mut self, part: Part) -> Result<(), StoreError> {
        self.bytes += part.manifest.bytes().len();
        if self.parts.len() >= COUNT_LIMIT || self.bytes > BYTES_LIMIT {
            let first = self.parts.first().unwrap_or(&part);
            return Err(StoreError::TooLarge {
                what: format!("what belongs to {}@{}", first.repository, first.digest),
                limit: format!("{COUNT_LIMIT} manifests, {BYTES_LIMIT} bytes"),
            });
        }
        self.places.insert(part.digest.clone(), self.parts.len());
        self.parts.push(part);
        Ok(())
    }

    /// The manifests of each generation, each after those that it names: all of one inner list can be written at once.
    pub(super) fn in_order(&self) -> Vec<Vec<&Part>> {
        let mut heights = Heights {
            found: self,
            known: HashMap::new(),
            entered: HashSet::new(),
        };
        let mut keyed: Vec<(usize, usize, &Part)> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            keyed.push((part.generation, heights.of(part), part));
        }
        keyed.sort_by_key(|(generation, height, _)| (*generation, *height));
        let groups = keyed.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1));
        groups
            .map(|group| group.iter().map(|(_, _, part)| *part).collect())
            .collect()
    }
}

/// How far each manifest is from the deepest of those that it names.
struct Heights<'a> {
    found: &'a Found,
    known: HashMap<&'a Digest, usize>,
    /// A manifest cannot name itself, but what is here came from outside.
    entered: HashSet<&'a Digest>,
}

impl<'a> Heights<'a> {
    fn of(&mut self, part: &'a Part) -> usize {
        if let Some(height) = self.known.get(&part.digest) {
            return *height;
        }
        if !self.entered.insert(&part.digest) {
            return 0;
        }
        let mut height = 0;
        for child in part.manifest.manifests() {
            if let Some(child) = self.found.part(&child.digest) {
                height = height.max(1 + self.of(child));
            }
        }
        self.known.insert(&part.digest, height);
        height
    }
}

/// The blobs that a manifest names; entries of an index that are no manifests are blobs too (build caches have that).
pub(super) fn blobs(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    let entries = manifest.manifests().iter().filter(|entry| !is_manifest(entry));
    let config = manifest.content().config.iter();
    config.chain(manifest.layers()).chain(entries)
}

/// The manifests that an index names.
pub(super) fn children(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    manifest.manifests().iter().filter(|entry| is_manifest(entry))
}

fn is_manifest(descriptor: &Descriptor) -> bool {
    media_type::is_index(&descriptor.media_type) || media_type::is_image(&descriptor.media_type)
}

/// The deepest nesting, of indexes in indexes and of attachments of attachments, that is followed.
pub(super) const DEPTH_LIMIT: usize = 8;
/// The most manifests that may belong to one image.
const COUNT_LIMIT: usize = 12_000;
/// The most bytes that these may have together; all are in memory until they are written.
const BYTES_LIMIT: usize = 32 * 1024 * 1024;
