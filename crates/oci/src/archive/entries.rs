//! The table of contents of a tar archive, made in one pass over its headers.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::StoreError;
use crate::gzip;
use crate::layout::files::{Section, file_error};

/// The regular files of an archive: where each begins and how long it is.
pub(crate) struct Entries {
    file: Arc<File>,
    place: String,
    found: HashMap<Box<str>, Span>,
}

#[derive(Clone, Copy)]
struct Span {
    offset: u64,
    size: u64,
}

impl Entries {
    /// Reads the headers of the archive at `path`.
    ///
    /// Names are relative and without `..`; links, special files and a second file of the same name are refused,
    /// so that a name means one thing to every reader.
    pub(crate) fn scan(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound {
                what: format!("archive {}", path.display()),
            },
            _ => file_error(path, source),
        })?;
        let metadata = file.metadata().map_err(|source| file_error(path, source))?;
        let mut scan = Scan {
            file: Arc::new(file),
            length: metadata.len(),
            place: path.display().to_string(),
            position: 0,
            entries: 0,
            found: HashMap::new(),
            window: Bytes::new(),
            window_start: 0,
        };
        if !metadata.is_file() {
            return Err(scan.malformed("it is not a regular file"));
        }
        scan.refuse_compressed()?;
        scan.run()?;
        Ok(Self {
            file: scan.file,
            place: scan.place,
            found: scan.found,
        })
    }

    /// How the archive is named in errors.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Opens a file of the archive.
    pub(crate) fn open(&self, name: &str) -> Option<Section> {
        let span = self.found.get(name)?;
        let path = format!("{}: {name}", self.place);
        Some(Section::new(self.file.clone(), span.offset, span.size, path))
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(AsRef::as_ref)
    }
}

struct Scan {
    file: Arc<File>,
    length: u64,
    place: String,
    position: u64,
    entries: usize,
    found: HashMap<Box<str>, Span>,
    /// The part of the archive that was read last, since headers are often close together.
    window: Bytes,
    window_start: u64,
}

