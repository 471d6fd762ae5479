//! `bundle`: Sigstore bundles as files.

mod create;
mod inspect;
mod upgrade;

use countersign_core::Bundle;
use countersign_core::bundle::LIMIT;

use super::Entry;
use crate::failure::Failure;
use crate::file::{self, Existing, Mode};
use crate::session::Session;

pub(super) const GROUP: Entry = Entry::group(
    "bundle",
    "Makes, upgrades and shows Sigstore bundles",
    &[
        Entry::of::<create::Create>(),
        Entry::of::<inspect::Inspect>(),
        Entry::of::<upgrade::Upgrade>(),
    ],
);

/// Reads a bundle, and returns its bytes too.
fn read(path: &str, session: &Session<'_>) -> Result<(Vec<u8>, Bundle), Failure> {
    let bytes = file::read(session.directory(), path, LIMIT as u64)?;
    let bundle = Bundle::from_json(&bytes).map_err(|source| Failure::Bundle {
        path: path.to_owned(),
        source,
    })?;
    Ok((bytes, bundle))
}

/// Writes a bundle to a file, mode 0600, or to stdout; says whether it was a file.
fn write(json: &[u8], out: Option<&str>, session: &Session<'_>) -> Result<bool, Failure> {
    match out.filter(|path| !path.is_empty()) {
        Some(path) => {
            file::write(session.directory(), path, json, Mode::Private, Existing::Replace)?;
            Ok(true)
        }
        None => {
            session.ui().print(json)?;
            session.ui().print(b"\n")?;
            Ok(false)
        }
    }
}
