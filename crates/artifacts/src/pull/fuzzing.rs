//! Doors for the fuzz targets: archives of folders and titles, as strangers may make them.

use std::io::Read;
use std::path::Path;

use super::Existing;
use super::unpack::{Order, UnpackError, extract, unpack};
use crate::title;

/// Unpacks an uncompressed archive, in which names begin with `prefix`, to the folder `root`, which is made.
pub fn unpack_archive(mut archive: impl Read, root: &Path, prefix: &str) -> Result<(), UnpackError> {
    extract(&mut archive, root, &order(prefix))
}

/// Unpacks the layer in the file `packed` to the folder `target`.
pub fn unpack_layer(packed: &Path, target: &Path, prefix: &str) -> Result<(), UnpackError> {
    unpack(packed, target, &order(prefix))
}

/// A title as it is joined to the output folder; none where it would leave it.
pub fn inside(text: &str) -> Option<String> {
    let cleaned = title::clean(text);
    title::is_inside(&cleaned).then_some(cleaned)
}

fn order(prefix: &str) -> Order {
    Order {
        prefix: prefix.to_owned(),
        tar_digest: None,
        limit: 1 << 20,
        existing: Existing::Replaced,
    }
}