/// What the extended headers before a header say in its stead.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Scan {
    fn refuse_compressed(&self) -> Result<(), StoreError> {
        let start = self.read(0, self.length.min(4))?;
        let compression = match start.as_ref() {
            start if gzip::is_begin(start) => "gzip",
            [0x28, 0xb5, 0x2f, 0xfd] => "zstd",
            [b'B', b'Z', b'h', ..] => "bzip2",
            _ => return Ok(()),
        };
        Err(self.malformed(&format!(
            "the archive is compressed with {compression}, decompress it first"
        )))
    }

    fn run(&mut self) -> Result<(), StoreError> {
        let mut extension = Extension::default();
        while let Some(header) = self.header()? {
            self.entries += 1;
            if self.entries > ENTRY_LIMIT {
                return Err(StoreError::TooLarge {
                    what: self.place.clone(),
                    limit: format!("{ENTRY_LIMIT} entries"),
                });
            }
            let own_size = header
                .entry_size()
                .map_err(|_| self.malformed("an entry has no size"))?;
            match header.entry_type().as_byte() {
                b'L' => extension.name = Some(until_nul(&self.small(own_size)?).to_vec()),
                b'x' => self.pax(&self.small(own_size)?, &mut extension)?,
                b'g' => {}
                kind => {
                    let before = std::mem::take(&mut extension);
                    let size = before.size.unwrap_or(own_size);
                    let name = before.name.unwrap_or_else(|| header.path_bytes().into_owned());
                    self.entry(kind, &name, size)?;
                    self.skip(size)?;
                    continue;
                }
            }
            self.skip(own_size)?;
        }
        Ok(())
    }

    /// The next header; `None` at the end of the archive.
    fn header(&mut self) -> Result<Option<tar::Header>, StoreError> {
        if self.position + BLOCK > self.length {
            return if self.position == self.length && self.entries > 0 {
                Ok(None)
            } else {
                Err(self.malformed("it is not a tar archive, or it is cut short"))
            };
        }
        let block = self.block()?;
        if block.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(&block);
        // The checksum counts itself as spaces.
        let own: u32 = block[CHECKSUM].iter().copied().map(u32::from).sum();
        let sum = block.iter().copied().map(u32::from).sum::<u32>() - own + SPACES;
        if header.cksum().ok() != Some(sum) {
            return Err(self.malformed("it is not a tar archive: a header has a wrong checksum"));
        }
        self.position += BLOCK;
        Ok(Some(header))
    }

    fn entry(&mut self, kind: u8, name: &[u8], size: u64) -> Result<(), StoreError> {
        let name = self.name(name)?;
        match kind {
            b'5' => return Ok(()),
            b'0' | 0 | b'7' => {}
            b'1' | b'2' => return Err(self.malformed(&format!("{name:?} is a link"))),
            _ => return Err(self.malformed(&format!("{name:?} is not a regular file"))),
        }
        let span = Span {
            offset: self.position,
            size,
        };
        if self.position.checked_add(size).is_none_or(|end| end > self.length) {
            return Err(self.malformed(&format!("it is cut short in {name:?}")));
        }
        if self.found.insert(name.as_str().into(), span).is_some() {
            return Err(self.malformed(&format!("{name:?} is in it twice")));
        }
        Ok(())
    }

    /// Checks a name and drops its `.` parts.
    fn name(&self, name: &[u8]) -> Result<String, StoreError> {
        if name.len() > NAME_LIMIT {
            return Err(StoreError::TooLarge {
                what: format!("{}: a name", self.place),
                limit: format!("{NAME_LIMIT} bytes"),
            });
        }
        let text = str::from_utf8(name).map_err(|_| self.malformed("a name is not UTF-8"))?;
        if text.starts_with('/') || text.contains(['\\', '\0']) || text.split('/').any(|part| part == "..") {
            return Err(self.malformed(&format!("the name {text:?} leaves the archive")));
        }
        let parts: Vec<&str> = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        Ok(parts.join("/"))
    }

    /// Reads `path` and `size` of a pax header (POSIX.1-2001, pax §extended header).
    fn pax(&self, body: &[u8], extension: &mut Extension) -> Result<(), StoreError> {
        for record in tar::PaxExtensions::new(body) {
            let record = record.map_err(|_| self.malformed("an extended header has a bad record"))?;
            match record.key_bytes() {
                b"path" => extension.name = Some(record.value_bytes().to_vec()),
                b"size" => {
                    let size = record.value().ok().and_then(|text| text.parse().ok());
                    extension.size = Some(size.ok_or_else(|| self.malformed("an extended header has a bad size"))?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The bytes of the header at the current position.
    fn block(&mut self) -> Result<Bytes, StoreError> {
        let in_window = |scan: &Self| {
            let start = usize::try_from(scan.position.checked_sub(scan.window_start)?).ok()?;
            let end = start.checked_add(HEADER)?;
            (end <= scan.window.len()).then(|| scan.window.slice(start..end))
        };
        if let Some(block) = in_window(self) {
            return Ok(block);
        }
        self.window = self.read(self.position, WINDOW.min(self.length - self.position))?;
        self.window_start = self.position;
        Ok(self.window.slice(..HEADER))
    }

    fn small(&self, size: u64) -> Result<Bytes, StoreError> {
        if size > EXTENSION_LIMIT {
            return Err(StoreError::TooLarge {
                what: format!("{}: an extended header", self.place),
                limit: format!("{EXTENSION_LIMIT} bytes"),
            });
        }
        self.read(self.position, size)
    }

    /// Goes past content of `size` bytes and what fills its last block; never past the archive's end.
    fn skip(&mut self, size: u64) -> Result<(), StoreError> {
        self.position = size
            .checked_next_multiple_of(BLOCK)
            .and_then(|padded| self.position.checked_add(padded))
            .filter(|&end| end <= self.length)
            .ok_or_else(|| self.malformed("it is cut short"))?;
        Ok(())
    }

    fn read(&self, offset: u64, size: u64) -> Result<Bytes, StoreError> {
        if offset.checked_add(size).is_none_or(|end| end > self.length) {
            return Err(self.malformed("it is cut short"));
        }
        Section::new(self.file.clone(), offset, size, self.place.clone()).read(usize::MAX)
    }

    fn malformed(&self, reason: &str) -> StoreError {
        StoreError::Malformed {
            what: self.place.clone(),
            reason: reason.to_owned(),
        }
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(bytes)
}

/// The size of a header and the unit of content.
const BLOCK: u64 = 512;
const HEADER: usize = 512;

/// How much is read at a time.
const WINDOW: u64 = 32 * 1024;

/// Where a header has its checksum.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const SPACES: u32 = 8 * 0x20;

/// The most entries an archive may have.
const ENTRY_LIMIT: usize = 100_000;

/// The most bytes a name may have.
const NAME_LIMIT: usize = 4096;

/// The most bytes an extended header may have.
const EXTENSION_LIMIT: u64 = 64 * 1024;
