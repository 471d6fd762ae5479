//! Doors for the fuzz target of arguments, which come from scripts, variables and files of others.

use std::time::Duration;

use countersign::key_reference::KeyReference;

use crate::args::annotations::pairs;
use crate::args::attachment;
use crate::args::duration::TimeLimit;
use crate::args::pinned::PlatformPattern;
use crate::args::source;

/// Reads a duration as Go spells it; none where it is none, or without end.
pub fn duration(text: &str) -> Option<Duration> {
    text.parse::<TimeLimit>().ok()?.limit()
}

/// Reads a size with its unit.
pub fn size(text: &str) -> Option<u64> {
    attachment::bytes(text)
}

/// Reads annotations, and gives their keys.
pub fn annotations(text: &str) -> Option<Vec<String>> {
    Some(pairs(&[text.to_owned()]).ok()?.into_keys().collect())
}

/// Reads a text as what names a platform, a local image and a key.
pub fn names(text: &str) {
    let _ = text.parse::<PlatformPattern>();
    let _ = text.parse::<KeyReference>();
    if let Some((_, path, _)) = source::split(text) {
        assert!(text.contains(path), "a path is a part of its argument");
    }
}
