//! Doors for the fuzz targets: files as strangers may make them.

use super::{Scope, file};

/// Reads a file of this name; says how many packages it names.
pub fn read(path: &str, bytes: &[u8]) -> usize {
    let read = |scope| file(path, bytes.len() as u64, &mut &*bytes, scope).expect("a slice is read without errors");
    [Scope::Image, Scope::Folder]
        .into_iter()
        .filter_map(read)
        .map(|reading| reading.packages.len())
        .sum()
}
