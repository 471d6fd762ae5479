//! `bundle`: Sigstore bundles as files.

mod create;
mod inspect;
mod upgrade;

use countersign_core::Bundle;
use countersign_core::bundle::LIMIT;

use super::Entry;
use crate::failure::Failure;
use crate::file;
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
