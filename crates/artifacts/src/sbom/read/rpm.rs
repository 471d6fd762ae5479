//! RPM's database: one header for each package, in a database of SQLite or RPM's own.

mod header;
mod ndb;
mod sqlite;

use super::super::content::Content;
use super::super::package::{Found, Kind, clean};
use super::{ReadError, Reading, malformed};
use header::Header;

/// The form of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    /// Berkeley DB, which RPM wrote until 4.16 and does not any more.
    Berkeley,
    /// RPM's own, SUSE's choice.
    Own,
    /// SQLite, Fedora's and Red Hat's choice.
    Sqlite,
    /// What SQLite has not moved into its file yet.
    SqliteLog,
}

impl Database {
    /// The database that a file of this name in RPM's folder is.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "Packages" => Some(Self::Berkeley),
            "Packages.db" => Some(Self::Own),
            "rpmdb.sqlite" => Some(Self::Sqlite),
            "rpmdb.sqlite-wal" => Some(Self::SqliteLog),
            _ => None,
        }
    }
}

/// Reads the packages of a database.
pub(super) fn read(database: Database, content: &Content, into: &mut Reading) -> Result<(), ReadError> {
    let mut add = |blob: &[u8]| -> Result<(), ReadError> {
        let found = package(&Header::parse(blob)?);
        // Keys that signed packages are listed as packages.
        if found.name != "gpg-pubkey" {
            into.add(Kind::Rpm, found);
        }
        Ok(())
    };
    match database {
        Database::Berkeley => Err(ReadError::Unsupported {
            what: "an RPM database in the form of Berkeley DB, which RPM before 4.16 wrote,",
        }),
        Database::Own => ndb::each_package(content, &mut add),
        Database::Sqlite => sqlite::each_blob(content, "Packages", &mut add),
        Database::SqliteLog if content.size() > 0 => {
            Err(malformed("it holds packages that are not in the database yet"))
        }
        Database::SqliteLog => Ok(()),
    }
}

fn package(header: &Header<'_>) -> Found {
    let text = |tag: u32| clean(&header.text(tag).unwrap_or_default());
    let version = format!("{}-{}", text(VERSION), text(RELEASE));
    let epoch = header.number(EPOCH);
    let mut found = Found::new(&text(NAME), &version);
    found.purl_version = Some(version.clone());
    if let Some(epoch) = epoch {
        found.version = format!("{epoch}:{version}");
        found.qualifiers.push(("epoch", epoch.to_string()));
    }
    found.qualifiers.push(("arch", text(ARCHITECTURE)));
    found.qualifiers.push(("upstream", text(SOURCE)));
    found.licence = Some(text(LICENCE)).filter(|licence| !licence.is_empty());
    found
}

/// Tags of headers (`rpmtag.h`).
const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const LICENCE: u32 = 1014;
const ARCHITECTURE: u32 = 1022;
const SOURCE: u32 = 1044;

/// The most bytes of a header: it lists all files of a package.
const HEADER_LIMIT: u64 = 64 << 20;

/// The most packages.
const PACKAGE_LIMIT: usize = 200_000;
