//! A package's header: an index of tags, and the data that it leads to (RPM Package Format, Header).

use super::super::{ReadError, malformed};

/// The header of a package, without the magic bytes that it has in a file of its own.
pub(super) struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads a header.
    pub(super) fn parse(blob: &'a [u8]) -> Result<Self, ReadError> {
        let cut_short = || malformed("the header of a package is cut short");
        let (count, length) = word(blob, 0).zip(word(blob, 4)).ok_or_else(cut_short)?;
        let rest = blob.get(8..).unwrap_or_default();
        let index = usize::try_from(count).ok().and_then(|count| count.checked_mul(ENTRY));
        let (index, data) = index
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(cut_short)?;
        let data = usize::try_from(length).ok().and_then(|length| data.get(..length));
        Ok(Self {
            index,
            data: data.ok_or_else(cut_short)?,
        })
    }

    /// The first text of a tag.
    pub(super) fn text(&self, tag: u32) -> Option<String> {
        let data = self.find(tag, &[TEXT, TEXTS, TRANSLATED])?;
        let end = data.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(data.get(..end)?).into_owned())
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u32) -> Option<u32> {
        word(self.find(tag, &[NUMBER])?, 0)
    }

    /// The data from the first value of a tag on, where it has one of these types.
    fn find(&self, tag: u32, types: &[u32]) -> Option<&'a [u8]> {
        let mut entries = self.index.chunks_exact(ENTRY);
        let entry = entries.find(|entry| word(entry, 0) == Some(tag))?;
        types.contains(&word(entry, 4)?).then_some(())?;
        self.data.get(usize::try_from(word(entry, 8)?).ok()?..)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

/// The size of an entry of the index.
const ENTRY: usize = 16;

/// Types of values.
const NUMBER: u32 = 4;
const TEXT: u32 = 6;
const TEXTS: u32 = 8;
const TRANSLATED: u32 = 9;
