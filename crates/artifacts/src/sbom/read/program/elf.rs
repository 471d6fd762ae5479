//! Programs of Linux and the BSDs.

use super::super::super::content::Content;
use super::super::ReadError;
use super::{Numbers, PART_LIMIT, Program, Section, Segment, name};

/// Reads the tables of sections and segments.
pub(super) fn read(content: &Content, base: u64) -> Result<Option<Program<'_>>, ReadError> {
    let identity = content.at(base, 16)?;
    let (is_long, is_little) = match (identity.get(4), identity.get(5)) {
        (Some(class @ 1..=2), Some(order @ 1..=2)) => (*class == 2, *order == 1),
        _ => return Ok(None),
    };
    let mut program = Program::new(content, base);
    let header = Numbers::at(content, base, if is_long { 64 } else { 52 }, is_little)?;
    // Where the members after the addresses are.
    let counts = if is_long { 54 } else { 42 };
    let table = |at: usize, size: usize, count: usize| Table {
        start: base.saturating_add(header.word(at, is_long)),
        entry: u64::from(header.u16(size)),
        count: u64::from(header.u16(count)).min(PART_LIMIT),
        is_long,
        is_little,
    };
    let (segments, sections) = match is_long {
        true => (table(32, counts, counts + 2), table(40, counts + 4, counts + 6)),
        false => (table(28, counts, counts + 2), table(32, counts + 4, counts + 6)),
    };
    program.segments = segments.segments(content)?;
    // A program without sections runs all the same.
    program.sections = sections
        .sections(content, base, header.u16(counts + 8))
        .unwrap_or_default();
    Ok(Some(program))
}

struct Table {
    start: u64,
    entry: u64,
    count: u64,
    is_long: bool,
    is_little: bool,
}

impl Table {
    /// The entry of this number, as much of it as is looked at.
    fn entry<'a>(&self, content: &'a Content, number: u64) -> std::io::Result<Numbers<'a>> {
        let at = self.start.saturating_add(number.saturating_mul(self.entry));
        Numbers::at(content, at, self.entry.min(64), self.is_little)
    }

    fn segments(&self, content: &Content) -> Result<Vec<Segment>, ReadError> {
        let mut segments = Vec::new();
        for number in 0..self.count {
            let entry = self.entry(content, number)?;
            let (offset, address, size, flags) = match self.is_long {
                true => (entry.u64(8), entry.u64(16), entry.u64(32), entry.u32(4)),
                false => (
                    entry.word(4, false),
                    entry.word(8, false),
                    entry.word(16, false),
                    entry.u32(24),
                ),
            };
            if entry.u32(0) == LOADED {
                segments.push(Segment {
                    offset,
                    size,
                    address,
                    is_writable: flags & WRITABLE != 0,
                });
            }
        }
        Ok(segments)
    }

    fn sections(&self, content: &Content, base: u64, names: u16) -> Result<Vec<Section>, ReadError> {
        let place = |entry: &Numbers<'_>| match self.is_long {
            true => (entry.u64(16), entry.u64(24), entry.u64(32)),
            false => (entry.word(12, false), entry.word(16, false), entry.word(20, false)),
        };
        let (_, start, size) = place(&self.entry(content, u64::from(names))?);
        let names = content.at(base.saturating_add(start), size.min(NAMES_LIMIT))?;
        let mut sections = Vec::new();
        for number in 0..self.count {
            let entry = self.entry(content, number)?;
            let (address, offset, size) = place(&entry);
            let text = usize::try_from(entry.u32(0)).ok().and_then(|at| names.get(at..));
            // One that has no content in the file cannot be read.
            if entry.u32(4) != EMPTY {
                sections.push(Section {
                    name: name(text.unwrap_or_default()),
                    offset,
                    size,
                    address,
                });
            }
        }
        Ok(sections)
    }
}

/// Types of segments and sections, and a flag of segments.
const LOADED: u32 = 1;
const EMPTY: u32 = 8;
const WRITABLE: u32 = 2;

/// The most bytes of the names of sections.
const NAMES_LIMIT: u64 = 1 << 20;
