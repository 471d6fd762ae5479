//! The door for the fuzz target of archives, which needs no runtime.

use std::path::Path;

use super::entries::Entries;
use crate::error::StoreError;
use crate::layout::contents::Contents;
use crate::layout::files::Files;

/// Reads all of the archive at `path` that is ever read: its entries, its index, its one image and what refers to that.
pub fn read(path: &Path) -> Result<usize, StoreError> {
    let contents = Contents::open(Files::Archive(Entries::scan(path)?))?;
    let only = contents.only()?;
    let referrers = contents.referrers(&only)?;
    for digest in contents.files().blobs()? {
        contents.blob(&digest)?.read_whole()?;
    }
    Ok(referrers.len())
}
