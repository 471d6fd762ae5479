//! Doors for the fuzz targets: files that name packages, and layers.

use super::view::View;
use super::{Catalogue, SbomError, layer};

pub use super::read::fuzzing::read;

/// Reads layers as those of one image; names the files in which packages were found.
///
/// # Errors
/// What is wrong with a layer.
pub fn layers(layers: &[&[u8]]) -> Result<Vec<String>, SbomError> {
    let mut view = View::default();
    for (number, bytes) in layers.iter().enumerate() {
        view.begin(number);
        let mut rest = *bytes;
        layer::add(&mut rest, &mut view)?;
        let targets = view.take_unresolved();
        let mut rest = *bytes;
        layer::add_targets(&mut rest, &targets, &mut view)?;
    }
    let catalogue = Catalogue::of(view.into_files(), None, &[]);
    let evidence = catalogue.packages.iter().flat_map(|package| package.evidence());
    Ok(evidence.map(|evidence| evidence.path.clone()).collect())
}
