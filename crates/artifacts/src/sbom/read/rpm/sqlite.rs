//! One table of an SQLite database (SQLite Database File Format), read from the pages of its tree; nothing else of SQL.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::super::content::Content;
use super::super::{ReadError, malformed};
use super::{HEADER_LIMIT, PACKAGE_LIMIT};

/// Hands on the last value of each row of a table, where it is a blob.
pub(super) fn each_blob(
    content: &Content,
    table: &str,
    take: &mut dyn FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let database = Database::open(content)?;
    let mut root = None;
    database.each_row(1, &mut |payload| {
        let values = record(payload)?;
        // type, name, tbl_name, rootpage, sql
        if let [Value::Text(kind), Value::Text(name), _, Value::Number(page), ..] = values.as_slice()
            && *kind == b"table"
            && *name == table.as_bytes()
        {
            root = Some(*page);
        }
        Ok(())
    })?;
    let root = root.ok_or_else(|| malformed("it has no table of packages"))?;
    database.each_row(root, &mut |payload| match record(payload)?.pop() {
        Some(Value::Blob(blob)) => take(blob),
        _ => Err(malformed("a row of the table has no blob")),
    })
}

struct Database<'a> {
    content: &'a Content,
    page_size: u64,
    /// The bytes of a page that are used.
    usable: usize,
    pages: u64,
}

impl<'a> Database<'a> {
    fn open(content: &'a Content) -> Result<Self, ReadError> {
        let header = content.at(0, 100)?;
        if !header.starts_with(b"SQLite format 3\0") {
            return Err(malformed("it is no database of SQLite"));
        }
        let page_size = match half(&header, 16) {
            1 => 65536,
            size @ 512.. if size.is_power_of_two() => size,
            _ => return Err(malformed("its pages have a wrong size")),
        };
        let reserved = usize::from(header.get(20).copied().unwrap_or_default());
        let usable = page_size.saturating_sub(reserved);
        if usable < 480 {
            return Err(malformed("its pages have a wrong size"));
        }
        let page_size = page_size as u64;
        Ok(Self {
            content,
            page_size,
            usable,
            pages: content.size() / page_size,
        })
    }

    fn page(&self, number: u64) -> Result<Cow<'a, [u8]>, ReadError> {
        let before = number.checked_sub(1).filter(|before| *before < self.pages);
        let before = before.ok_or_else(|| malformed("it names a page that is not there"))?;
        Ok(self.content.at(before * self.page_size, self.page_size)?)
    }

    /// Hands on the payload of each cell of the table that begins at page `root`. No page is read twice, so no tree is
    /// endless.
    fn each_row(&self, root: u64, take: &mut dyn FnMut(&[u8]) -> Result<(), ReadError>) -> Result<(), ReadError> {
        let mut seen = HashSet::new();
        let mut waiting = vec![root];
        let mut rows = 0;
        while let Some(number) = waiting.pop() {
            if !seen.insert(number) {
                return Err(malformed("its pages lead in a circle"));
            }
            let page = self.page(number)?;
            let page = page.get(..self.usable).unwrap_or(&page);
            // The first page begins with the header of the file.
            let start = if number == 1 { 100 } else { 0 };
            let count = half(page, start + 3);
            let kind = page.get(start).copied().unwrap_or_default();
            let cells = start + if kind == INTERIOR { 12 } else { 8 };
            let cell = |at: usize| page.get(half(page, cells + 2 * at)..).unwrap_or_default();
            match kind {
                INTERIOR => {
                    waiting.push(u64::from(word(page, start + 8)));
                    // The last one is read first.
                    waiting.extend((0..count).rev().map(|at| u64::from(word(cell(at), 0))));
                }
                LEAF => {
                    for at in 0..count {
                        rows += 1;
                        if rows > PACKAGE_LIMIT {
                            return Err(ReadError::TooMany {
                                what: "rows",
                                limit: PACKAGE_LIMIT,
                            });
                        }
                        take(&self.payload(cell(at), &mut seen)?)?;
                    }
                }
                _ => return Err(malformed("a page of the table is none")),
            }
        }
        Ok(())
    }

    /// The payload of a cell, with what is on further pages (§1.6).
    fn payload<'c>(&self, cell: &'c [u8], seen: &mut HashSet<u64>) -> Result<Cow<'c, [u8]>, ReadError> {
        let cut_short = || malformed("a row is cut short");
        let (length, rest) = varint(cell).ok_or_else(cut_short)?;
        let (_row, rest) = varint(rest).ok_or_else(cut_short)?;
        if length > HEADER_LIMIT {
            return Err(ReadError::TooLarge { limit: HEADER_LIMIT });
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let local = self.local(length);
        let (first, rest) = rest.split_at_checked(local).ok_or_else(cut_short)?;
        if local == length {
            return Ok(Cow::Borrowed(first));
        }
        let mut payload = first.to_vec();
        let mut next = u64::from(word(rest.get(..4).ok_or_else(cut_short)?, 0));
        while payload.len() < length {
            if !seen.insert(next) {
                return Err(malformed("its pages lead in a circle"));
            }
            let page = self.page(next)?;
            let more = page.get(4..self.usable).unwrap_or_default();
            payload.extend_from_slice(more.get(..length - payload.len()).unwrap_or(more));
            next = u64::from(word(&page, 0));
        }
        Ok(Cow::Owned(payload))
    }

    /// How much of a payload of this length is on the cell's own page.
    fn local(&self, length: usize) -> usize {
        let most = self.usable - 35;
        let least = (self.usable - 12) * 32 / 255 - 23;
        if length <= most {
            return length;
        }
        let wanted = least + (length - least) % (self.usable - 4);
        if wanted <= most { wanted } else { least }
    }
}

/// A value of a record (§2.1).
enum Value<'a> {
    Number(u64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

fn record(payload: &[u8]) -> Result<Vec<Value<'_>>, ReadError> {
    let values = || {
        let (length, _) = varint(payload)?;
        let (header, mut data) = payload.split_at_checked(usize::try_from(length).ok()?)?;
        let (_, mut header) = varint(header)?;
        let mut values = Vec::new();
        while !header.is_empty() {
            let (kind, rest) = varint(header)?;
            header = rest;
            let length = match kind {
                0 | 8 | 9 => 0,
                1..=4 => kind,
                5 => 6,
                6 | 7 => 8,
                10 | 11 => return None,
                kind => (kind - 12) / 2,
            };
            let (bytes, rest) = data.split_at_checked(usize::try_from(length).ok()?)?;
            data = rest;
            values.push(match kind {
                0..=11 => Value::Number(
                    bytes
                        .iter()
                        .fold(u64::from(kind == 9), |sum, byte| sum << 8 | u64::from(*byte)),
                ),
                kind if kind % 2 == 0 => Value::Blob(bytes),
                _ => Value::Text(bytes),
            });
        }
        Some(values)
    };
    values().ok_or_else(|| malformed("a row is no record"))
}

/// A number of one to nine bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

fn half(bytes: &[u8], at: usize) -> usize {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.copied().map_or(0, |bytes| usize::from(u16::from_be_bytes(bytes)))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.copied().map_or(0, u32::from_be_bytes)
}

/// Types of pages of a table.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
