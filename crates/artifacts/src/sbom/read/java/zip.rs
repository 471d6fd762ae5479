//! Zip archives, by their directories (APPNOTE.TXT 6.3, §4.3).

use std::borrow::Cow;
use std::io::Read;

use flate2::read::DeflateDecoder;

use super::super::super::content::{Content, Part};
use super::super::{ReadError, malformed};

/// An archive whose directory was read.
pub(super) struct Zip<'a> {
    content: &'a Content,
    /// How many bytes stand before the archive.
    base: u64,
    entries: Vec<Entry>,
}

/// A file of interest in an archive.
pub(super) struct Entry {
    pub(super) name: String,
    /// How many bytes it has when it is unpacked.
    pub(super) size: u64,
    packed: u64,
    offset: u64,
    method: u64,
}

impl<'a> Zip<'a> {
    /// Reads the directory.
    pub(super) fn open(content: &'a Content) -> Result<Self, ReadError> {
        let end = End::find(content)?;
        let base = end
            .at
            .checked_sub(end.size)
            .and_then(|start| start.checked_sub(end.start));
        let base = base.ok_or_else(|| malformed("its directory is not where it should be"))?;
        if end.size > DIRECTORY_LIMIT {
            return Err(ReadError::TooLarge { limit: DIRECTORY_LIMIT });
        }
        let directory = content.at(end.at - end.size, end.size)?;
        let mut entries = Vec::new();
        let mut rest = &directory[..];
        for count in 0.. {
            if !rest.starts_with(ENTRY) {
                break;
            }
            if count >= ENTRY_LIMIT {
                return Err(ReadError::TooMany {
                    what: "entries",
                    limit: ENTRY_LIMIT,
                });
            }
            let (entry, after) = entry(rest).ok_or_else(|| malformed("its directory is cut short"))?;
            entries.extend(entry);
            rest = after;
        }
        Ok(Self { content, base, entries })
    }

    /// The files of interest, in the order of the directory.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Unpacks a file.
    pub(super) fn reader(&self, entry: &Entry) -> Result<Box<dyn Read + '_>, ReadError> {
        let at = self.base.saturating_add(entry.offset);
        let header = self.content.at(at, 30)?;
        if !header.starts_with(LOCAL) {
            return Err(malformed("a file in it is not where it should be"));
        }
        let lengths = number::<2>(&header, 26) + number::<2>(&header, 28);
        let part = Part::of(self.content, at + 30 + lengths, entry.packed);
        match entry.method {
            0 => Ok(Box::new(part.take(entry.size))),
            8 => Ok(Box::new(DeflateDecoder::new(part).take(entry.size))),
            _ => Err(ReadError::Unsupported {
                what: "what is packed in this way",
            }),
        }
    }
}

/// Where the directory is.
struct End {
    /// Where it ends in the file.
    at: u64,
    size: u64,
    /// Where it says that it begins.
    start: u64,
}

impl End {
    fn find(content: &Content) -> Result<Self, ReadError> {
        let length = content.size().min(TAIL);
        let from = content.size() - length;
        let tail = content.at(from, length)?;
        let place = (0..tail.len().saturating_sub(END_LENGTH - 1))
            .rev()
            .find(|at| tail[*at..].starts_with(END));
        let place = place.ok_or_else(|| malformed("it is no zip archive"))?;
        let at = from + place as u64;
        let record = &tail[place..];
        let (size, start) = (number::<4>(record, 12), number::<4>(record, 16));
        if size != WIDE && start != WIDE {
            return Ok(Self { at, size, start });
        }
        // The large form: its record is named by a locator before this one.
        let locator = content.at(at.saturating_sub(20), 20)?;
        if !locator.starts_with(LOCATOR) {
            return Err(malformed("its directory is not named"));
        }
        let at = number::<8>(&locator, 8);
        let record = content.at(at, 56)?;
        if !record.starts_with(END_64) {
            return Err(malformed("its directory is not named"));
        }
        Ok(Self {
            at,
            size: number::<8>(&record, 40),
            start: number::<8>(&record, 48),
        })
    }
}

/// The first entry of a directory, none where it is not of interest, and what follows it.
fn entry(bytes: &[u8]) -> Option<(Option<Entry>, &[u8])> {
    let lengths = [28, 30, 32].map(|at| usize::try_from(number::<2>(bytes, at)).unwrap_or(0));
    let (name, after) = bytes.get(46..)?.split_at_checked(lengths[0])?;
    let (extra, after) = after.split_at_checked(lengths[1])?;
    let after = after.get(lengths[2]..)?;
    let name = String::from_utf8_lossy(name);
    if !is_of_interest(&name) {
        return Some((None, after));
    }
    let mut entry = Entry {
        name: Cow::into_owned(name),
        size: number::<4>(bytes, 24),
        packed: number::<4>(bytes, 20),
        offset: number::<4>(bytes, 42),
        method: number::<2>(bytes, 10),
    };
    widen(&mut entry, extra);
    Some((Some(entry), after))
}

fn is_of_interest(name: &str) -> bool {
    name.ends_with("pom.properties")
        || name.trim_start_matches('/') == super::MANIFEST
        || super::is_archive(name.rsplit('/').next().unwrap_or_default())
}

/// Takes from the extra field what does not fit into four bytes (§4.5.3).
fn widen(entry: &mut Entry, mut extra: &[u8]) {
    while extra.len() >= 4 {
        let length = usize::try_from(number::<2>(extra, 2)).unwrap_or(0);
        let field = extra.get(4..).and_then(|rest| rest.get(..length)).unwrap_or_default();
        if number::<2>(extra, 0) == 1 {
            let members = [&mut entry.size, &mut entry.packed, &mut entry.offset];
            let wide = members.into_iter().filter(|member| **member == WIDE);
            for (member, at) in wide.zip((0..).step_by(8)) {
                *member = number::<8>(field, at);
            }
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
}

/// The number of `N` bytes; zero where there are not so many.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut wide = [0; 8];
    if let (Some(from), Some(to)) = (bytes.get(at..).and_then(|bytes| bytes.get(..N)), wide.get_mut(..N)) {
        to.copy_from_slice(from);
    }
    u64::from_le_bytes(wide)
}

/// What records begin with.
const LOCAL: &[u8] = b"PK\x03\x04";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";
const END_64: &[u8] = b"PK\x06\x06";

/// How long the last record is, and how far from the end it may begin, as a comment follows it.
const END_LENGTH: usize = 22;
const TAIL: u64 = 22 + 0xffff;

/// What stands for a number that needs eight bytes.
const WIDE: u64 = 0xffff_ffff;

/// The most bytes of a directory, and the most entries.
const DIRECTORY_LIMIT: u64 = 128 << 20;
const ENTRY_LIMIT: usize = 1_000_000;
