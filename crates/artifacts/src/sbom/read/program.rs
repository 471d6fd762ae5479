//! Programs: where their sections are (ELF gABI 4.1, PE/COFF, Mach-O, and Mach-O's files of several programs).

mod elf;
mod macho;
mod pe;

use std::borrow::Cow;
use std::io;

use super::super::content::Content;
use super::ReadError;

/// A program in a file.
pub(super) struct Program<'a> {
    content: &'a Content,
    /// Where it begins in the file.
    base: u64,
    sections: Vec<Section>,
    /// Parts that are loaded.
    segments: Vec<Segment>,
}

/// A named part.
struct Section {
    name: String,
    offset: u64,
    size: u64,
    address: u64,
}

/// A part that is loaded to an address.
struct Segment {
    offset: u64,
    size: u64,
    address: u64,
    is_writable: bool,
}

/// Says whether a file that begins with `head` may be a program.
pub(super) fn begins_one(head: [u8; 4]) -> bool {
    head == *b"\x7fELF" || head.starts_with(b"MZ") || head == FAT || macho::order(head).is_some()
}

/// Finds the programs in a file; none where it is something else.
pub(super) fn all(content: &Content) -> Result<Vec<Program<'_>>, ReadError> {
    let mut head = [0; 4];
    head.copy_from_slice(&content.at(0, 4)?);
    if head != FAT {
        return Ok(one(content, 0)?.into_iter().collect());
    }
    let numbers = Numbers::at(content, 0, 8, false)?;
    // Classes of Java begin with the same four bytes; what follows is their version, which is 45 at least.
    let count = u64::from(numbers.u32(4)).min(FAT_LIMIT);
    let mut programs = Vec::new();
    for at in 0..count {
        let entry = Numbers::at(content, 8 + at * 20, 20, false)?;
        programs.extend(one(content, u64::from(entry.u32(8)))?);
    }
    Ok(programs)
}

fn one(content: &Content, base: u64) -> Result<Option<Program<'_>>, ReadError> {
    let mut head = [0; 4];
    head.copy_from_slice(&content.at(base, 4)?);
    match head {
        [0x7f, b'E', b'L', b'F'] => elf::read(content, base),
        [b'M', b'Z', ..] => pe::read(content, base),
        other => match macho::order(other) {
            Some((is_little, is_long)) => macho::read(content, base, is_little, is_long).map(Some),
            None => Ok(None),
        },
    }
}

impl<'a> Program<'a> {
    fn new(content: &'a Content, base: u64) -> Self {
        Self {
            content,
            base,
            sections: Vec::new(),
            segments: Vec::new(),
        }
    }

    /// The content of the first section that has one of these names.
    pub(super) fn section(&self, names: &[&str], limit: u64) -> Result<Option<Cow<'a, [u8]>>, ReadError> {
        let named = |name: &&str| self.sections.iter().find(|section| section.name == **name);
        let Some(section) = names.iter().find_map(named) else {
            return Ok(None);
        };
        if section.size > limit {
            return Err(ReadError::TooLarge { limit });
        }
        Ok(Some(self.bytes(section.offset, section.size)?))
    }

    /// The first bytes of the section of this name, or where there is none of each part that can be written to when it
    /// is loaded.
    pub(super) fn data(&self, names: &[&str], most: u64) -> io::Result<Vec<Cow<'a, [u8]>>> {
        let sections = self
            .sections
            .iter()
            .filter(|section| names.contains(&section.name.as_str()));
        let mut starts: Vec<(u64, u64)> = sections.map(|section| (section.offset, section.size)).collect();
        if starts.is_empty() {
            let writable = self.segments.iter().filter(|segment| segment.is_writable);
            starts = writable.map(|segment| (segment.offset, segment.size)).collect();
        }
        let bytes = |(offset, size): (u64, u64)| self.content.up_to(self.base.saturating_add(offset), size.min(most));
        starts.into_iter().take(STARTS).map(bytes).collect()
    }

    /// The `length` bytes that are loaded to `address`.
    pub(super) fn loaded(&self, address: u64, length: u64) -> io::Result<Cow<'a, [u8]>> {
        let parts = self.segments.iter().map(|part| (part.address, part.offset, part.size));
        let sections = self.sections.iter().map(|part| (part.address, part.offset, part.size));
        let found = parts.chain(sections).find(|(start, _, size)| {
            let inside = address.checked_sub(*start);
            inside.is_some_and(|inside| inside.checked_add(length).is_some_and(|end| end <= *size))
        });
        let (start, offset, _) = found.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.bytes(offset.saturating_add(address - start), length)
    }

    fn bytes(&self, offset: u64, length: u64) -> io::Result<Cow<'a, [u8]>> {
        self.content.at(self.base.saturating_add(offset), length)
    }
}

/// Numbers in a structure; what would be past its end is zero.
pub(super) struct Numbers<'a> {
    bytes: Cow<'a, [u8]>,
    is_little: bool,
}

impl<'a> Numbers<'a> {
    /// The structure of `length` bytes at `offset`.
    pub(super) fn at(content: &'a Content, offset: u64, length: u64, is_little: bool) -> io::Result<Self> {
        let bytes = content.at(offset, length)?;
        Ok(Self { bytes, is_little })
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        let bytes = self.array(at);
        if self.is_little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        }
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        let bytes = self.array(at);
        if self.is_little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        }
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        let bytes = self.array(at);
        if self.is_little {
            u64::from_le_bytes(bytes)
        } else {
            u64::from_be_bytes(bytes)
        }
    }

    /// A number of four bytes, or of eight where `is_long`.
    pub(super) fn word(&self, at: usize, is_long: bool) -> u64 {
        if is_long { self.u64(at) } else { u64::from(self.u32(at)) }
    }

    /// The text of at most `length` bytes, up to the first NUL.
    pub(super) fn text(&self, at: usize, length: usize) -> String {
        let bytes = self.bytes.get(at..).unwrap_or_default();
        name(bytes.get(..length).unwrap_or(bytes))
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.copied().unwrap_or([0; N])
    }
}

/// The text up to the first NUL.
fn name(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// What a file of several programs begins with.
const FAT: [u8; 4] = [0xca, 0xfe, 0xba, 0xbe];

/// The most programs in a file: there are fewer architectures.
const FAT_LIMIT: u64 = 16;

/// The most sections and segments that are looked at.
const PART_LIMIT: u64 = 4096;

/// In how many parts that can be written to something is looked for.
const STARTS: usize = 4;
