//! `upload`: files become artifacts of a registry.

mod blob;
mod wasm;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "upload",
    "Stores files in a registry",
    &[Entry::of::<blob::Blob>(), Entry::of::<wasm::WasmFile>()],
);
