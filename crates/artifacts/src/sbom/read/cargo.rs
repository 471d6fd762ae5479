//! What `cargo auditable` writes into programs: JSON, compressed, in a section of its own.

use std::io::Read;

use flate2::read::ZlibDecoder;
use serde_json::Value;

use super::super::package::{Found, Kind};
use super::program::Program;
use super::{ReadError, Reading, malformed};

/// Reads the packages that a program was built of; those that only built it are left out.
pub(super) fn read(program: &Program<'_>, into: &mut Reading) -> Result<(), ReadError> {
    let section = program.section(&[".dep-v0", ".rust-deps-v0", "rdep-v0", "rust-deps-v0"], SECTION_LIMIT)?;
    let Some(section) = section else {
        return Ok(());
    };
    let mut json = Vec::new();
    ZlibDecoder::new(&section[..])
        .take(JSON_LIMIT + 1)
        .read_to_end(&mut json)?;
    if json.len() as u64 > JSON_LIMIT {
        return Err(ReadError::TooLarge { limit: JSON_LIMIT });
    }
    let json: Value = serde_json::from_slice(&json)?;
    let packages = json.get("packages").and_then(Value::as_array);
    for package in packages.ok_or_else(|| malformed("there is no list of packages"))? {
        let text = |member: &str| package.get(member).and_then(Value::as_str);
        let (Some(name), Some(version)) = (text("name"), text("version")) else {
            return Err(malformed("a package has no name or version"));
        };
        if text("kind").unwrap_or("runtime") == "runtime" {
            into.add(Kind::Cargo, Found::new(name, version));
        }
    }
    Ok(())
}

/// The most bytes of the section, and of what is in it.
const SECTION_LIMIT: u64 = 8 << 20;
const JSON_LIMIT: u64 = 8 << 20;
