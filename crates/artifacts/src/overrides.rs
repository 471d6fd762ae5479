//! What the layers above a base replace and delete of what is in it, by the headers of their archives.

mod tree;

#[cfg(test)]
mod tests;

use countersign_oci::manifest::Descriptor;
use countersign_oci::{Pinned, Store};

use crate::sbom::SbomError;
use crate::sbom::layer::each_entry;
use tree::Tree;

/// Says whether a path, `/usr/bin/sh`, must stay as the base has it.
pub type Forbidden = Box<dyn Fn(&str) -> bool + Send>;

/// What layers replace and delete of a base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// How many paths they are.
    pub count: usize,
    /// The paths, as they came; the first thousand.
    pub listed: Vec<Override>,
    /// Those of all that must stay as they are; the first thousand.
    pub forbidden: Vec<Override>,
}

/// A path of a base that a layer above it replaces or deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The number of the layer, from 1.
    pub layer: usize,
    /// The path, `/usr/bin/sh`.
    pub path: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a path of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Something else is there.
    Replaced,
    /// Nothing is there.
    Deleted,
}

impl Fate {
    /// What becomes of it, in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
        }
    }

    /// What the layer does.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Replaced => "replaces",
            Self::Deleted => "deletes",
        }
    }
}

/// Finds what the layers above the lowest `base` ones replace and delete of what is in those. All are read, one after the other.
///
/// What they add is no override, nor is a folder that is named anew: its owner and mode are not looked at.
///
/// # Errors
/// [`SbomError`].
pub async fn overrides(
    store: &impl Store,
    image: &Pinned,
    layers: &[Descriptor],
    base: usize,
    forbidden: Forbidden,
) -> Result<Overrides, SbomError> {
    if layers.len() <= base {
        return Ok(Overrides::default());
    }
    let mut tree = Tree::new(base, forbidden);
    for descriptor in layers {
        let in_layer = |source| SbomError::InLayer {
            digest: descriptor.digest.clone(),
            source: Box::new(source),
        };
        let blob = store.blob(image.repository(), &descriptor.digest, Some(descriptor.size));
        let blob = blob.await.map_err(|error| in_layer(error.into()))?;
        let read = blob.read_by(move |layer| {
            let done = add(layer, &mut tree);
            (tree, done)
        });
        let (read, done) = read.await.map_err(|error| in_layer(error.into()))?;
        done.map_err(in_layer)?;
        tree = read;
    }
    Ok(tree.into_overrides())
}

/// Puts the next layer over those below it.
fn add(layer: &mut dyn std::io::Read, tree: &mut Tree) -> Result<(), SbomError> {
    tree.begin();
    each_entry(layer, &mut |entry, _| tree.add(entry))
}

/// A door for the fuzz target: what layers do to the lowest.
///
/// # Errors
/// What is wrong with a layer.
#[cfg(any(test, fuzzing))]
pub fn of_bytes(layers: &[&[u8]], base: usize, forbidden: Forbidden) -> Result<Overrides, SbomError> {
    let mut tree = Tree::new(base, forbidden);
    for bytes in layers {
        add(&mut &bytes[..], &mut tree)?;
    }
    Ok(tree.into_overrides())
}
