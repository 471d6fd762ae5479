//! Headers of tar entries, as Go's `archive/tar` writes them (POSIX.1-1988 ustar, pax where a name does not fit).

use std::io::{self, Write};

use tar::{EntryType, Header};

/// An entry to be written.
pub(super) struct Entry<'a> {
    kind: EntryType,
    name: &'a str,
    target: &'a str,
    size: u64,
}

impl<'a> Entry<'a> {
    /// A folder; its name has no slash at the end.
    pub(super) fn folder(name: &'a str) -> Self {
        Self::of(EntryType::Directory, name, "", 0)
    }

    /// A regular file.
    pub(super) fn file(name: &'a str, size: u64) -> Self {
        Self::of(EntryType::Regular, name, "", size)
    }

    /// A symbolic link.
    pub(super) fn link(name: &'a str, target: &'a str) -> Self {
        Self::of(EntryType::Symlink, name, target, 0)
    }

    fn of(kind: EntryType, name: &'a str, target: &'a str, size: u64) -> Self {
        Self {
            kind,
            name,
            target,
            size,
        }
    }

    /// Writes the header, after an extended one where it cannot hold everything.
    pub(super) fn write(&self, writer: &mut impl Write, mode: u32, seconds: u64) -> io::Result<()> {
        let mut header = blank(self.kind, mode, seconds);
        header.set_device_major(0)?;
        header.set_device_minor(0)?;
        let is_plain = self.name.is_ascii() && fits(self.target) && self.size <= OCTAL_LIMIT;
        if !(is_plain && place_name(&mut header, self.name)) {
            self.extend(writer)?;
            put(&mut header, NAME, &ascii(self.name));
        }
        put(&mut header, LINK, &ascii(self.target));
        header.set_size(if self.size <= OCTAL_LIMIT { self.size } else { 0 });
        writer.write_all(finished(header).as_bytes())
    }

    /// Writes an extended header (POSIX.1-2001, pax) with what the header cannot hold, sorted by key.
    fn extend(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut records = String::new();
        if !fits(self.target) {
            records.push_str(&record("linkpath", self.target));
        }
        if !fits(self.name) {
            records.push_str(&record("path", self.name));
        }
        if self.size > OCTAL_LIMIT {
            records.push_str(&record("size", &self.size.to_string()));
        }
        let (folder, file) = self.name.rsplit_once('/').unwrap_or(("", self.name));
        let name = match folder {
            "" => format!("PaxHeaders.0/{file}"),
            folder => format!("{folder}/PaxHeaders.0/{file}"),
        };
        let mut header = blank(EntryType::XHeader, 0, 0);
        let name = ascii(&name);
        put(
            &mut header,
            NAME,
            name[..name.len().min(NAME.len())].trim_end_matches('/'),
        );
        header.set_size(records.len() as u64);
        writer.write_all(finished(header).as_bytes())?;
        writer.write_all(records.as_bytes())?;
        writer.write_all(padding(records.len() as u64))
    }
}

/// Says whether a text can be in a field for names as it is.
fn fits(text: &str) -> bool {
    text.is_ascii() && text.len() <= NAME.len()
}

/// Leaves out what is not ASCII, for readers that do not know extended headers.
fn ascii(text: &str) -> String {
    text.chars().filter(char::is_ascii).collect()
}

fn blank(kind: EntryType, mode: u32, seconds: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header.set_mtime(seconds);
    header
}

/// Puts a name into the header, split at a slash where it is long; says whether it fits.
fn place_name(header: &mut Header, name: &str) -> bool {
    if name.len() <= NAME.len() {
        put(header, NAME, name);
        return true;
    }
    let start = name.len().min(PREFIX.len() + 1);
    let Some(slash) = name.as_bytes()[..start].iter().rposition(|&byte| byte == b'/') else {
        return false;
    };
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    if prefix.is_empty() || rest.is_empty() || rest.len() > NAME.len() || prefix.len() > PREFIX.len() {
        return false;
    }
    put(header, PREFIX, prefix);
    put(header, NAME, rest);
    true
}

/// Puts as much of a text into a field as it holds; a name cut off at a slash would look like a folder's.
fn put(header: &mut Header, field: std::ops::Range<usize>, text: &str) {
    let mut length = text.len().min(field.len());
    if length < text.len() && text.as_bytes()[length - 1] == b'/' {
        length -= 1;
    }
    header.as_mut_bytes()[field][..length].copy_from_slice(&text.as_bytes()[..length]);
}

/// Sets the checksum in Go's form: six digits, a NUL and a space.
fn finished(mut header: Header) -> Header {
    header.as_mut_bytes()[CHECKSUM].fill(b' ');
    let sum: u32 = header.as_bytes().iter().map(|&byte| u32::from(byte)).sum();
    put(&mut header, CHECKSUM, &format!("{sum:06o}\0 "));
    header
}

/// A record of an extended header: its own length, the key and the value.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

/// What fills content of this size up to whole blocks.
pub(super) fn padding(size: u64) -> &'static [u8] {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if over == 0 { &[] } else { &ZEROS[over..] }
}

/// The size of a header and the unit of content.
pub(super) const BLOCK: usize = 512;
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// The largest size that eleven octal digits hold.
const OCTAL_LIMIT: u64 = (1 << 33) - 1;

const NAME: std::ops::Range<usize> = 0..100;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const LINK: std::ops::Range<usize> = 157..257;
const PREFIX: std::ops::Range<usize> = 345..500;
