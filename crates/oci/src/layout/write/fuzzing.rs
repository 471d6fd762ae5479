//! The door for the fuzz target of `index.json`.

use super::index::Editor;
use crate::error::StoreError;
use crate::layout::contents::Index;
use crate::manifest::Descriptor;
use crate::reference::Reference;
use crate::store::Condition;

/// Reads an `index.json`, looks a tag up, and points it at `entry`.
pub fn retagged(bytes: &[u8], reference: &Reference, tag: &str, entry: Descriptor) -> Result<String, StoreError> {
    let mut editor = Editor::parse(bytes, "layout")?;
    editor.tag(reference, tag, &entry, &Condition::Always)?;
    editor.to_json()
}

/// Finds a tag in an `index.json`, and says how many entries there are.
pub fn found(bytes: &[u8], reference: &Reference, tag: &str) -> Result<(Option<Descriptor>, usize), StoreError> {
    let index = Index::parse(bytes, "layout")?;
    Ok((index.find(reference, tag)?.cloned(), index.entries().len()))
}
