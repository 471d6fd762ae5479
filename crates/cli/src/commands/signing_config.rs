//! `signing-config`: files that say which services to sign with.

mod create;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "signing-config",
    "Makes files that say which services signatures are made with",
    &[Entry::of::<create::Create>()],
);
