//! `dockerfile`: the images that a build takes its content from.

mod verify;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "dockerfile",
    "Verifies the images that a Dockerfile names",
    &[Entry::of::<verify::Verify>()],
);
