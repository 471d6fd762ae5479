//! The binary format: numbers, names and sections (core specification §5.1 to §5.3).

/// Bytes that are read from front to back.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Where in the file the bytes begin.
    start: usize,
}

/// What a preamble announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    Component,
}

impl<'a> Reader<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0 }
    }

    /// The place in the file.
    pub(super) fn offset(&self) -> usize {
        self.start
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn wrong<T>(&self, reason: Reason) -> Result<T, WasmError> {
        Err(WasmError {
            offset: self.start,
            reason,
        })
    }

    /// Takes the next bytes as a reader of their own.
    pub(super) fn part(&mut self, length: usize) -> Result<Self, WasmError> {
        let Some((bytes, rest)) = self.bytes.split_at_checked(length) else {
            return self.wrong(Reason::Short {
                expected: length,
                found: self.bytes.len(),
            });
        };
        let part = Reader {
            bytes,
            start: self.start,
        };
        self.bytes = rest;
        self.start += length;
        Ok(part)
    }

    pub(super) fn byte(&mut self) -> Result<u8, WasmError> {
        match self.part(1)?.bytes {
            [byte] => Ok(*byte),
            _ => self.wrong(Reason::Number),
        }
    }

    /// An unsigned number of 32 bits in LEB128 (§5.2.2): five bytes at most, and no bit beyond the 32nd.
    pub(super) fn number(&mut self) -> Result<u32, WasmError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            if shift == 28 && byte > 0x0f {
                return self.wrong(Reason::Number);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.wrong(Reason::Number)
    }

    /// A signed number of 33 bits, of which only the end is looked for.
    pub(super) fn skip_signed(&mut self) -> Result<(), WasmError> {
        for _ in 0..5 {
            if self.byte()? < 0x80 {
                return Ok(());
            }
        }
        self.wrong(Reason::Number)
    }

    /// A size, and what has it.
    pub(super) fn sized(&mut self) -> Result<Self, WasmError> {
        let length = self.number()?;
        self.part(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// A name (§5.2.4).
    pub(super) fn name(&mut self) -> Result<&'a str, WasmError> {
        let name = self.sized()?;
        if name.bytes.len() > NAME_LIMIT {
            return name.wrong(Reason::LongName {
                found: name.bytes.len(),
            });
        }
        match std::str::from_utf8(name.bytes) {
            Ok(text) => Ok(text),
            Err(_) => name.wrong(Reason::NotText),
        }
    }

    /// The number of things in a list; each has a byte at least.
    pub(super) fn count(&mut self) -> Result<u32, WasmError> {
        let count = self.number()?;
        if usize::try_from(count).unwrap_or(usize::MAX) > self.bytes.len() {
            return self.wrong(Reason::Count {
                found: count,
                bytes: self.bytes.len(),
            });
        }
        Ok(count)
    }

    /// Checks that nothing is left.
    pub(super) fn end(&self) -> Result<(), WasmError> {
        match self.bytes.len() {
            0 => Ok(()),
            left => self.wrong(Reason::Left { found: left }),
        }
    }

    /// The next section: its number and its content; none at the end.
    pub(super) fn section(&mut self) -> Result<Option<(u8, Self)>, WasmError> {
        if self.is_empty() {
            return Ok(None);
        }
        let id = self.byte()?;
        let mut content = self.sized()?;
        if id == CUSTOM {
            content.name()?;
        }
        Ok(Some((id, content)))
    }
}

/// Reads the first eight bytes: the magic number, the version, and which of the two formats it is.
pub(super) fn preamble(reader: &mut Reader<'_>) -> Result<Kind, WasmError> {
    if !reader.bytes.starts_with(b"\0asm") {
        let found = reader.bytes.get(..4).unwrap_or(reader.bytes).to_vec();
        return reader.wrong(Reason::Magic { found });
    }
    let head = reader.part(8)?;
    match &head.bytes[4..] {
        [1, 0, 0, 0] => Ok(Kind::Module),
        [0x0d, 0, 1, 0] => Ok(Kind::Component),
        other => head.wrong(Reason::Version { found: other.to_vec() }),
    }
}

/// Why bytes are no WebAssembly, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {reason}")]
pub struct WasmError {
    /// The place in the file.
    pub offset: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with bytes that should be WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file begins otherwise.
    #[error("the file begins with {found:02x?}, expected [00, 61, 73, 6d]")]
    Magic {
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// The version is none that is known.
    #[error("the version is {found:02x?}, expected [01, 00, 00, 00] of modules or [0d, 00, 01, 00] of components")]
    Version {
        /// The version's bytes.
        found: Vec<u8>,
    },
    /// Something is cut off, or claims to be larger than what is around it.
    #[error("{expected} bytes are announced, {found} are there")]
    Short {
        /// The size announced.
        expected: usize,
        /// What is left.
        found: usize,
    },
    /// A number is longer than its kind.
    #[error("a number does not end where it must")]
    Number,
    /// A name is no text.
    #[error("a name is not UTF-8")]
    NotText,
    /// A name is longer than loaders take.
    #[error("a name has {found} bytes, the limit is {NAME_LIMIT}")]
    LongName {
        /// Its length.
        found: usize,
    },
    /// A list is longer than its bytes.
    #[error("a list of {found} in {bytes} bytes")]
    Count {
        /// The number announced.
        found: u32,
        /// The bytes there are.
        bytes: usize,
    },
    /// Bytes are left where something should end.
    #[error("{found} bytes are left at the end")]
    Left {
        /// How many.
        found: usize,
    },
    /// There is no such section.
    #[error("a section of the unknown kind {found}")]
    Section {
        /// Its number.
        found: u8,
    },
    /// A section is there twice, or after one that it must precede.
    #[error("the section of kind {found} is twice there or after one that it comes before")]
    Order {
        /// Its number.
        found: u8,
    },
    /// Something has a kind that is not known.
    #[error("{what} of the unknown kind {found:#04x}")]
    Kind {
        /// What it is.
        what: &'static str,
        /// Its number.
        found: u8,
    },
    /// Two things that belong together are not equally many.
    #[error("{found} bodies of functions, expected {expected}")]
    Bodies {
        /// The functions declared.
        expected: u32,
        /// The bodies there are.
        found: u32,
    },
    /// The data announced is not the data there is.
    #[error("{found} segments of data, expected {expected}")]
    Segments {
        /// The number announced.
        expected: u32,
        /// The number there is.
        found: u32,
    },
    /// A name is there twice.
    #[error("the name {found:?} is there twice")]
    Twice {
        /// The name.
        found: String,
    },
    /// Components are in components, deeper than is read.
    #[error("components are nested deeper than {limit}")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// A component where a module must be, or the other way round.
    #[error("a {found} where a {expected} must be")]
    Nested {
        /// What must be there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// There are more names than are read.
    #[error("more than {limit} names")]
    Names {
        /// The limit.
        limit: usize,
    },
}

/// The section for whatever its name says (§5.5.3).
pub(super) const CUSTOM: u8 = 0;

/// The longest name, in bytes, as engines have it.
const NAME_LIMIT: usize = 100_000;
