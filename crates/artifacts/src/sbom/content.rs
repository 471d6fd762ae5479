//! The content of a file that is read in any order: in memory while it is small, else on the disk.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The content of a file.
pub(super) enum Content {
    /// In memory.
    Memory(Vec<u8>),
    /// On the disk, so many bytes of it.
    Disk(File, u64),
}

impl Content {
    /// Keeps the `size` bytes that `reader` gives.
    pub(super) fn keep(reader: &mut dyn Read, size: u64) -> io::Result<Self> {
        if size > MEMORY {
            let mut file = tempfile::tempfile()?;
            let copied = io::copy(&mut reader.take(size), &mut file)?;
            return if copied == size {
                Ok(Self::Disk(file, size))
            } else {
                Err(cut_short())
            };
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        reader.take(size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == size {
            Ok(Self::Memory(bytes))
        } else {
            Err(cut_short())
        }
    }

    /// How many bytes there are.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(_, size) => *size,
        }
    }

    /// The `length` bytes from `offset` on, all of them.
    pub(super) fn at(&self, offset: u64, length: u64) -> io::Result<Cow<'_, [u8]>> {
        let end = offset.checked_add(length).filter(|end| *end <= self.size());
        let (Some(_), Ok(start), Ok(count)) = (end, usize::try_from(offset), usize::try_from(length)) else {
            return Err(cut_short());
        };
        match self {
            Self::Memory(bytes) => bytes
                .get(start..start.saturating_add(count))
                .map(Cow::Borrowed)
                .ok_or_else(cut_short),
            Self::Disk(file, _) => {
                let mut buffer = vec![0; count];
                let mut file = file;
                file.seek(SeekFrom::Start(offset))?;
                file.read_exact(&mut buffer)?;
                Ok(Cow::Owned(buffer))
            }
        }
    }

    /// As many of the `length` bytes from `offset` on as there are.
    pub(super) fn up_to(&self, offset: u64, length: u64) -> io::Result<Cow<'_, [u8]>> {
        let left = self.size().saturating_sub(offset);
        self.at(offset.min(self.size()), length.min(left))
    }
}

/// A part of a content, read from its start to its end.
pub(super) struct Part<'a> {
    content: &'a Content,
    position: u64,
    end: u64,
}

impl<'a> Part<'a> {
    /// The `length` bytes from `offset` on.
    pub(super) fn of(content: &'a Content, offset: u64, length: u64) -> Self {
        Self {
            content,
            position: offset,
            end: offset.saturating_add(length).min(content.size()),
        }
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.end.saturating_sub(self.position).min(buffer.len() as u64);
        let bytes = self.content.at(self.position, most)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.position += most;
        Ok(bytes.len())
    }
}

fn cut_short() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

/// The most bytes that are kept in memory: most programs and archives are smaller.
const MEMORY: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Content, MEMORY, Part};

    #[test]
    fn what_is_in_memory_and_on_the_disk_reads_the_same() {
        let bytes: Vec<u8> = (0..=255).cycle().take(MEMORY as usize + 10).collect();
        let disk = Content::keep(&mut &bytes[..], bytes.len() as u64).expect("it can be kept");
        let memory = Content::Memory(bytes.clone());
        assert!(matches!(disk, Content::Disk(..)));
        for content in [&memory, &disk] {
            assert_eq!(content.size(), bytes.len() as u64);
            assert_eq!(*content.at(300, 4).expect("it is there"), bytes[300..304]);
            assert_eq!(content.up_to(MEMORY + 8, 50).expect("it is there").len(), 2);
            assert_eq!(
                content.at(MEMORY + 8, 3).expect_err("it ends before").kind(),
                std::io::ErrorKind::UnexpectedEof
            );
            assert_eq!(
                content.at(u64::MAX, 2).expect_err("it ends before").kind(),
                std::io::ErrorKind::UnexpectedEof
            );
            let mut part = Vec::new();
            Part::of(content, 10, 5).read_to_end(&mut part).expect("it is there");
            assert_eq!(part, bytes[10..15]);
        }
    }

    #[test]
    fn content_that_ends_early_is_an_error() {
        for size in [4, MEMORY + 1] {
            let kept = Content::keep(&mut &b"abc"[..], size);
            assert_eq!(
                kept.err().map(|error| error.kind()),
                Some(std::io::ErrorKind::UnexpectedEof)
            );
        }
    }
}
