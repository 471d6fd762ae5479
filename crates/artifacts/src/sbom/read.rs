//! Files that say which packages are there: recognised by their names, programs by their first bytes.

mod apk;
mod cargo;
mod dpkg;
mod go;
mod java;
mod npm;
mod program;
mod python;
mod release;
mod rpm;

#[cfg(fuzzing)]
pub(super) mod fuzzing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::{self, Read};

use super::content::Content;
use super::package::{Found, Kind, Release};

/// What is looked for beside what every scope has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What is installed: each package of Node has its `package.json`.
    Image,
    /// A folder of sources: packages of Node are those that the lock file names.
    Folder,
}

/// What was read of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    pub(super) packages: Vec<(Kind, Found)>,
    pub(super) release: Option<Release>,
    pub(super) gaps: Vec<(Severity, String)>,
}

impl Reading {
    fn add(&mut self, kind: Kind, found: Found) {
        if !found.name.is_empty() && self.packages.len() <= PACKAGE_LIMIT {
            self.packages.push((kind, found));
        }
    }

    /// What was read, where it is not more than any file has.
    fn checked(self) -> Self {
        if self.packages.len() <= PACKAGE_LIMIT {
            return self;
        }
        let error = ReadError::TooMany {
            what: "packages",
            limit: PACKAGE_LIMIT,
        };
        Self {
            gaps: vec![(Severity::Database, error.to_string())],
            ..Self::default()
        }
    }
}

/// What is missing where a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// All packages of a distribution: without them the list is of no use.
    Database,
    /// A package, or a few.
    File,
}

/// Says whether a file is of interest for its name, whatever is in it.
pub(super) fn is_named(path: &str, scope: Scope) -> bool {
    Format::of(path, scope).is_some()
}

/// Reads the file at `path`, which has no slash at its start; none where it is not of interest.
///
/// # Errors
/// Only what reading gives; a file that is not what it should be is a gap in what was read.
pub(super) fn file(path: &str, size: u64, content: &mut dyn Read, scope: Scope) -> io::Result<Option<Reading>> {
    let mut reading = Reading::default();
    let Some(format) = Format::of(path, scope) else {
        return program_file(size, content);
    };
    let size = match format {
        // The rest is a description.
        Format::Python => size.min(HEAD),
        _ => size,
    };
    let read = match size > format.limit() {
        true => Err(ReadError::TooLarge { limit: format.limit() }),
        false => format.read(path, &Content::keep(content, size)?, &mut reading),
    };
    if let Err(error) = read {
        reading.gaps.push((format.severity(), error.to_string()));
    }
    Ok(Some(reading.checked()))
}

/// Reads a file that may be a program.
fn program_file(size: u64, content: &mut dyn Read) -> io::Result<Option<Reading>> {
    let mut head = [0; 4];
    if size < PROGRAM {
        return Ok(None);
    }
    content.read_exact(&mut head)?;
    if !program::begins_one(head) {
        return Ok(None);
    }
    let content = Content::keep(&mut (&head[..]).chain(content), size)?;
    let mut reading = Reading::default();
    // What only looks like a program is none, so nothing is missing.
    for program in program::all(&content).unwrap_or_default() {
        for read in [cargo::read(&program, &mut reading), go::read(&program, &mut reading)] {
            if let Err(error) = read {
                reading.gaps.push((Severity::File, error.to_string()));
            }
        }
    }
    Ok(Some(reading.checked()).filter(|reading| !reading.packages.is_empty() || !reading.gaps.is_empty()))
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Apk,
    Dpkg,
    Java,
    Npm,
    NpmLock,
    Python,
    Release,
    Rpm(rpm::Database),
}

impl Format {
    /// The form that files of this name have.
    fn of(path: &str, scope: Scope) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_in = |end: &str| folder == end || folder.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'));
        match name {
            "installed" if is_in("lib/apk/db") => Some(Self::Apk),
            "status" if is_in("lib/dpkg") => Some(Self::Dpkg),
            _ if is_in("lib/dpkg/status.d") && !name.ends_with(".md5sums") => Some(Self::Dpkg),
            "package.json" if scope == Scope::Image => Some(Self::Npm),
            "package-lock.json" if scope == Scope::Folder && !path.split('/').any(|part| part == "node_modules") => {
                Some(Self::NpmLock)
            }
            "METADATA" if folder.ends_with("dist-info") || folder.ends_with("DIST-INFO") => Some(Self::Python),
            "PKG-INFO" if folder.ends_with("egg-info") || folder.ends_with("EGG-INFO") => Some(Self::Python),
            "os-release" => Some(Self::Release),
            _ if name.ends_with(".egg-info") => Some(Self::Python),
            _ if java::is_archive(name) => Some(Self::Java),
            _ if RPM.iter().any(|end| is_in(end)) => rpm::Database::of(name).map(Self::Rpm),
            _ => None,
        }
    }

    fn read(self, path: &str, content: &Content, into: &mut Reading) -> Result<(), ReadError> {
        match self {
            Self::Apk => apk::read(&text(content)?, into),
            Self::Dpkg => dpkg::read(&text(content)?, into),
            Self::Java => java::read(path, content, into)?,
            Self::Npm => npm::read(&content.at(0, content.size())?, into)?,
            Self::NpmLock => npm::read_lock(&content.at(0, content.size())?, into)?,
            Self::Python => python::read(&text(content)?, into),
            Self::Release => into.release = release::parse(&text(content)?),
            Self::Rpm(database) => rpm::read(database, content, into)?,
        }
        Ok(())
    }

    fn severity(self) -> Severity {
        match self {
            Self::Apk | Self::Dpkg | Self::Rpm(_) => Severity::Database,
            _ => Severity::File,
        }
    }

    /// The most bytes that a file of this form may have.
    fn limit(self) -> u64 {
        match self {
            // Read in place, from the disk where it is large.
            Self::Java => 4 << 30,
            Self::Rpm(_) => 1 << 30,
            Self::Apk | Self::Dpkg => 128 << 20,
            Self::NpmLock => 32 << 20,
            Self::Npm => 8 << 20,
            Self::Python | Self::Release => 1 << 20,
        }
    }
}

fn text(content: &Content) -> io::Result<String> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(match content.at(0, content.size())? {
        Cow::Borrowed(bytes) => lossy(bytes),
        Cow::Owned(bytes) => String::from_utf8(bytes).unwrap_or_else(|error| lossy(error.as_bytes())),
    })
}

/// The fields of one paragraph, with the lines that continue them (deb822(5); core metadata of Python).
fn fields(paragraph: &str) -> impl Iterator<Item = (&str, &str)> {
    paragraph
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It has more than is read of such files.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// It has more parts than are read.
    #[error("it has more than {limit} {what}")]
    TooMany {
        /// What it has too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It is not what it should be.
    #[error("it is malformed: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// It is of a form that is not read.
    #[error("{what} cannot be read")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// It is not JSON of the right form.
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It ends early, or the disk does not give it.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

fn malformed(what: &'static str) -> ReadError {
    ReadError::Malformed { what }
}

/// Where RPM keeps its database: usually, where a system is built of trees, and where it is read-only.
const RPM: [&str; 3] = ["var/lib/rpm", "usr/share/rpm", "usr/lib/sysimage/rpm"];

/// The most packages that one file may name: no distribution has as many.
const PACKAGE_LIMIT: usize = 200_000;

/// How much is read of what has the fields at its start.
const HEAD: u64 = 256 << 10;

/// How long the shortest program is.
const PROGRAM: u64 = 64;
