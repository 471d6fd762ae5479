//! The files of an image while its layers come, and which of them are those of the base.

use std::collections::BTreeMap;

use super::{Fate, Forbidden, Override, Overrides};
use crate::pull::unpack::entry::{Entry, Kind};
use crate::sbom::SbomError;
use crate::sbom::layer::{OPAQUE, WHITEOUT};
use crate::sbom::view::{is_beneath, through_links};

/// What is at each path, and what was done to the base.
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    links: BTreeMap<String, String>,
    /// How many bytes the paths and links have.
    bytes: usize,
    /// How many layers have begun.
    layer: usize,
    /// How many of them are the base.
    base: usize,
    forbidden: Forbidden,
    found: Overrides,
}

/// What is at a path.
struct Node {
    /// The number of the layer that it is from, from 1.
    layer: usize,
    is_folder: bool,
}

/// Whether only what earlier layers have goes away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Earlier,
}

impl Tree {
    pub(super) fn new(base: usize, forbidden: Forbidden) -> Self {
        Self {
            nodes: BTreeMap::new(),
            links: BTreeMap::new(),
            bytes: 0,
            layer: 0,
            base,
            forbidden,
            found: Overrides::default(),
        }
    }

    /// Goes on with the next layer.
    pub(super) fn begin(&mut self) {
        self.layer += 1;
    }

    pub(super) fn into_overrides(self) -> Overrides {
        self.found
    }

    /// Puts an entry where it goes, through the links that lead there (image-spec, layer.md).
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), SbomError> {
        let name = entry.name.trim_end_matches('/');
        if self.white_out(name) {
            return Ok(());
        }
        let Some(place) = through_links(name, &self.links) else {
            return Ok(());
        };
        let is_folder = entry.kind == Kind::Folder;
        if entry.kind == Kind::HardLink && through_links(&entry.target, &self.links).as_ref() == Some(&place) {
            return Ok(());
        }
        if is_folder && self.nodes.get(&place).is_some_and(|node| node.is_folder) {
            return Ok(());
        }
        self.take(&place, Which::All, Fate::Replaced);
        if !is_folder {
            self.empty(&place, Which::All);
        }
        if entry.kind == Kind::SymbolicLink {
            self.grow(place.len() + entry.target.len())?;
            self.links.insert(place.clone(), entry.target.clone());
        }
        self.grow(place.len())?;
        let layer = self.layer;
        self.nodes.insert(place, Node { layer, is_folder });
        Ok(())
    }

    /// Takes away what a whiteout names; says whether the entry of this name is one, or a union file system's own note.
    fn white_out(&mut self, name: &str) -> bool {
        let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
        if base == OPAQUE {
            let inside = through_links(name, &self.links);
            let folder = inside.as_deref().and_then(|place| place.rsplit_once('/'));
            self.empty(folder.map_or("", |(folder, _)| folder), Which::Earlier);
            return true;
        }
        let Some(gone) = base.strip_prefix(WHITEOUT) else {
            return false;
        };
        let place = through_links(&format!("{folder}/{gone}"), &self.links);
        if let Some(place) = place.filter(|_| !gone.starts_with(WHITEOUT)) {
            self.take(&place, Which::Earlier, Fate::Deleted);
            self.empty(&place, Which::Earlier);
        }
        true
    }

    /// Takes away what is at `path`.
    fn take(&mut self, path: &str, which: Which, fate: Fate) {
        let is_gone = |node: &Node| which == Which::All || node.layer < self.layer;
        let Some(node) = self.nodes.get(path).filter(|node| is_gone(node)) else {
            return;
        };
        let is_overridden = node.layer <= self.base && self.layer > self.base;
        self.nodes.remove(path);
        self.links.remove(path);
        if is_overridden {
            self.note(path, fate);
        }
    }

    /// Takes away what is beneath `folder`; the root is empty.
    fn empty(&mut self, folder: &str, which: Which) {
        let start = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let beneath = self.nodes.range(start..);
        let beneath: Vec<String> = beneath
            .map(|(path, _)| path)
            .take_while(|path| is_beneath(path, folder))
            .cloned()
            .collect();
        for path in beneath {
            self.take(&path, which, Fate::Deleted);
        }
    }

    fn note(&mut self, path: &str, fate: Fate) {
        let noted = Override {
            layer: self.layer,
            path: format!("/{path}"),
            fate,
        };
        self.found.count += 1;
        if (self.forbidden)(&noted.path) && self.found.forbidden.len() < LISTED {
            self.found.forbidden.push(noted.clone());
        }
        if self.found.listed.len() < LISTED {
            self.found.listed.push(noted);
        }
    }

    fn grow(&mut self, bytes: usize) -> Result<(), SbomError> {
        self.bytes += bytes + NODE;
        match self.bytes > BYTES_LIMIT {
            true => Err(SbomError::TooMany {
                what: "bytes of paths",
                limit: BYTES_LIMIT,
            }),
            false => Ok(()),
        }
    }
}

/// The most paths that are listed of an image.
const LISTED: usize = 1000;

/// About what a path takes in memory besides its letters.
const NODE: usize = 64;

/// The most bytes that the paths of an image may take; an image with two million files has less.
const BYTES_LIMIT: usize = 512 * 1024 * 1024;
