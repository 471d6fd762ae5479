//! What the layers of an image make together: later layers replace and remove what earlier ones have
//! (image-spec, layer.md).

use std::collections::BTreeMap;

use super::SbomError;
use super::read::Reading;

/// The files of interest that are visible, and the links that lead to them.
#[derive(Default)]
pub(super) struct View {
    files: BTreeMap<String, Held>,
    links: BTreeMap<String, String>,
    layer: usize,
    /// How many packages were read, also of what was replaced since.
    packages: usize,
    /// Names of files, by the paths that they are hard links to, where those were not of interest.
    unresolved: BTreeMap<String, Vec<String>>,
}

/// A file of interest, and what was read of it.
#[derive(Clone)]
pub(super) struct Held {
    /// The number of the layer that it is from.
    pub(super) layer: usize,
    pub(super) reading: Reading,
}

impl View {
    /// Goes on with the layer of this number; they come in order.
    pub(super) fn begin(&mut self, layer: usize) {
        self.layer = layer;
        self.unresolved.clear();
    }

    /// What is visible in the end.
    pub(super) fn into_files(self) -> BTreeMap<String, Held> {
        self.files
    }

    /// What was read of the file at `path`, through links.
    pub(super) fn find(&self, path: &str) -> Option<&Held> {
        let mut place = self.place(path)?;
        for _ in 0..LINK_LIMIT {
            match self.links.get(&place) {
                Some(target) => place = self.place(&joined(&place, target))?,
                None => return self.files.get(&place),
            }
        }
        None
    }

    /// Where an entry of this name is: below its folder, through the links that lead there. None where it is the root,
    /// or the links go round in a circle.
    pub(super) fn place(&self, name: &str) -> Option<String> {
        through_links(name, &self.links)
    }

    /// Removes what earlier layers have at `path`, and beneath it.
    pub(super) fn white_out(&mut self, path: &str) {
        self.remove(path, Which::Earlier);
    }

    /// Removes what earlier layers have beneath `folder`; the root is empty.
    pub(super) fn make_opaque(&mut self, folder: &str) {
        let layer = self.layer;
        let is_kept = |path: &str, held: usize| held >= layer || !is_beneath(path, folder);
        self.files.retain(|path, held| is_kept(path, held.layer));
        self.links.retain(|path, _| !is_beneath(path, folder));
    }

    /// A folder is at `path`; what is beneath it stays.
    pub(super) fn add_folder(&mut self, path: &str) {
        self.files.remove(path);
        self.links.remove(path);
    }

    /// Something that is no folder is at `path`, in the place of all that was there.
    pub(super) fn replace(&mut self, path: &str) {
        self.remove(path, Which::All);
    }

    /// Keeps what was read of the file at `path`.
    pub(super) fn hold(&mut self, path: String, reading: Reading) -> Result<(), SbomError> {
        if self.files.len() >= FILE_LIMIT {
            return Err(SbomError::TooMany {
                what: "files with packages",
                limit: FILE_LIMIT,
            });
        }
        self.packages += reading.packages.len();
        if self.packages > PACKAGE_LIMIT {
            return Err(SbomError::TooMany {
                what: "packages",
                limit: PACKAGE_LIMIT,
            });
        }
        let layer = self.layer;
        self.files.insert(path, Held { layer, reading });
        Ok(())
    }

    /// A symbolic link is at `path`.
    pub(super) fn link(&mut self, path: String, target: String) -> Result<(), SbomError> {
        if self.links.len() >= FILE_LIMIT {
            return Err(SbomError::TooMany {
                what: "symbolic links",
                limit: FILE_LIMIT,
            });
        }
        self.links.insert(path, target);
        Ok(())
    }

    /// A second name of the file at `target` is at `path`, which is of interest by its name where `is_named`.
    pub(super) fn link_hard(&mut self, path: String, target: &str, is_named: bool) -> Result<(), SbomError> {
        if let Some(link) = self.links.get(target).cloned() {
            return self.link(path, link);
        }
        match self.files.get(target).map(|held| held.reading.clone()) {
            Some(reading) => self.hold(path, reading),
            None if is_named => {
                self.unresolved.entry(target.to_owned()).or_default().push(path);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The hard links of this layer whose content has to be read yet: paths, and the names that are links to them.
    pub(super) fn take_unresolved(&mut self) -> BTreeMap<String, Vec<String>> {
        std::mem::take(&mut self.unresolved)
    }

    fn remove(&mut self, path: &str, which: Which) {
        let layer = self.layer;
        let is_gone = |held: &Held| which == Which::All || held.layer < layer;
        if self.files.get(path).is_some_and(is_gone) {
            self.files.remove(path);
        }
        self.links.remove(path);
        let beneath = format!("{path}/");
        let paths: Vec<String> = self
            .files
            .range(beneath.clone()..)
            .take_while(|(name, _)| name.starts_with(&beneath))
            .filter(|(_, held)| is_gone(held))
            .map(|(name, _)| name.clone())
            .collect();
        for path in paths {
            self.files.remove(&path);
        }
        let links = self.links.range(beneath.clone()..);
        let links: Vec<String> = links
            .take_while(|(name, _)| name.starts_with(&beneath))
            .map(|(name, _)| name.clone())
            .collect();
        for path in links {
            self.links.remove(&path);
        }
    }
}

/// Where a name leads, below its folder, through the links at these paths; as [`View::place`].
pub(crate) fn through_links(name: &str, links: &BTreeMap<String, String>) -> Option<String> {
    let mut waiting: Vec<String> = parts(name);
    let mut place: Vec<String> = Vec::new();
    let mut followed = 0;
    while let Some(part) = waiting.pop() {
        if part == ".." {
            place.pop();
            continue;
        }
        place.push(part);
        if waiting.is_empty() || links.is_empty() {
            continue;
        }
        let Some(target) = links.get(&place.join("/")) else {
            continue;
        };
        followed += 1;
        if followed > LINK_LIMIT {
            return None;
        }
        place.pop();
        if target.starts_with('/') {
            place.clear();
        }
        waiting.extend(parts(target));
    }
    if place.is_empty() { None } else { Some(place.join("/")) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Earlier,
}

pub(crate) fn is_beneath(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The parts of a path, the last one first.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(str::to_owned).collect()
}

/// Where a link at `place` points.
fn joined(place: &str, target: &str) -> String {
    match place.rsplit_once('/') {
        Some((folder, _)) if !target.starts_with('/') => format!("{folder}/{target}"),
        _ => target.to_owned(),
    }
}

/// How many links are followed for one path, as Linux does.
const LINK_LIMIT: usize = 40;

/// The most packages that are read of an image; large ones have ten thousand.
const PACKAGE_LIMIT: usize = 500_000;

/// The most files that are kept of an image.
const FILE_LIMIT: usize = 500_000;
