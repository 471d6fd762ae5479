//! The entries of a tar archive as they come (POSIX.1-1988 ustar, pax, and GNU's long names).

use std::io::{self, Read};

use tar::{Header, PaxExtensions};

use super::UnpackError;

/// Reads an archive entry by entry; what [`next`](Self::next) gave can be read until the next call.
pub(crate) struct Entries<R> {
    reader: R,
    /// The content of the entry that is not read yet.
    left: u64,
    /// The padding after the content.
    padding: u64,
    count: u64,
}

/// What an entry is.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Where a link points.
    pub(crate) target: String,
    pub(crate) mode: u32,
    pub(crate) seconds: u64,
    pub(crate) size: u64,
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    SymbolicLink,
    HardLink,
    Special,
}

/// What the extended headers before a header say in its stead.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<R: Read> Entries<R> {
    /// Reads the archive from `reader`.
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            left: 0,
            padding: 0,
            count: 0,
        }
    }

    /// The next entry; `None` at the end of the archive.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, UnpackError> {
        let mut extension = Extension::default();
        loop {
            self.skip()?;
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            self.count += 1;
            if self.count > ENTRY_LIMIT {
                return Err(UnpackError::TooMany { limit: ENTRY_LIMIT });
            }
            let size = header.entry_size().map_err(|_| malformed("an entry has no size"))?;
            let kind = header.entry_type().as_byte();
            let (has_own_content, size) = match kind {
                b'L' | b'K' | b'x' | b'g' => (false, size),
                _ => (true, extension.size.unwrap_or(size)),
            };
            // What is skipped later is both together.
            self.padding = size
                .checked_next_multiple_of(BLOCK)
                .ok_or_else(|| malformed("an entry is larger than any archive"))?
                - size;
            self.left = size;
            match kind {
                _ if has_own_content => return entry(&header, kind, size, extension).map(Some),
                b'L' => extension.name = Some(until_nul(&self.small()?).to_vec()),
                b'K' => extension.target = Some(until_nul(&self.small()?).to_vec()),
                b'x' => extension.read(&self.small()?)?,
                _ => {}
            }
        }
    }

    fn header(&mut self) -> Result<Option<Header>, UnpackError> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < block.len() {
            match self.reader.read(&mut block[filled..]) {
                Ok(0) if filled == 0 && self.count > 0 => return Ok(None),
                Ok(0) => return Err(malformed("it is cut short")),
                Ok(count) => filled += count,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(UnpackError::Compressed(source)),
            }
        }
        if block.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        // The checksum counts itself as spaces.
        let own: u32 = block[CHECKSUM].iter().copied().map(u32::from).sum();
        let sum = block.iter().copied().map(u32::from).sum::<u32>() - own + SPACES;
        if header.cksum().ok() == Some(sum) {
            Ok(Some(header))
        } else {
            Err(malformed("a header has a wrong checksum"))
        }
    }

    /// Skips what was not read of the entry before.
    fn skip(&mut self) -> Result<(), UnpackError> {
        let rest = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        let skipped =
            io::copy(&mut self.reader.by_ref().take(rest), &mut io::sink()).map_err(UnpackError::Compressed)?;
        if skipped == rest {
            Ok(())
        } else {
            Err(malformed("it is cut short"))
        }
    }

    fn small(&mut self) -> Result<Vec<u8>, UnpackError> {
        if self.left > EXTENSION_LIMIT {
            return Err(malformed("an extended header is too large"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).map_err(UnpackError::Compressed)?;
        if self.left > 0 {
            return Err(malformed("it is cut short"));
        }
        Ok(bytes)
    }
}

/// The content of the entry.
impl<R: Read> Read for Entries<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.reader.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Extension {
    fn read(&mut self, body: &[u8]) -> Result<(), UnpackError> {
        for record in PaxExtensions::new(body) {
            let record = record.map_err(|_| malformed("an extended header has a bad record"))?;
            match record.key_bytes() {
                b"path" => self.name = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.target = Some(record.value_bytes().to_vec()),
                b"size" => {
                    let size = record.value().ok().and_then(|text| text.parse().ok());
                    self.size = Some(size.ok_or_else(|| malformed("an extended header has a bad size"))?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn entry(header: &Header, kind: u8, size: u64, extension: Extension) -> Result<Entry, UnpackError> {
    let name = extension.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let target = extension
        .target
        .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
    Ok(Entry {
        kind: match kind {
            b'0' | 0 | b'7' => Kind::File,
            b'5' => Kind::Folder,
            b'2' => Kind::SymbolicLink,
            b'1' => Kind::HardLink,
            _ => Kind::Special,
        },
        name: text(name)?,
        target: text(target.unwrap_or_default())?,
        mode: header.mode().map_err(|_| malformed("an entry has no mode"))?,
        seconds: header.mtime().map_err(|_| malformed("an entry has no time"))?,
        size,
    })
}

fn text(bytes: Vec<u8>) -> Result<String, UnpackError> {
    if bytes.len() > NAME_LIMIT || bytes.contains(&0) {
        return Err(malformed("a name is too long or holds a NUL"));
    }
    String::from_utf8(bytes).map_err(|_| malformed("a name is not UTF-8"))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(bytes)
}

fn malformed(reason: &'static str) -> UnpackError {
    UnpackError::Malformed { reason }
}

/// The size of a header and the unit of content.
const BLOCK: u64 = 512;

/// Where a header has its checksum.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const SPACES: u32 = 8 * 0x20;

/// The most entries that a folder may have.
const ENTRY_LIMIT: u64 = 1_000_000;

/// The most bytes that a name may have.
const NAME_LIMIT: usize = 4096;

/// The most bytes that an extended header may have.
const EXTENSION_LIMIT: u64 = 64 * 1024;
