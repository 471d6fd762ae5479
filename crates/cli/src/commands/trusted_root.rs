//! `trusted-root`: files that say whom to believe.

mod create;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "trusted-root",
    "Makes files that say which authorities and logs are trusted",
    &[Entry::of::<create::Create>()],
);
