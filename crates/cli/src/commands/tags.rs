//! `tags`: tags that expire (docs/tags.md).

mod believed;
mod lock;
mod names;
mod own;
mod renew;
mod set;
mod sign;
mod status;
mod verify;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "tags",
    "Signs where tags point and for how long, and refuses what is old, rolled back or mixed",
    &[
        Entry::of::<lock::Lock>(),
        Entry::of::<renew::Renew>(),
        Entry::of::<sign::Sign>(),
        Entry::of::<status::Status>(),
        Entry::of::<verify::Verify>(),
    ],
);
