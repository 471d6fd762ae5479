//! Programs of Windows.

use super::super::super::content::Content;
use super::super::ReadError;
use super::{Numbers, PART_LIMIT, Program, Section, Segment};

/// Reads the table of sections; none where it is a program of DOS.
pub(super) fn read(content: &Content, base: u64) -> Result<Option<Program<'_>>, ReadError> {
    let start = Numbers::at(content, base, 64, true)?.u32(0x3c);
    let start = base.saturating_add(u64::from(start));
    let header = Numbers::at(content, start, 56, true)?;
    if header.u32(0) != SIGNATURE {
        return Ok(None);
    }
    let image = match header.u16(24) {
        0x20b => header.u64(24 + 24),
        _ => u64::from(header.u32(24 + 28)),
    };
    let table = start + 24 + u64::from(header.u16(20));
    let mut program = Program::new(content, base);
    for number in 0..u64::from(header.u16(6)).min(PART_LIMIT) {
        let entry = Numbers::at(content, table + number * 40, 40, true)?;
        let (offset, size) = (u64::from(entry.u32(20)), u64::from(entry.u32(16)));
        let address = image.saturating_add(u64::from(entry.u32(12)));
        program.segments.push(Segment {
            offset,
            size,
            address,
            is_writable: entry.u32(36) & WRITABLE != 0,
        });
        program.sections.push(Section {
            name: entry.text(0, 8),
            offset,
            // What the file has more is padding.
            size: size.min(u64::from(entry.u32(8))),
            address,
        });
    }
    Ok(Some(program))
}

/// `PE`, and two NULs.
const SIGNATURE: u32 = u32::from_le_bytes(*b"PE\0\0");

/// A flag of sections.
const WRITABLE: u32 = 0x8000_0000;
