//! `tekton`: bundles of Tekton objects.

mod list;
mod push;

use super::Entry;

pub(super) const GROUP: Entry = Entry::group(
    "tekton",
    "Pushes Tekton objects as a bundle, and lists them",
    &[Entry::of::<list::List>(), Entry::of::<push::Push>()],
);
