//! RPM's own database, `Packages.db` (`lib/backend/ndb/rpmpkg.c`): pages of slots, each of which leads to a header.

use std::borrow::Cow;

use super::super::super::content::Content;
use super::super::{ReadError, malformed};
use super::{HEADER_LIMIT, PACKAGE_LIMIT};

/// Hands on each header.
pub(super) fn each_package(
    content: &Content,
    take: &mut dyn FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let header = content.at(0, 32)?;
    if !header.starts_with(b"RpmP") || word(&header, 4) != 0 {
        return Err(malformed("it is no database of RPM's"));
    }
    let pages = u64::from(word(&header, 12));
    if pages > PAGE_LIMIT {
        return Err(ReadError::TooMany {
            what: "pages of slots",
            limit: 2048,
        });
    }
    let slots = content.at(0, pages * PAGE)?;
    let mut count = 0;
    // The first two are the header.
    for slot in slots.chunks_exact(16).skip(2) {
        if !slot.starts_with(b"Slot") {
            return Err(malformed("a slot is none"));
        }
        let (package, at) = (word(slot, 4), u64::from(word(slot, 8)) * BLOCK);
        if package == 0 {
            continue;
        }
        count += 1;
        if count > PACKAGE_LIMIT {
            return Err(ReadError::TooMany {
                what: "packages",
                limit: PACKAGE_LIMIT,
            });
        }
        take(&blob(content, at, package)?)?;
    }
    Ok(())
}

/// The header of the package of this number.
fn blob(content: &Content, at: u64, package: u32) -> Result<Cow<'_, [u8]>, ReadError> {
    let head = content.at(at, BLOCK)?;
    let length = u64::from(word(&head, 12));
    if !head.starts_with(b"BlbS") || word(&head, 4) != package {
        return Err(malformed("a slot leads to no package"));
    }
    if length > HEADER_LIMIT {
        return Err(ReadError::TooLarge { limit: HEADER_LIMIT });
    }
    Ok(content.at(at + BLOCK, length)?)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.copied().map_or(0, u32::from_le_bytes)
}

/// The size of a page of slots, the most of them, and the unit of places, which is also the size of a package's head.
const PAGE: u64 = 4096;
const PAGE_LIMIT: u64 = 2048;
const BLOCK: u64 = 16;
