//! What every program of Go says of its modules (Go's `debug/buildinfo`).

mod version;

use super::super::package::{Found, Kind};
use super::program::Program;
use super::{ReadError, Reading};

/// Reads the modules that a program was built of, and the version of Go.
pub(super) fn read(program: &Program<'_>, into: &mut Reading) -> Result<(), ReadError> {
    let Some((go, modules)) = build_info(program)? else {
        return Ok(());
    };
    let build = Build::parse(&modules);
    for module in &build.modules {
        let version = match module.version {
            "(devel)" if module.is_main => version::of_main(module.path, &build.settings),
            version => version.to_owned(),
        };
        into.add(Kind::Go, package(module.path, &version));
    }
    let go = go.split(' ').next().unwrap_or_default();
    let number = go.trim_start_matches("go");
    if number.starts_with(|c: char| c.is_ascii_digit()) {
        let mut found = package("stdlib", go);
        found.purl_version = Some(number.to_owned());
        into.add(Kind::Go, found);
    }
    Ok(())
}

/// A module as a package URL names it: the third part of its path is the name, what follows a part of it.
fn package(path: &str, version: &str) -> Found {
    let mut found = Found::new(path, version);
    let parts: Vec<&str> = found.name.split('/').collect();
    let (namespace, name, subpath) = match parts.as_slice() {
        [host, owner, name, rest @ ..] => (format!("{host}/{owner}"), *name, rest.join("/")),
        [host, name] => ((*host).to_owned(), *name, String::new()),
        _ => (String::new(), found.name.as_str(), String::new()),
    };
    found.purl_name = Some(name.to_owned());
    (found.namespace, found.subpath) = (namespace, subpath);
    found
}

/// The version of Go and the lines on the modules.
fn build_info(program: &Program<'_>) -> Result<Option<(String, String)>, ReadError> {
    for data in program.data(&[".go.buildinfo", "__go_buildinfo"], SEARCHED)? {
        let mut places = data.chunks(ALIGNMENT).enumerate();
        let Some((at, _)) = places.find(|(_, chunk)| chunk.starts_with(MAGIC)) else {
            continue;
        };
        let header = &data[at * ALIGNMENT..];
        let (Some(width), Some(flags)) = (header.get(14), header.get(15)) else {
            continue;
        };
        let (go, modules) = if flags & INLINE != 0 {
            let rest = header.get(HEADER..).unwrap_or_default();
            let (go, rest) = inline(rest).ok_or_else(cut_short)?;
            (go.to_vec(), inline(rest).ok_or_else(cut_short)?.0.to_vec())
        } else {
            let pointers = Pointers {
                program,
                width: u64::from(*width),
                is_little: flags & BIG == 0,
            };
            let addresses = header.get(16..).unwrap_or_default();
            (pointers.text(addresses, 0)?, pointers.text(addresses, 1)?)
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        return Ok(Some((text(&go), text(unguarded(&modules)))));
    }
    Ok(None)
}

/// The text that its length stands before, and what follows it.
fn inline(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return bytes.get(at + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// The lines without the 16 bytes that guard each end.
fn unguarded(modules: &[u8]) -> &[u8] {
    match modules.len().checked_sub(GUARD + 1) {
        Some(end) if end >= GUARD && modules.get(end) == Some(&b'\n') => modules.get(GUARD..=end).unwrap_or_default(),
        _ => &[],
    }
}

/// The form before Go 1.18: addresses of texts.
struct Pointers<'a, 'p> {
    program: &'p Program<'a>,
    width: u64,
    is_little: bool,
}

impl Pointers<'_, '_> {
    /// The text that the address of this number leads to.
    fn text(&self, addresses: &[u8], number: usize) -> Result<Vec<u8>, ReadError> {
        let width = usize::try_from(self.width).unwrap_or(0);
        if width != 4 && width != 8 {
            return Err(super::malformed("addresses of Go have a wrong width"));
        }
        let address = self.number(addresses.get(number * width..).unwrap_or_default(), width);
        let header = self.program.loaded(address, 2 * self.width)?;
        let length = self.number(header.get(width..).unwrap_or_default(), width);
        if length > SEARCHED {
            return Err(ReadError::TooLarge { limit: SEARCHED });
        }
        Ok(self.program.loaded(self.number(&header, width), length)?.into_owned())
    }

    fn number(&self, bytes: &[u8], width: usize) -> u64 {
        let bytes = bytes.iter().take(width);
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.is_little {
            bytes.rev().fold(0, add)
        } else {
            bytes.fold(0, add)
        }
    }
}

/// What the lines say.
struct Build<'a> {
    modules: Vec<Module<'a>>,
    settings: Vec<(&'a str, &'a str)>,
}

struct Module<'a> {
    path: &'a str,
    version: &'a str,
    is_main: bool,
}

impl<'a> Build<'a> {
    fn parse(lines: &'a str) -> Self {
        let mut build = Self {
            modules: Vec::new(),
            settings: Vec::new(),
        };
        let mut program = "";
        for line in lines.lines() {
            let mut parts = line.split('\t');
            let (word, path, version) = (parts.next(), parts.next(), parts.next());
            match (word, path) {
                (Some("path"), Some(path)) => program = path,
                (Some("build"), Some(setting)) => build.settings.extend(setting.split_once('=')),
                (Some(word @ ("mod" | "dep")), Some(path)) => build.modules.push(Module {
                    path,
                    version: version.unwrap_or_default(),
                    is_main: word == "mod",
                }),
                // It takes the place of the module before it.
                (Some("=>"), Some(path)) => {
                    if let Some(last) = build.modules.last_mut() {
                        (last.path, last.version) = (path, version.unwrap_or_default());
                    }
                }
                _ => {}
            }
        }
        build.name_main(program);
        build
    }

    /// A program that was built of files has no main module: it is the one that has no version, or is called as the
    /// program is.
    fn name_main(&mut self, program: &'a str) {
        self.modules
            .retain(|module| !module.is_main || module.path != "command-line-arguments");
        if program.is_empty() || self.modules.iter().any(|module| module.is_main) {
            return;
        }
        let mut unversioned = self.modules.iter_mut().filter(|module| module.version == "(devel)");
        match (unversioned.next(), unversioned.next()) {
            (Some(only), None) => only.is_main = true,
            _ => self.modules.push(Module {
                path: program,
                version: "(devel)",
                is_main: true,
            }),
        }
    }
}

fn cut_short() -> ReadError {
    super::malformed("what it says of its modules is cut short")
}

/// What the information begins with, where that may be, and how long its head is.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
const HEADER: usize = 32;

/// Flags: the texts follow; the high byte of addresses comes first.
const INLINE: u8 = 2;
const BIG: u8 = 1;

/// How many bytes stand at each end of the lines.
const GUARD: usize = 16;

/// How much is searched, and the most bytes of a text.
const SEARCHED: u64 = 4 << 20;
